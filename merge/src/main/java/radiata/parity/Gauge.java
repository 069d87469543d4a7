package radiata.parity;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import radiata.safetensors.DType;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// Measures weights against each other, a piece at a time.
final class Gauge {
  private static final int CHUNK = 1 << 14;

  private final DType dtype;
  private final double[] a = new double[CHUNK];
  private final double[] b = new double[CHUNK];

  Gauge(DType dtype) {
    this.dtype = dtype;
  }

  /// The gap between two weights over a run of elements.
  Gap between(MemorySegment one, MemorySegment other, long from, long count) {
    Gap gap = Gap.NONE;
    for (long at = from; at < from + count; at += CHUNK) {
      int length = (int) Math.min(CHUNK, from + count - at);
      if (!same(one, other, at, length)) {
        gap = gap.plus(chunk(one, other, at, length));
      }
    }
    return gap;
  }

  private Gap chunk(MemorySegment one, MemorySegment other, long at, int length) {
    Widen.toDoubles(one, at, dtype, a, 0, length);
    Widen.toDoubles(other, at, dtype, b, 0, length);
    double most = 0;
    double squares = 0;
    long steps = 0;
    for (int i = 0; i < length; i++) {
      if (a[i] != b[i]) {
        double difference = Math.abs(a[i] - b[i]);
        most = Math.max(most, difference);
        squares += difference * difference;
        steps = Math.max(steps, Math.abs(place(one, at + i) - place(other, at + i)));
      }
    }
    return new Gap(most, squares, steps);
  }

  /// Widens a range, kept in two weights, by the elements of a third.
  void stretch(MemorySegment low, MemorySegment high, MemorySegment by) {
    long elements = by.byteSize() / dtype.bytes();
    for (long at = 0; at < elements; at += CHUNK) {
      int length = (int) Math.min(CHUNK, elements - at);
      Widen.toDoubles(by, at, dtype, b, 0, length);
      Widen.toDoubles(low, at, dtype, a, 0, length);
      for (int i = 0; i < length; i++) {
        a[i] = Math.min(a[i], b[i]);
      }
      Narrow.fromDoubles(a, 0, length, dtype, low, at);
      Widen.toDoubles(high, at, dtype, a, 0, length);
      for (int i = 0; i < length; i++) {
        a[i] = Math.max(a[i], b[i]);
      }
      Narrow.fromDoubles(a, 0, length, dtype, high, at);
    }
  }

  private boolean same(MemorySegment one, MemorySegment other, long at, long length) {
    long begin = at * dtype.bytes();
    long end = begin + length * dtype.bytes();
    return MemorySegment.mismatch(one, begin, end, other, begin, end) < 0;
  }

  /// The place of an element among all numbers of its dtype: neighbours differ by 1.
  private long place(MemorySegment weight, long at) {
    int width = dtype.bytes();
    long bits =
        switch (width) {
          case 1 -> weight.get(JAVA_BYTE, at);
          case 2 -> weight.get(JAVA_SHORT_UNALIGNED, at * width);
          case 4 -> weight.get(JAVA_INT_UNALIGNED, at * width);
          default -> weight.get(JAVA_LONG_UNALIGNED, at * width);
        };
    long sign = -1L << (width * Byte.SIZE - 1);
    return bits < 0 ? -(bits & ~sign) : bits;
  }
}
