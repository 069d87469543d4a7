package radiata.safetensors;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// A place in a header, and the strict JSON that is read from there on: RFC 8259 and nothing beside
/// it. The bytes are known to be valid UTF-8. Nothing is built but the strings and integers that
/// are asked for.
final class JsonCursor {
  /// Where the header starts in its file: behind the eight bytes of its length.
  private static final long HEADER_START = 8;

  private final Path file;
  private final byte[] bytes;
  private int at;
  private @Nullable String tensor;

  JsonCursor(Path file, byte[] bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /// Says whose entry is read from here on, for messages.
  void within(@Nullable String tensor) {
    this.tensor = tensor;
  }

  /// The next byte that is not whitespace, still to be taken; -1 at the end.
  int peek() {
    while (at < bytes.length) {
      byte b = bytes[at];
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        return b & 0xff;
      }
      at++;
    }
    return -1;
  }

  /// Takes `wanted` if it comes next.
  boolean take(char wanted) {
    if (peek() != wanted) {
      return false;
    }
    at++;
    return true;
  }

  void expect(char wanted, String where) {
    if (!take(wanted)) {
      throw error("expected '" + wanted + "' " + where + ", found " + found());
    }
  }

  /// Takes the word `null` if it comes next.
  boolean takeNull() {
    return peek() == 'n' && word("null");
  }

  void expectEnd() {
    if (peek() != -1) {
      throw error("expected nothing but spaces behind the header's object, found " + found());
    }
  }

  /// A string, unescaped.
  String string(String what) {
    expect('"', "to open " + what);
    int start = at;
    while (at < bytes.length) {
      byte b = bytes[at];
      if (b == '"') {
        return text(start, at++);
      }
      if (b == '\\') {
        return escaped(start);
      }
      if (b >= 0 && b < 0x20) {
        throw error("raw control character in a string, " + found());
      }
      at++;
    }
    throw error("a string is not closed");
  }

  private String escaped(int start) {
    StringBuilder out = new StringBuilder(text(start, at));
    int from = at;
    while (at < bytes.length) {
      byte b = bytes[at];
      if (b == '"') {
        return out.append(text(from, at++)).toString();
      }
      if (b == '\\') {
        out.append(text(from, at));
        at++;
        escape(out);
        from = at;
      } else if (b >= 0 && b < 0x20) {
        throw error("raw control character in a string, " + found());
      } else {
        at++;
      }
    }
    throw error("a string is not closed");
  }

  private void escape(StringBuilder out) {
    int escape = at < bytes.length ? bytes[at++] : -1;
    switch (escape) {
      case '"', '\\', '/' -> out.append((char) escape);
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'n' -> out.append('\n');
      case 'r' -> out.append('\r');
      case 't' -> out.append('\t');
      case 'u' -> unicode(out);
      default -> throw error("a backslash that starts no escape of JSON");
    }
  }

  private void unicode(StringBuilder out) {
    char first = hex4();
    if (!Character.isSurrogate(first)) {
      out.append(first);
      return;
    }
    if (Character.isHighSurrogate(first)
        && at + 1 < bytes.length
        && bytes[at] == '\\'
        && bytes[at + 1] == 'u') {
      at += 2;
      char second = hex4();
      if (Character.isLowSurrogate(second)) {
        out.append(first).append(second);
        return;
      }
    }
    throw error("half of a surrogate pair stands alone in a string");
  }

