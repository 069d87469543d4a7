package radiata.safetensors.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.DType;

class NarrowTest {
  /// The one NaN of each format, sign apart.
  private static final Map<DType, Integer> NAN =
      Map.of(DType.F16, 0x7E00, DType.BF16, 0x7FC0, DType.F8_E4M3, 0x7F, DType.F8_E5M2, 0x7F);

  static List<Oracle> formats() {
    return Oracle.all();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void keepsEveryValue(Oracle format) {
    double[] values = new double[format.codes()];
    for (int code = 0; code < values.length; code++) {
      values[code] = format.value(code);
    }
    MemorySegment narrowed = narrow(values, format);
    MemorySegment narrowedFloats = narrow(floats(values), format);
    for (int code = 0; code < values.length; code++) {
      int sign = code & format.sign();
      if (Double.isNaN(values[code])) {
        int magnitude = Tensors.code(narrowed, format, code) & ~format.sign();
        assertThat(magnitude).isEqualTo(NAN.get(format.dtype));
      } else {
        assertThat(Tensors.code(narrowed, format, code)).isEqualTo(code);
        assertThat(Tensors.code(narrowedFloats, format, code)).isEqualTo(code);
        assertThat(Narrow.round(values[code], format.dtype)).isEqualTo(values[code]);
      }
      assertThat(Tensors.code(narrowed, format, code) & format.sign()).isEqualTo(sign);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void breaksTiesTowardsTheEvenCode(Oracle format) {
    int count = format.finite() - 1;
    double[] ties = new double[count];
    double[] under = new double[count];
    double[] over = new double[count];
    for (int code = 0; code < count; code++) {
      ties[code] = format.midpoint(code);
      under[code] = Math.nextDown(ties[code]);
      over[code] = Math.nextUp(ties[code]);
    }
    for (int sign : new int[] {0, format.sign()}) {
      MemorySegment atTies = narrow(signed(ties, sign), format);
      MemorySegment atFloatTies = narrow(floats(signed(ties, sign)), format);
      MemorySegment atUnder = narrow(signed(under, sign), format);
      MemorySegment atOver = narrow(signed(over, sign), format);
      for (int code = 0; code < count; code++) {
        int even = code + (code & 1);
        assertThat(Tensors.code(atTies, format, code)).isEqualTo(sign | even);
        assertThat(Tensors.code(atFloatTies, format, code)).isEqualTo(sign | even);
        assertThat(Tensors.code(atUnder, format, code)).isEqualTo(sign | code);
        assertThat(Tensors.code(atOver, format, code)).isEqualTo(sign | (code + 1));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void roundsFloatsBesideEveryMidpoint(Oracle format) {
    int count = format.finite() - 1;
    float[] under = new float[count];
    float[] over = new float[count];
    for (int code = 0; code < count; code++) {
      under[code] = Math.nextDown((float) format.midpoint(code));
      over[code] = Math.nextUp((float) format.midpoint(code));
    }
    MemorySegment atUnder = narrow(under, format);
    MemorySegment atOver = narrow(over, format);
    for (int code = 0; code < count; code++) {
      assertThat(Tensors.code(atUnder, format, code)).isEqualTo(code);
      assertThat(Tensors.code(atOver, format, code)).isEqualTo(code + 1);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void overflowsWhereTorchDoes(Oracle format) {
    double largest = format.value(format.finite() - 1);
    double edge = format.midpoint(format.finite() - 1);
    boolean tieGoesUp = (format.finite() - 1) % 2 == 1;
    double beyond = format.dtype == DType.F8_E4M3 ? Double.NaN : Double.POSITIVE_INFINITY;
    assertThat(Narrow.round(largest, format.dtype)).isEqualTo(largest);
    assertThat(Narrow.round(Math.nextDown(edge), format.dtype)).isEqualTo(largest);
    assertThat(Narrow.round(edge, format.dtype))
        .isEqualTo(Double.valueOf(tieGoesUp ? beyond : largest));
    assertThat(Narrow.round(Math.nextUp(edge), format.dtype)).isEqualTo(Double.valueOf(beyond));
    assertThat(Narrow.round(Double.MAX_VALUE, format.dtype)).isEqualTo(Double.valueOf(beyond));
    assertThat(Narrow.round(Double.POSITIVE_INFINITY, format.dtype))
        .isEqualTo(Double.valueOf(beyond));
    assertThat(Narrow.round(Double.NEGATIVE_INFINITY, format.dtype))
        .isEqualTo(Double.valueOf(-beyond));

    assertThat(Narrow.overflows(largest, format.dtype)).isFalse();
    assertThat(Narrow.overflows(edge, format.dtype)).isEqualTo(tieGoesUp);
    assertThat(Narrow.overflows(-Math.nextUp(edge), format.dtype)).isTrue();
    assertThat(Narrow.overflows(Double.POSITIVE_INFINITY, format.dtype)).isFalse();
    assertThat(Narrow.overflows(Double.NaN, format.dtype)).isFalse();
  }

  @Test
  void knowsTheEdgesOfTheFormatsByNumber() {
    assertThat(Narrow.round(65519.99, DType.F16)).isEqualTo(65504);
    assertThat(Narrow.overflows(65520, DType.F16)).isTrue();
    assertThat(Narrow.round(464, DType.F8_E4M3)).isEqualTo(448);
    assertThat(Narrow.overflows(464.0001, DType.F8_E4M3)).isTrue();
    assertThat(Narrow.round(61439, DType.F8_E5M2)).isEqualTo(57344);
    assertThat(Narrow.overflows(61440, DType.F8_E5M2)).isTrue();
    assertThat(Narrow.round(0x1.fep127, DType.BF16)).isEqualTo(0x1.fep127);
    assertThat(Narrow.overflows(0x1.ffp127, DType.BF16)).isTrue();
    assertThat(Narrow.overflows(1e300, DType.F32)).isTrue();
    assertThat(Narrow.overflows(1e300, DType.F64)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void neverRoundsTwice(Oracle format) {
    double step = format.stepAboveOne();
    double beside = 1 + step / 2 * (1 + 0x1p-40);
    assertThat(Narrow.round(beside, format.dtype)).isEqualTo(1 + step);
    assertThat((float) beside)
        .as("what a float makes of it: the tie")
        .isEqualTo((float) (1 + step / 2));
    assertThat(Narrow.round((float) beside, format.dtype)).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void agreesWithTheDefinitionOnRandomNumbers(Oracle format) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(20260101);
    double least = format.value(1);
    double[] numbers = new double[20_000];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          switch (i % 4) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 1 -> Float.intBitsToFloat(random.nextInt());
            case 2 -> random.nextGaussian();
            default -> random.nextGaussian() * least * (1 << i % 13);
          };
      // The second half is free of NaN, which a block of floats may be treated differently for.
      if (i >= numbers.length / 2 && Double.isNaN(numbers[i])) {
        numbers[i] = 0;
      }
    }
    MemorySegment narrowed = narrow(numbers, format);
    MemorySegment narrowedFloats = narrow(floats(numbers), format);
    for (int i = 0; i < numbers.length; i++) {
      double expected = format.nearest(numbers[i]);
      double expectedFloat = format.nearest((float) numbers[i]);
      assertThat(format.value(Tensors.code(narrowed, format, i)))
          .as("%s", numbers[i])
          .isEqualTo(Double.valueOf(expected));
      assertThat(format.value(Tensors.code(narrowedFloats, format, i)))
          .as("%s", (float) numbers[i])
          .isEqualTo(Double.valueOf(expectedFloat));
      assertThat(Narrow.round(numbers[i], format.dtype)).isEqualTo(Double.valueOf(expected));
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void keepsNanQuietAndItsSign(Oracle format) {
    List<Integer> patterns = new ArrayList<>();
    for (int bit = 0; bit < 23; bit++) {
      patterns.add(0x7F80_0000 | 1 << bit);
      patterns.add(0xFF80_0000 | 1 << bit);
    }
    patterns.addAll(List.of(0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FC0_0000, 0xFFC0_0000));
    float[] floats = new float[patterns.size()];
    double[] doubles = new double[patterns.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = Float.intBitsToFloat(patterns.get(i));
      long payload = (long) (patterns.get(i) & 0x7F_FFFF) << 29;
      long sign = patterns.get(i) < 0 ? Long.MIN_VALUE : 0;
      doubles[i] = Double.longBitsToDouble(0x7FF0_0000_0000_0000L | payload | sign);
    }
    MemorySegment ofFloats = narrow(floats, format);
    MemorySegment ofDoubles = narrow(doubles, format);
    for (int i = 0; i < floats.length; i++) {
      int nan = NAN.get(format.dtype) | (patterns.get(i) < 0 ? format.sign() : 0);
      assertThat(Tensors.code(ofFloats, format, i)).isEqualTo(nan);
      assertThat(Tensors.code(ofDoubles, format, i)).isEqualTo(nan);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void writesTheSameBytesAtAnyPositionAndInAnyPieces(DType dtype) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    int elements = 1_537;
    int bytes = dtype.bytes();
    double[] doubles = random.doubles(elements, -3, 3).toArray();
    doubles[5] = Double.NaN;
    doubles[1_030] = 1e30;
    float[] floats = floats(doubles);
    byte[] ofDoubles = new byte[elements * bytes];
    byte[] ofFloats = new byte[elements * bytes];
    for (int i = 0; i < elements; i++) {
      Narrow.fromDoubles(doubles, i, 1, dtype, MemorySegment.ofArray(ofDoubles), i);
      Narrow.fromFloats(floats, i, 1, dtype, MemorySegment.ofArray(ofFloats), i);
    }
    for (int shift = 0; shift < 9; shift++) {
      for (int cut = 0; cut <= elements; cut += 211) {
        byte[] room = new byte[ofDoubles.length + shift];
        MemorySegment into = MemorySegment.ofArray(room).asSlice(shift);
        Narrow.fromDoubles(doubles, 0, cut, dtype, into, 0);
        Narrow.fromDoubles(doubles, cut, elements - cut, dtype, into, cut);
        assertThat(Arrays.copyOfRange(room, shift, room.length)).isEqualTo(ofDoubles);
        Narrow.fromFloats(floats, 0, cut, dtype, into, 0);
        Narrow.fromFloats(floats, cut, elements - cut, dtype, into, cut);
        assertThat(Arrays.copyOfRange(room, shift, room.length)).isEqualTo(ofFloats);
      }
    }
  }

  @Test
  void roundsDoublesToFloatsOnce() {
    double[] values = {1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-52, 1e300, -1e-300, 0x1p-150};
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 * values.length]);
    Narrow.fromDoubles(values, 0, values.length, DType.F32, bytes, 0);
    float[] floats = new float[values.length];
    Widen.toFloats(bytes, 0, DType.F32, floats, 0, floats.length);
    assertThat(floats).containsExactly(1f, Math.nextUp(1f), Float.POSITIVE_INFINITY, -0f, 0f);
    MemorySegment wide = MemorySegment.ofArray(values);
    Widen.toFloats(wide, 0, DType.F64, floats, 0, floats.length);
    assertThat(floats).containsExactly(1f, Math.nextUp(1f), Float.POSITIVE_INFINITY, -0f, 0f);
  }

  @Test
  void passesWideTypesThroughUnchanged() {
    double[] values = {0.1, -0.0, Double.MIN_VALUE, Double.NEGATIVE_INFINITY, Math.PI};
    MemorySegment native64 = MemorySegment.ofArray(values);
    MemorySegment bytes = MemorySegment.ofArray(new byte[8 * values.length + 1]).asSlice(1);
    Narrow.fromDoubles(native64, 0, DType.F64, bytes, 0, values.length);
    MemorySegment back = MemorySegment.ofArray(new double[values.length]);
    Widen.toDoubles(bytes, 0, DType.F64, back, 0, values.length);
    assertThat(back.toArray(ValueLayout.JAVA_DOUBLE)).containsExactly(values);
  }

  private static MemorySegment narrow(double[] values, Oracle format) {
    MemorySegment into = Tensors.codes(format, values.length);
    Narrow.fromDoubles(values, 0, values.length, format.dtype, into, 0);
    return into;
  }

  private static MemorySegment narrow(float[] values, Oracle format) {
    MemorySegment into = Tensors.codes(format, values.length);
    Narrow.fromFloats(values, 0, values.length, format.dtype, into, 0);
    return into;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double[] signed(double[] values, int sign) {
    return sign == 0 ? values : Arrays.stream(values).map(v -> -v).toArray();
  }
}
