package radiata.train.engine;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where tensors live and are computed: the processor, or one GPU.
///
/// @param gpu the number of the GPU; -1 for the processor
public record Device(int gpu) {
  public static final Device CPU = new Device(-1);

  private static final Pattern SPELLING = Pattern.compile("cuda(?::(\\d{1,3}))?");

  /// The device that users write as `cpu`, `cuda` or `cuda:1`.
  ///
  /// @throws IllegalArgumentException if it is none of these
  public static Device named(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.equals("cpu")) {
      return CPU;
    }
    Matcher matcher = SPELLING.matcher(lower);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "no device \"%s\"; write cpu, cuda or cuda:N".formatted(name));
    }
    return new Device(matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1)));
  }

  public boolean isGpu() {
    return gpu >= 0;
  }

  /// As libtorch counts: the kind of device, and its number.
  int[] code() {
    return isGpu() ? new int[] {1, gpu} : new int[] {0, -1};
  }

  @Override
  public String toString() {
    return isGpu() ? "cuda:" + gpu : "cpu";
  }
}
