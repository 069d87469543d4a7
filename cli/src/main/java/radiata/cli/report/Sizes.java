package radiata.cli.report;

import java.util.Locale;

/// Quantities in the units people read.
public final class Sizes {
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final String[] DECIMAL = {"", " K", " M", " B", " T"};

  private Sizes() {}

  /// Bytes with three significant digits: `27.4 MiB`.
  public static String bytes(long bytes) {
    return scaled(bytes, 1024, BINARY, " ");
  }

  /// A count as model sizes are told: `859 M`.
  public static String count(long count) {
    return scaled(count, 1000, DECIMAL, "");
  }

  /// Seconds as `9 s`, `3:05` or `2:03:04`.
  public static String duration(long seconds) {
    if (seconds < 60) {
      return seconds + " s";
    }
    return seconds < 3600
        ? "%d:%02d".formatted(seconds / 60, seconds % 60)
        : "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  /// `1 tensor`, `2 tensors`.
  public static String plural(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  private static String scaled(long amount, int step, String[] units, String space) {
    double value = amount;
    int unit = 0;
    while (value >= step - 0.5 && unit < units.length - 1) {
      value /= step;
      unit++;
    }
    String digits =
        unit == 0
            ? Long.toString(amount)
            : String.format(
                Locale.ROOT, value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
    return digits + space + units[unit];
  }
}
