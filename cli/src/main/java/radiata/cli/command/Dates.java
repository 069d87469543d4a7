package radiata.cli.command;

import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;

/// Dates that users give.
final class Dates {
  private Dates() {}

  /// A date, with or without a time, as ISO 8601 writes it.
  static String checked(String text) {
    try {
      TemporalAccessor _ =
          DateTimeFormatter.ofPattern("uuuu-MM-dd['T'HH:mm[:ss][XXX]]", Locale.ROOT)
              .withResolverStyle(ResolverStyle.STRICT)
              .parse(text);
      return text;
    } catch (DateTimeParseException e) {
      throw new UsageException(
          "--date: '%s' is no date; write it like 2026-05-12 or 2026-05-12T10:00:00Z"
              .formatted(text));
    }
  }
}
