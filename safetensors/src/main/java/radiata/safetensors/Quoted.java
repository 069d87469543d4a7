package radiata.safetensors;

/// Names and values from files, made safe to print: a name may hold terminal escapes, line breaks
/// or megabytes.
public final class Quoted {
  private static final int LONGEST = 160;

  private Quoted() {}

  /// `text` in double quotes, on one line, cut after 160 characters; control, format and unpaired
  /// surrogate characters are shown as `\\uXXXX`.
  public static String of(String text) {
    StringBuilder out = new StringBuilder("\"");
    int[] points = text.codePoints().limit(LONGEST + 1).toArray();
    for (int i = 0; i < Math.min(points.length, LONGEST); i++) {
      append(out, points[i]);
    }
    return out.append(points.length > LONGEST ? "\"..." : "\"").toString();
  }

  private static void append(StringBuilder out, int point) {
    if (point == '"' || point == '\\') {
      out.append('\\').appendCodePoint(point);
    } else if (printable(point)) {
      out.appendCodePoint(point);
    } else {
      for (char unit : Character.toChars(point)) {
        out.append("\\u").append("%04x".formatted((int) unit));
      }
    }
  }

  private static boolean printable(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
