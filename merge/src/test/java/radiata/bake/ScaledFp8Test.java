package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.parity.ComfyExport;
import radiata.parity.ModuleParity;
import radiata.parity.Parity;
import radiata.parity.Verdict;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// ComfyUI's scaled fp8, and fp8 that is rounded stochastically.
class ScaledFp8Test {
  private static final int ROWS = 12;
  private static final int COLUMNS = 8;
  private static final String CHANGED = "blocks.0.proj";
  private static final String OTHER = "blocks.1.proj";

  @TempDir private Path folder;
  private final Random random = new Random(11);
  private final Map<String, double[]> numbers = new HashMap<>();
  private final List<TensorSpec> specs = new ArrayList<>();

  private void put(String name, DType dtype, Shape shape, double... values) {
    specs.add(new TensorSpec(name, dtype, shape));
    numbers.put(name, values);
  }

  private double[] noise(int count, double size) {
    return random.doubles(count).map(u -> (2 * u - 1) * size).toArray();
  }

  private Path write(String file, Map<String, String> metadata) throws IOException {
    Header header = Header.canonical(specs, metadata);
    Path path = folder.resolve(file);
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        double[] values = numbers.get(tensor.name());
        if (tensor.dtype().computable()) {
          Narrow.fromDoubles(
              values, 0, values.length, tensor.dtype(), MemorySegment.ofArray(bytes), 0);
        }
        writer.write(tensor, 0, MemorySegment.ofArray(bytes));
      }
      writer.commit();
    }
    specs.clear();
    return path;
  }

  /// Codes up to 300, each weight under a scale of its own.
  private Path base(DType dtype, String scaleEnd, String marker) throws IOException {
    Shape shape = Shape.of(ROWS, COLUMNS);
    for (String layer : List.of(CHANGED, OTHER)) {
      put(layer + ".weight", dtype, shape, noise(ROWS * COLUMNS, 300));
      put(layer + scaleEnd, DType.F32, Shape.SCALAR, layer.equals(CHANGED) ? 0.001 : 0.002);
      put(layer + ".scale_input", DType.F32, Shape.SCALAR, 1);
      put(layer + ".bias", DType.BF16, Shape.of(ROWS), noise(ROWS, 1));
    }
    put(marker, DType.F8_E4M3, Shape.of(0));
    return write("base.safetensors", Map.of());
  }

  private Path adapter(double size) throws IOException {
    put(CHANGED + ".lora_down.weight", DType.F32, Shape.of(2, COLUMNS), noise(2 * COLUMNS, 1));
    put(CHANGED + ".lora_up.weight", DType.F32, Shape.of(ROWS, 2), noise(ROWS * 2, size));
    return write("adapter.safetensors", Map.of());
  }

  private record Baked(Path path, BakeReport report) {}

  private Baked bake(Path base, Path adapter, Optional<DType> dtype, OptionalLong seed, int threads)
      throws IOException {
    Path out = folder.resolve("out-" + random.nextInt(1 << 30) + ".safetensors");
    try (Checkpoint checkpoint = Checkpoint.open(base, Limits.DEFAULT);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      BakeRequest request =
          new BakeRequest(
              List.of(new BakeRequest.Use(file, 1)),
              Profiles.EXACT,
              dtype,
              1,
              1,
              null,
              false,
              new BakeRequest.Writing(false, Optional.empty(), seed));
      BakePlan plan = Planner.plan(checkpoint, request, out);
      assertThat(plan.peakBytes(threads)).isPositive();
      BakeReport report = Baker.bake(plan, out, Replace.REFUSE, threads, bytes -> {});
      Baker.verify(plan, out, threads, bytes -> {});
      return new Baked(out, report);
    }
  }

  private static double[] values(SafetensorsFile file, String name) throws IOException {
    TensorInfo info = file.tensor(name).orElseThrow();
    byte[] bytes = new byte[(int) info.bytes()];
    file.read(info, 0, MemorySegment.ofArray(bytes));
    double[] values = new double[(int) info.shape().elements()];
    Widen.toDoubles(MemorySegment.ofArray(bytes), 0, info.dtype(), values, 0, values.length);
    return values;
  }

  private static byte[] bytes(SafetensorsFile file, String name) throws IOException {
    TensorInfo info = file.tensor(name).orElseThrow();
    byte[] bytes = new byte[(int) info.bytes()];
    file.read(info, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /// What the weight becomes before it is rounded.
  private double[] exact(SafetensorsFile base, String scaleEnd) throws IOException {
    double[] weight = values(base, CHANGED + ".weight");
    double scale = values(base, CHANGED + scaleEnd)[0];
    double[] up = numbers.get(CHANGED + ".lora_up.weight");
    double[] down = numbers.get(CHANGED + ".lora_down.weight");
    for (int r = 0; r < ROWS; r++) {
      for (int c = 0; c < COLUMNS; c++) {
        double delta = 0;
        for (int k = 0; k < 2; k++) {
          delta += (float) up[2 * r + k] * (double) (float) down[COLUMNS * k + c];
        }
        weight[COLUMNS * r + c] = weight[COLUMNS * r + c] * scale + delta;
      }
    }
    return weight;
  }

  @ParameterizedTest
  @CsvSource({
    "F8_E4M3, .scale_weight, scaled_fp8, 0.01, 1",
    "F8_E4M3, .scale_weight, model.scaled_fp8, 0.3, 1",
    "F8_E5M2, .scale_weight, scaled_fp8, 40, 2",
    "F8_E4M3, .weight_scale, scaled_fp8, 3, 1",
  })
  void aChangedWeightStaysUnderAScale(
      DType dtype, String scaleEnd, String marker, double size, int threads) throws IOException {
    Path base = base(dtype, scaleEnd, marker);
    Path adapter = adapter(size);
    Baked baked = bake(base, adapter, Optional.empty(), OptionalLong.empty(), threads);
    try (SafetensorsFile before = SafetensorsFile.open(base);
        SafetensorsFile after = SafetensorsFile.open(baked.path())) {
      assertThat(after.tensors()).isEqualTo(before.tensors());
      for (TensorInfo tensor : before.tensors()) {
        if (!tensor.name().startsWith(CHANGED)) {
          assertThat(bytes(after, tensor.name())).isEqualTo(bytes(before, tensor.name()));
        }
      }
      double[] exact = exact(before, scaleEnd);
      double old = values(before, CHANGED + scaleEnd)[0];
      double scale = values(after, CHANGED + scaleEnd)[0];
      double doublings = Math.log(scale / old) / Math.log(2);
      assertThat(doublings).isEqualTo(Math.rint(doublings)).isNotNegative();
      double peak = 0;
      double[] stored = values(after, CHANGED + ".weight");
      for (int i = 0; i < exact.length; i++) {
        peak = Math.max(peak, Math.abs(exact[i]));
        double nearest = Narrow.round(exact[i] / scale, dtype);
        assertThat(stored[i]).as("element %d", i).isEqualTo(nearest);
      }
      assertThat(Narrow.overflows(peak / scale, dtype)).isFalse();
      if (scale > old) {
        assertThat(Narrow.overflows(2 * peak / scale, dtype)).isTrue();
      }
      Survival survival = baked.report().survival().getFirst();
      assertThat(survival.tensor()).isEqualTo(CHANGED + ".weight");
      assertThat(survival.kept()).isBetween(0.5, 1.5);
      assertThat(survival.overflow()).isZero();
    }
  }

  /// The codes alone would be compared under other scales.
  @Test
  void parityHoldsTheNumbersBehindTheCodesAgainstEachOther() throws IOException {
    Path base = base(DType.F8_E4M3, ".scale_weight", "scaled_fp8");
    put(CHANGED + ".dora_scale", DType.F32, Shape.of(ROWS, 1), noise(ROWS, 1));
    Path adapter = adapter(0.3);
    try (Checkpoint checkpoint = Checkpoint.open(base, Limits.DEFAULT);
        SafetensorsFile before = SafetensorsFile.open(base);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      ModuleParity module =
          Parity.of(checkpoint, file, 1, false).run(1, bytes -> {}).modules().getFirst();
      double[] weight = values(before, CHANGED + ".weight");
      double scale = values(before, CHANGED + ".scale_weight")[0];
      double[] moved = exact(before, ".scale_weight");
      double[] magnitude = numbers.get(CHANGED + ".dora_scale");
      double change = 0;
      double plain = 0;
      for (int r = 0; r < ROWS; r++) {
        double norm = 0;
        for (int c = 0; c < COLUMNS; c++) {
          norm = Math.hypot(norm, moved[COLUMNS * r + c]);
        }
        for (int i = COLUMNS * r; i < COLUMNS * (r + 1); i++) {
          double whole = moved[i] * (float) magnitude[r] / norm;
          change = Math.max(change, Math.abs(whole - weight[i] * scale));
          plain = Math.max(plain, Math.abs(whole - moved[i]));
        }
      }
      assertThat(module.change().maxAbs()).isCloseTo(change, within(1e-9));
      assertThat(module.departures().get("plain").gap().maxAbs()).isCloseTo(plain, within(1e-9));
      assertThat(module.departures().get("onetrainer").verdict()).isEqualTo(Verdict.ROUNDING);
      assertThat(module.departures().get("comfyui").verdict()).isEqualTo(Verdict.DIFFERENT);
      ComfyExport.Request all = new ComfyExport.Request(false, false);
      assertThat(ComfyExport.of(checkpoint, file, all, 1, bytes -> {}).check().modules())
          .allMatch(ModuleParity::agrees);
    }
  }

  @Test
  void anotherDtypeWidensEveryWeightAndDropsScalesAndMarker() throws IOException {
    Path base = base(DType.F8_E4M3, ".scale_weight", "scaled_fp8");
    Baked baked = bake(base, adapter(0.3), Optional.of(DType.F32), OptionalLong.empty(), 2);
    try (SafetensorsFile before = SafetensorsFile.open(base);
        SafetensorsFile after = SafetensorsFile.open(baked.path())) {
      assertThat(after.tensors())
          .extracting(TensorInfo::name)
          .containsExactlyInAnyOrder(
              CHANGED + ".weight", CHANGED + ".bias", OTHER + ".weight", OTHER + ".bias");
      double[] codes = values(before, OTHER + ".weight");
      double[] widened = values(after, OTHER + ".weight");
      double scale = values(before, OTHER + ".scale_weight")[0];
      for (int i = 0; i < codes.length; i++) {
        assertThat(widened[i]).isEqualTo((float) (codes[i] * scale));
      }
      double[] exact = exact(before, ".scale_weight");
      double[] changed = values(after, CHANGED + ".weight");
      for (int i = 0; i < exact.length; i++) {
        assertThat(changed[i]).isEqualTo((float) exact[i]);
      }
    }
  }

  @Test
  void stochasticRoundingIsTheSameForAnyThreadsAndKeepsASmallChange() throws IOException {
    Path base = base(DType.F8_E4M3, ".scale_weight", "scaled_fp8");
    Path adapter = adapter(0.002);
    Baked nearest = bake(base, adapter, Optional.empty(), OptionalLong.empty(), 1);
    Baked one = bake(base, adapter, Optional.empty(), OptionalLong.of(1), 1);
    Baked again = bake(base, adapter, Optional.empty(), OptionalLong.of(1), 4);
    Baked other = bake(base, adapter, Optional.empty(), OptionalLong.of(2), 1);
    assertThat(again.path()).hasSameBinaryContentAs(one.path());
    assertThat(Files.readAllBytes(other.path())).isNotEqualTo(Files.readAllBytes(one.path()));
    assertThat(one.report().survival().getFirst().unchanged())
        .isLessThan(nearest.report().survival().getFirst().unchanged());
  }

  @Test
  void plainFp8IsRoundedStochasticallyToo() throws IOException {
    put(CHANGED + ".weight", DType.BF16, Shape.of(ROWS, COLUMNS), noise(ROWS * COLUMNS, 1));
    put(OTHER + ".weight", DType.BF16, Shape.of(ROWS, COLUMNS), noise(ROWS * COLUMNS, 1));
    Path base = write("base.safetensors", Map.of());
    Path adapter = adapter(0.01);
    Optional<DType> fp8 = Optional.of(DType.F8_E4M3);
    Baked baked = bake(base, adapter, fp8, OptionalLong.of(3), 2);
    int other = 0;
    try (SafetensorsFile before = SafetensorsFile.open(base);
        SafetensorsFile after = SafetensorsFile.open(baked.path())) {
      double[] from = values(before, OTHER + ".weight");
      double[] to = values(after, OTHER + ".weight");
      for (int i = 0; i < from.length; i++) {
        double step = Math.ulp((float) from[i]) * (1 << 20);
        assertThat(Math.abs(to[i] - from[i])).isLessThan(Math.max(step, 0x1p-9));
        other += to[i] == Narrow.round(from[i], DType.F8_E4M3) ? 0 : 1;
      }
    }
    assertThat(other).as("values that did not go to the nearest").isPositive();
  }

  @Test
  void aScaleThatIsNoNumberAboveZeroIsRefused() throws IOException {
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      put(CHANGED + ".weight", DType.F8_E4M3, Shape.of(ROWS, COLUMNS), noise(96, 300));
      put(CHANGED + ".scale_weight", DType.F32, Shape.of(1), wrong);
      Path base = write("base.safetensors", Map.of());
      Path adapter = adapter(1);
      assertThatThrownBy(() -> bake(base, adapter, Optional.empty(), OptionalLong.empty(), 1))
          .isInstanceOf(BakeException.class)
          .hasMessageContaining("expected a number above 0");
    }
    assertThat(folder).isDirectoryNotContaining("glob:**out-*");
  }

  @Test
  void scalesOfBlocksAreRefusedBeforeAnythingIsWritten() throws IOException {
    put(CHANGED + ".weight", DType.F8_E4M3, Shape.of(ROWS, COLUMNS), noise(96, 300));
    put(CHANGED + ".weight_scale", DType.BF16, Shape.of(ROWS, 1), noise(ROWS, 1));
    Path base = write("base.safetensors", Map.of());
    Path adapter = adapter(1);
    assertThatThrownBy(() -> bake(base, adapter, Optional.empty(), OptionalLong.empty(), 1))
        .isInstanceOf(BakeException.class)
        .hasMessageContaining("block-quantised")
        .hasMessageContaining("[12, 1]");
  }
}
