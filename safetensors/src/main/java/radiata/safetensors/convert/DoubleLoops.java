package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.BYTE;
import static radiata.safetensors.convert.Layouts.FLOAT;
import static radiata.safetensors.convert.Layouts.NATIVE_DOUBLE;
import static radiata.safetensors.convert.Layouts.SHORT;

import java.lang.foreign.MemorySegment;

/// The loops between tensor bytes and off-heap doubles.
final class DoubleLoops {
  private DoubleLoops() {}

  static void ofFloats(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE_DOUBLE, 8 * i, from.get(FLOAT, 4 * i));
    }
  }

  static void ofHalves(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE_DOUBLE, 8 * i, Float.float16ToFloat(from.get(SHORT, 2 * i)));
    }
  }

  static void ofBrains(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE_DOUBLE, 8 * i, Float.intBitsToFloat(from.get(SHORT, 2 * i) << 16));
    }
  }

  static void ofCodes(MemorySegment from, float[] values, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE_DOUBLE, 8 * i, values[from.get(BYTE, i) & 0xFF]);
    }
  }

  static void toFloats(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(FLOAT, 4 * i, (float) from.get(NATIVE_DOUBLE, 8 * i));
    }
  }

  static void toShorts(MemorySegment from, SmallFloat format, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(SHORT, 2 * i, (short) format.encode(from.get(NATIVE_DOUBLE, 8 * i)));
    }
  }

  static void toCodes(MemorySegment from, SmallFloat format, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(BYTE, i, (byte) format.encode(from.get(NATIVE_DOUBLE, 8 * i)));
    }
  }
}
