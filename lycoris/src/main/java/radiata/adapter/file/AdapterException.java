package radiata.adapter.file;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An adapter file that cannot be used: what it is instead, or which tensor is wrong and how.
public final class AdapterException extends RuntimeException {
  private static final int LONGEST = 2000;

  /// Line breaks, terminal escapes, invisible characters: names in files may hold any.
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]");

  private final Path file;
  private final @Nullable String tensor;

  public AdapterException(Path file, @Nullable String tensor, String what) {
    super(oneLine(what));
    this.file = file;
    this.tensor = tensor;
  }

  private static String oneLine(String what) {
    String kept = what.length() > LONGEST ? what.substring(0, LONGEST) + "..." : what;
    return UNPRINTABLE.matcher(kept).replaceAll("?");
  }

  public Path file() {
    return file;
  }

  public @Nullable String tensor() {
    return tensor;
  }
}
