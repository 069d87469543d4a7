package radiata.train.metadata;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Values as Python writes them: `str` for single ones, `json.dumps` for the rest. Readers of the
/// field compare and parse these texts.
final class PythonText {
  static final String NONE = "None";

  private PythonText() {}

  static String of(boolean value) {
    return value ? "True" : "False";
  }

  /// `repr` of a float: the shortest digits that give it back; an exponent below 1e-4 and from 1e16
  /// on.
  static String of(double value) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-4 || size >= 1e16)) {
      BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
      String all = digits.unscaledValue().abs().toString();
      int exponent = all.length() - 1 - digits.scale();
      return (value < 0 ? "-" : "")
          + all.charAt(0)
          + (all.length() > 1 ? "." + all.substring(1) : "")
          + "e%s%02d".formatted(exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
    String plain = new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  static String ofText(Optional<String> value) {
    return value.orElse(NONE);
  }

  /// Numbers, booleans, texts, null, lists and maps in the order they come.
  static String json(Object value) {
    return switch (value) {
      case Null _ -> "null";
      case Boolean flag -> flag.toString();
      case Integer whole -> whole.toString();
      case Long whole -> whole.toString();
      case Double number -> of(number);
      case String text -> quoted(text);
      case Collection<?> list ->
          list.stream().map(PythonText::json).collect(Collectors.joining(", ", "[", "]"));
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(each -> quoted(String.valueOf(each.getKey())) + ": " + json(each.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
    };
  }

  /// What `None` becomes in JSON.
  enum Null {
    NULL
  }

  static Object orNull(String text) {
    return text.isEmpty() ? Null.NULL : text;
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || c > 0x7e) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
