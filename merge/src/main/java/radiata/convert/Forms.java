package radiata.convert;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import radiata.names.Dialect;

/// What a conversion may be to, by the names that users write: dialects of adapters and layouts of
/// checkpoints. `diffusers` is both.
public final class Forms {
  private static final List<String> LAYOUTS =
      Arrays.stream(TargetLayout.values())
          .filter(layout -> layout != TargetLayout.KEEP)
          .map(layout -> layout.name().toLowerCase(Locale.ROOT))
          .toList();
  private static final List<String> DIALECTS =
      Arrays.stream(Dialect.values())
          .filter(dialect -> dialect != Dialect.UNKNOWN)
          .map(Dialect::id)
          .toList();

  private Forms() {}

  public static List<String> dialects() {
    return DIALECTS;
  }

  public static List<String> layouts() {
    return LAYOUTS;
  }

  /// Both, each once.
  public static List<String> all() {
    return Stream.concat(DIALECTS.stream(), LAYOUTS.stream()).distinct().toList();
  }

  /// Whether no checkpoint has it: an adapter is meant then, even where the file is a broken one.
  public static boolean onlyOfAdapters(String name) {
    return DIALECTS.contains(name) && !LAYOUTS.contains(name);
  }

  /// The dialect of that name.
  public static Optional<Dialect> dialect(String name) {
    return Arrays.stream(Dialect.values())
        .filter(dialect -> dialect != Dialect.UNKNOWN && dialect.id().equals(name))
        .findFirst();
  }

  /// The layout of that name.
  public static Optional<TargetLayout> layout(String name) {
    return LAYOUTS.contains(name)
        ? Optional.of(TargetLayout.valueOf(name.toUpperCase(Locale.ROOT)))
        : Optional.empty();
  }
}
