package radiata.train.engine;

import ai.djl.util.cuda.CudaUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// On what training will run, and why there.
///
/// @param toolkit whether the CUDA runtime, by which GPUs are counted, is installed
/// @param driver whether a driver of NVIDIA is
/// @param gpus that the CUDA runtime counts
public record Outlook(Libraries libraries, boolean toolkit, boolean driver, int gpus) {
  /// Of this machine. libtorch is neither loaded nor unpacked.
  public static Outlook here() throws IOException {
    return new Outlook(Libraries.found(), CudaUtils.hasCuda(), driven(), CudaUtils.getGpuCount());
  }

  private static boolean driven() {
    String windows = System.getenv("SystemRoot");
    return Files.exists(Path.of("/proc/driver/nvidia/version"))
        || (windows != null && Files.exists(Path.of(windows, "System32", "nvcuda.dll")));
  }

  /// What `device = "auto"` takes.
  public Device device() {
    return libraries.cuda() && gpus > 0 ? new Device(0) : Device.CPU;
  }

  /// Why this device, in one sentence.
  public String because() {
    if (libraries.trouble().isPresent()) {
      return "training cannot start: libtorch will not load";
    }
    if (device().isGpu()) {
      return "the first of %d; device = \"cpu\" or \"cuda:1\" in a config takes another"
          .formatted(gpus);
    }
    if (!libraries.cuda()) {
      return gpus > 0 || driver
          ? "there is a GPU, but this libtorch is built without CUDA"
          : "this libtorch is built without CUDA, and no GPU is to be seen";
    }
    if (driver && !toolkit) {
      return "there is a driver but no CUDA toolkit, whose libcudart counts the GPUs;"
          + " device = \"cuda\" in a config goes without counting";
    }
    return driver
        ? "the CUDA runtime counts no GPU"
        : "libtorch could use a GPU, but there is no driver of NVIDIA";
  }
}
