package radiata.safetensors.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Single elements, moved and turned round.
final class Elements {
  private Elements() {}

  /// Copies one element of 1, 2, 4, 8 or any other number of bytes.
  static void copy(MemorySegment from, long at, MemorySegment into, long to, int bytes) {
    switch (bytes) {
      case 1 -> into.set(ValueLayout.JAVA_BYTE, to, from.get(ValueLayout.JAVA_BYTE, at));
      case 2 ->
          into.set(
              ValueLayout.JAVA_SHORT_UNALIGNED, to, from.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case 4 ->
          into.set(
              ValueLayout.JAVA_INT_UNALIGNED, to, from.get(ValueLayout.JAVA_INT_UNALIGNED, at));
      case 8 ->
          into.set(
              ValueLayout.JAVA_LONG_UNALIGNED, to, from.get(ValueLayout.JAVA_LONG_UNALIGNED, at));
      default -> MemorySegment.copy(from, at, into, to, bytes);
    }
  }

  /// Turns the bytes of one element round.
  static void reverse(MemorySegment bytes, long at, int length) {
    for (int low = 0, high = length - 1; low < high; low++, high--) {
      byte kept = bytes.get(ValueLayout.JAVA_BYTE, at + low);
      bytes.set(ValueLayout.JAVA_BYTE, at + low, bytes.get(ValueLayout.JAVA_BYTE, at + high));
      bytes.set(ValueLayout.JAVA_BYTE, at + high, kept);
    }
  }
}
