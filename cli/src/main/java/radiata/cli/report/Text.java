package radiata.cli.report;

/// Text from files made safe to show.
public final class Text {
  private Text() {}

  /// `text` with everything escaped that could steer a terminal or reorder a line: control
  /// characters as `\x1b`, line breaks as `\n`, bidirectional overrides and lone surrogates as
  /// `\u202e`.
  public static String safe(String text) {
    if (text.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
      return text;
    }
    StringBuilder shown = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(c -> append(shown, c));
    return shown.toString();
  }

  private static void append(StringBuilder shown, int c) {
    switch (c) {
      case '\n' -> shown.append("\\n");
      case '\r' -> shown.append("\\r");
      case '\t' -> shown.append("\\t");
      default -> {
        if (c < 0x20 || c >= 0x7f && c < 0xa0) {
          shown.append("\\x%02x".formatted(c));
        } else if (steers(c)) {
          shown.append("\\u%04x".formatted(c));
        } else {
          shown.appendCodePoint(c);
        }
      }
    }
  }

  private static boolean steers(int c) {
    return switch (Character.getType(c)) {
      case Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  /// The first `most` characters, and a sign that there were more.
  public static String cut(String text, int most) {
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, Math.max(0, most - 1))) + "…";
  }
}
