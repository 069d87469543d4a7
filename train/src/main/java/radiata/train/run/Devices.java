package radiata.train.run;

import radiata.train.engine.Device;
import radiata.train.engine.Torch;

/// Which device a run takes where its config leaves it open.
final class Devices {
  private Devices() {}

  static Device best() {
    return Torch.gpus() > 0 ? new Device(0) : Device.CPU;
  }
}
