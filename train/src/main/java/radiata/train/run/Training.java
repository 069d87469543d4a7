package radiata.train.run;

import java.io.IOException;
import java.util.Optional;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.train.config.ImageSection;
import radiata.train.config.TextSection;
import radiata.train.config.TrainConfig;
import radiata.train.engine.Device;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Torch;

/// Trains an adapter as a config says.
public final class Training {
  private Training() {}

  /// Trains from the first step to the last.
  ///
  /// @param resume whether to go on from the state that an earlier run left
  /// @param date what the outputs say of when; without it nothing tells a time
  /// @throws TrainingException if the run cannot go on; what was learned until then is kept
  /// @throws radiata.train.nn.NetworkException if the model is not one that is trained
  /// @throws radiata.train.data.DataException if there is something wrong with the pictures
  /// @throws radiata.train.text.TextException if there is something wrong with the text
  public static void run(
      TrainConfig config, boolean resume, Optional<String> date, RunListener listener)
      throws IOException {
    Torch torch = Torch.on(device(config));
    if (config.model().threads() > 0) {
      Torch.threads(config.model().threads());
    }
    config.notes().forEach(listener::note);
    try (Checkpoint base = Checkpoint.open(config.model().path(), Limits.DEFAULT);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Room.require(config, base);
      try (Task task =
          switch (config.data()) {
            case ImageSection images -> DiffusionSetup.task(config, images, base, torch, listener);
            case TextSection text -> LanguageSetup.task(config, text, base, torch);
          }) {
        RunOutputs outputs =
            new RunOutputs(
                config.output(),
                Origins.provenance(config, base),
                Origins.identity(config, base, task),
                date);
        new TrainingRun(config, task, torch, outputs, listener).run(resume);
      }
    } catch (RuntimeException e) {
      throw Torch.explained(e);
    }
  }

  private static Device device(TrainConfig config) {
    String name = config.model().device();
    return name.equals("auto") ? Devices.best() : Device.named(name);
  }
}
