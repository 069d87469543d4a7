package radiata.cli.command;

import radiata.safetensors.provenance.DerivedMetadata;

/// Dates that users give.
final class Dates {
  private Dates() {}

  /// A date, with or without a time, as ISO 8601 writes it.
  static String checked(String text) {
    if (!DerivedMetadata.isDate(text)) {
      throw new UsageException(
          "--date: '%s' is no date; write it like 2026-05-12 or 2026-05-12T10:00:00Z"
              .formatted(text));
    }
    return text;
  }
}
