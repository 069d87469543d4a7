package radiata.safetensors.torch;

import java.nio.file.Path;
import java.util.regex.Pattern;

/// What the files of a model are called once their torch files have become safetensors: as
/// transformers and diffusers name them.
public final class TorchNames {
  private static final Pattern TORCH = Pattern.compile("\\.(bin|pt|pth|ckpt)(?=$|\\.)");

  private TorchNames() {}

  /// Whether a name says that a file is a torch file.
  public static boolean isTorch(Path file) {
    return name(file).matches(".*\\.(bin|pt|pth|ckpt)");
  }

  /// `pytorch_model-00001-of-00002.bin` becomes `model-00001-of-00002.safetensors`, its index
  /// `model.safetensors.index.json`, `unet/diffusion_pytorch_model.bin` keeps its stem; other names
  /// stay as they are.
  public static Path safetensors(Path file) {
    String name = name(file);
    boolean index = name.endsWith(".json") && name.contains(".bin.");
    if (!isTorch(file) && !index) {
      return file;
    }
    String stem = name.startsWith("pytorch_model") ? name.substring("pytorch_".length()) : name;
    return file.resolveSibling(TORCH.matcher(stem).replaceFirst(".safetensors"));
  }

  /// The last part of [#safetensors].
  public static String fileName(Path file) {
    return name(safetensors(file));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }
}
