import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import radiata.safetensors.DType;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// How fast one core turns tensor bytes into numbers and back.
final class Conversions {
  private static final int ELEMENTS = 1 << 14;
  private static final int CALLS = 1 << 11;
  private static final int ROUNDS = 8;

  private Conversions() {}

  static void print() {
    float[] floats = new float[ELEMENTS];
    Random random = new Random(1);
    for (int i = 0; i < ELEMENTS; i++) {
      floats[i] = (float) random.nextGaussian() * 0.05f;
    }
    System.out.println(
        "Conversions, billions of elements a second on one core, %,d elements at a time:%n"
            .formatted(ELEMENTS));
    System.out.println("| type | to floats | from floats | to doubles | from doubles |");
    System.out.println("|---|---|---|---|---|");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment doubles = arena.allocate(8L * ELEMENTS, 64);
      MemorySegment bytes = arena.allocate(8L * ELEMENTS, 64);
      for (DType type :
          List.of(DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2, DType.F32, DType.F64)) {
        double out = rate(() -> Narrow.fromFloats(floats, 0, ELEMENTS, type, bytes, 0));
        double in = rate(() -> Widen.toFloats(bytes, 0, type, floats, 0, ELEMENTS));
        double wideIn = rate(() -> Widen.toDoubles(bytes, 0, type, doubles, 0, ELEMENTS));
        double wideOut = rate(() -> Narrow.fromDoubles(doubles, 0, type, bytes, 0, ELEMENTS));
        System.out.printf("| %s | %.1f | %.1f | %.1f | %.1f |%n", type, in, out, wideIn, wideOut);
      }
    }
  }

  /// Elements a nanosecond, the best of some rounds after as many to warm up.
  private static double rate(Runnable call) {
    double best = 0;
    for (int round = 0; round < 2 * ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < CALLS; i++) {
        call.run();
      }
      best = Math.max(best, (double) ELEMENTS * CALLS / (System.nanoTime() - start));
    }
    return best;
  }
}