  private char hex4() {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      int digit = at < bytes.length ? Character.digit(bytes[at], 16) : -1;
      if (digit < 0) {
        throw error("expected four hexadecimal digits behind \\u");
      }
      value = value << 4 | digit;
      at++;
    }
    return (char) value;
  }

  /// A whole number from 0 to 2^63-1, written as JSON writes whole numbers.
  ///
  /// @param beyond the cause that a number from 2^63 to 2^64-1 is refused for: the reference reads
  ///   it, a Java long cannot hold it
  long integer(String what, Kind beyond) {
    int first = peek();
    int start = at;
    int end = digits(start);
    if (end == start) {
      throw error(what + " must be a whole number from 0 on, found " + found());
    }
    if (first == '0' && end > start + 1) {
      throw error(what + " starts with a superfluous 0");
    }
    if (end < bytes.length && (bytes[end] == '.' || (bytes[end] | 0x20) == 'e')) {
      throw error(what + " must be a whole number, without fraction or exponent");
    }
    String digits = text(start, Math.min(end, start + 21));
    if (digits.length() < 19) {
      at = end;
      return Long.parseLong(digits);
    }
    BigInteger value = new BigInteger(digits);
    if (value.bitLength() > 64) {
      throw error(what + " is above 2^64-1");
    }
    if (value.bitLength() > 63) {
      throw error(beyond, what + " is " + digits + "; at most 2^63-1 is read");
    }
    at = end;
    return value.longValueExact();
  }

  /// Passes over a value of any kind, checking that it is JSON.
  ///
  /// @param depth how many arrays and objects may still open inside each other
  void skip(int depth) {
    switch (peek()) {
      case '"' -> string("a string");
      case '[' -> skipArray(depth);
      case '{' -> skipObject(depth);
      case 't' -> word("true");
      case 'f' -> word("false");
      case 'n' -> word("null");
      default -> skipNumber();
    }
  }

  private void skipArray(int depth) {
    nest(depth);
    if (!take(']')) {
      do {
        skip(depth - 1);
      } while (take(','));
      expect(']', "to close an array");
    }
  }

  private void skipObject(int depth) {
    nest(depth);
    if (!take('}')) {
      do {
        string("a key");
        expect(':', "behind a key");
        skip(depth - 1);
      } while (take(','));
      expect('}', "to close an object");
    }
  }

  private void nest(int depth) {
    if (depth == 0) {
      throw error("arrays and objects are nested too deep");
    }
    at++;
  }

  private void skipNumber() {
    int start = at;
    int whole = start < bytes.length && bytes[start] == '-' ? start + 1 : start;
    int end = digits(whole);
    boolean valid = end > whole && (bytes[whole] != '0' || end == whole + 1);
    if (valid && end < bytes.length && bytes[end] == '.') {
      int fraction = end + 1;
      end = digits(fraction);
      valid = end > fraction;
    }
    if (valid && end < bytes.length && (bytes[end] | 0x20) == 'e') {
      int sign = end + 1;
      boolean signed = sign < bytes.length && (bytes[sign] == '+' || bytes[sign] == '-');
      int exponent = signed ? sign + 1 : sign;
      end = digits(exponent);
      valid = end > exponent;
    }
    if (!valid) {
      throw error("expected a value, found " + found());
    }
    if (Double.isInfinite(Double.parseDouble(text(start, end)))) {
      throw error("a number too large for any type");
    }
    at = end;
  }

  private int digits(int from) {
    int end = from;
    while (end < bytes.length && bytes[end] >= '0' && bytes[end] <= '9') {
      end++;
    }
    return end;
  }

  private boolean word(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (at + i >= bytes.length || bytes[at + i] != word.charAt(i)) {
        throw error("expected a value, found " + found());
      }
    }
    at += word.length();
    return true;
  }

  private String text(int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  private String found() {
    if (at >= bytes.length) {
      return "the end of the header";
    }
    int b = bytes[at] & 0xff;
    return b > 0x20 && b < 0x7f ? "'" + (char) b + "'" : "byte 0x%02x".formatted(b);
  }

  SafetensorsException error(String what) {
    return error(Kind.INVALID_HEADER_DESERIALIZATION, what);
  }

  SafetensorsException error(Kind kind, String what) {
    String whose = tensor == null ? "" : ", tensor " + Quoted.of(tensor);
    return new SafetensorsException(
        kind,
        file,
        tensor,
        "header, byte " + (HEADER_START + at) + " of the file" + whose + ": " + what);
  }
}
