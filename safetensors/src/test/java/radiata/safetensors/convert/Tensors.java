package radiata.safetensors.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Bytes of small test tensors, byte by byte.
final class Tensors {
  private Tensors() {}

  static MemorySegment codes(Oracle format, int elements) {
    return MemorySegment.ofArray(new byte[elements * format.bytes]);
  }

  static void setCode(MemorySegment bytes, Oracle format, int element, int code) {
    for (int i = 0; i < format.bytes; i++) {
      long at = (long) element * format.bytes + i;
      bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (code >>> (8 * i)));
    }
  }

  static int code(MemorySegment bytes, Oracle format, int element) {
    int code = 0;
    for (int i = 0; i < format.bytes; i++) {
      long at = (long) element * format.bytes + i;
      code |= (bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFF) << (8 * i);
    }
    return code;
  }
}
