package radiata.safetensors.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.DType;

class WidenTest {
  static List<Oracle> formats() {
    return Oracle.all();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void widensEveryBitPattern(Oracle format) {
    MemorySegment from = Tensors.codes(format, format.codes());
    for (int code = 0; code < format.codes(); code++) {
      Tensors.setCode(from, format, code, code);
    }
    float[] floats = new float[format.codes()];
    double[] doubles = new double[format.codes()];
    Widen.toFloats(from, 0, format.dtype, floats, 0, floats.length);
    Widen.toDoubles(from, 0, format.dtype, doubles, 0, doubles.length);
    for (int code = 0; code < format.codes(); code++) {
      double expected = format.value(code);
      assertThat(doubles[code]).as("code %x", code).isEqualTo(Double.valueOf(expected));
      assertThat((double) floats[code]).as("code %x", code).isEqualTo(Double.valueOf(expected));
      MemorySegment one = from.asSlice((long) code * format.bytes);
      assertThat(Widen.scalar(one, format.dtype))
          .as("code %x", code)
          .isEqualTo(Double.valueOf(expected));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void readsTheSameNumbersAtAnyPositionAndAlignment(DType dtype) {
    int bytes = dtype.bytes();
    int elements = 1_537;
    byte[] random = new byte[elements * bytes];
    RandomGenerator.of("L64X128MixRandom").nextBytes(random);
    Arrays.fill(random, 0, bytes, (byte) 0x3C);
    double[] expected = new double[elements];
    for (int i = 0; i < elements; i++) {
      byte[] one = Arrays.copyOfRange(random, i * bytes, (i + 1) * bytes);
      expected[i] = Widen.scalar(MemorySegment.ofArray(one), dtype);
    }
    for (int shift = 0; shift < 9; shift++) {
      MemorySegment from = MemorySegment.ofArray(new byte[random.length + shift]).asSlice(shift);
      MemorySegment.copy(random, 0, from, ValueLayout.JAVA_BYTE, 0, random.length);
      for (int first = 0; first < elements; first += 311) {
        int count = (elements - first) * (shift + 1) / 10;
        float[] floats = new float[elements + 2];
        double[] doubles = new double[elements + 2];
        Widen.toFloats(from, first, dtype, floats, 1, count);
        Widen.toDoubles(from, first, dtype, doubles, 1, count);
        for (int i = 0; i < elements + 2; i++) {
          boolean inside = i >= 1 && i < 1 + count;
          Double number = inside ? expected[first + i - 1] : 0.0;
          assertThat(doubles[i]).isEqualTo(number);
          assertThat(floats[i]).isEqualTo(Float.valueOf(number.floatValue()));
        }
      }
    }
  }

  @Test
  void readsScalarsOfEveryNumericType() {
    assertThat(scalar(DType.BOOL, 0)).isEqualTo(0);
    assertThat(scalar(DType.BOOL, 1)).isEqualTo(1);
    assertThat(scalar(DType.BOOL, 0x80)).isEqualTo(1);
    assertThat(scalar(DType.I8, 0x80)).isEqualTo(-128);
    assertThat(scalar(DType.U8, 0x80)).isEqualTo(128);
    assertThat(scalar(DType.I16, 0x8000)).isEqualTo(-32768);
    assertThat(scalar(DType.U16, 0x8000)).isEqualTo(32768);
    assertThat(scalar(DType.I32, 0x8000_0000)).isEqualTo(-0x1p31);
    assertThat(scalar(DType.U32, 0x8000_0000)).isEqualTo(0x1p31);
    assertThat(scalar(DType.I64, Long.MIN_VALUE)).isEqualTo(-0x1p63);
    assertThat(scalar(DType.U64, Long.MIN_VALUE)).isEqualTo(0x1p63);
    assertThat(scalar(DType.U64, 42)).isEqualTo(42);
    assertThat(scalar(DType.F32, Float.floatToRawIntBits(0.1f))).isEqualTo(0.1f);
    assertThat(scalar(DType.F64, Double.doubleToRawLongBits(0.1))).isEqualTo(0.1);
  }

  @Test
  void roundsUnsignedScalarsOnceToNearestEven() {
    assertThat(scalar(DType.U64, 0x8000_0000_0000_0400L)).isEqualTo(0x1p63);
    assertThat(scalar(DType.U64, 0x8000_0000_0000_0401L)).isEqualTo(0x1.0000000000001p63);
    assertThat(scalar(DType.U64, 0x8000_0000_0000_0C00L)).isEqualTo(0x1.0000000000002p63);
    assertThat(scalar(DType.U64, -1)).isEqualTo(0x1p64);
  }

  @ParameterizedTest
  @EnumSource(names = {"C64", "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void refusesScalarsThatAreNotOneNumber(DType dtype) {
    assertThatThrownBy(() -> scalar(dtype, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(dtype.name());
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void refusesTypesThatHoldNoFloats(DType dtype) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    assertThatThrownBy(() -> Widen.toFloats(bytes, 0, dtype, new float[1], 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(dtype.name());
    assertThatThrownBy(() -> Widen.toDoubles(bytes, 0, dtype, new double[1], 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Narrow.fromFloats(new float[1], 0, 1, dtype, bytes, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Narrow.fromDoubles(new double[1], 0, 1, dtype, bytes, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Narrow.round(1, dtype)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void refusesToRunPastEitherEnd(DType dtype) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 * dtype.bytes()]);
    assertThatThrownBy(() -> Widen.toFloats(bytes, 1, dtype, new float[9], 0, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Widen.toFloats(bytes, 0, dtype, new float[5], 2, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Narrow.fromFloats(new float[9], 0, 4, dtype, bytes, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Narrow.fromDoubles(new double[3], 0, 4, dtype, bytes, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static double scalar(DType dtype, long bits) {
    ByteBuffer buffer = ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN).putLong(1, bits);
    return Widen.scalar(MemorySegment.ofBuffer(buffer).asSlice(1), dtype);
  }
}
