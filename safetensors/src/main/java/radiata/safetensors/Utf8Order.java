package radiata.safetensors;

/// The order of names in the container: that of their UTF-8 bytes.
final class Utf8Order {
  private Utf8Order() {}

  /// Compares two strings as their UTF-8 bytes compare, which is by code point. `String.compareTo`
  /// compares UTF-16, in which U+10000 and above come before U+E000.
  static int compare(String a, String b) {
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean paired = Character.isSurrogate(x);
        return paired == Character.isSurrogate(y) ? x - y : paired ? 1 : -1;
      }
    }
    return a.length() - b.length();
  }
}
