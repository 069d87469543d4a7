package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.convert;
import static radiata.convert.ConvertedModels.open;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import radiata.convert.ConversionReport.Overflow;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// Numbers in another dtype: each is rounded once, and what does not fit is counted.
class DtypeTest {
  private static final ConversionRequest KEEP = ConversionRequest.to(TargetLayout.KEEP);

  @TempDir Path folder;

  private Path write(DType dtype, Map<String, double[]> tensors) throws IOException {
    List<TensorSpec> specs =
        tensors.entrySet().stream()
            .map(e -> new TensorSpec(e.getKey(), dtype, Shape.of(e.getValue().length)))
            .toList();
    Header header = Header.canonical(specs, Map.of());
    Path file = folder.resolve("in-" + dtype + ".safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo info : header.tensors()) {
        double[] values = tensors.getOrDefault(info.name(), new double[0]);
        byte[] bytes = new byte[(int) info.bytes()];
        Narrow.fromDoubles(values, 0, values.length, dtype, MemorySegment.ofArray(bytes), 0);
        writer.write(info, 0, MemorySegment.ofArray(bytes));
      }
      writer.commit();
    }
    return file;
  }

  private static double[] read(Path model, String name, DType expected) throws IOException {
    try (Checkpoint checkpoint = open(model)) {
      Stored stored = checkpoint.tensor("", name).orElseThrow();
      assertThat(stored.info().dtype()).isEqualTo(expected);
      byte[] bytes = new byte[(int) stored.info().bytes()];
      stored.part().file().read(stored.info(), 0, MemorySegment.ofArray(bytes));
      double[] values = new double[(int) stored.info().shape().elements()];
      Widen.toDoubles(MemorySegment.ofArray(bytes), 0, expected, values, 0, values.length);
      return values;
    }
  }

  /// More elements than pass through memory at a time, of every dtype there is one of.
  @ParameterizedTest
  @EnumSource(names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void roundsEveryNumberOnce(DType from) throws IOException {
    Random random = new Random(11);
    double[] values = random.doubles(600_001, -3, 3).toArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = Narrow.round(values[i], from);
    }
    Path input = write(from, Map.of("weight", values));
    for (DType to : List.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2)) {
      Path output = folder.resolve(from + "-" + to + ".safetensors");
      convert(input, KEEP.with(to), output, 2);
      double[] expected = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        expected[i] = Narrow.round(values[i], to);
      }
      assertThat(read(output, "weight", to)).isEqualTo(expected);
    }
  }

  @Test
  void countsTheNumbersThatDoNotFit() throws IOException {
    Map<String, double[]> tensors = new LinkedHashMap<>();
    tensors.put("fits", new double[] {65_504, -65_504, 65_519, 1});
    tensors.put("two", new double[] {65_520, -1e30, 3, Double.NaN, Double.POSITIVE_INFINITY});
    for (DType from : List.of(DType.F32, DType.F64)) {
      Path input = write(from, tensors);
      Path output = folder.resolve(from + ".safetensors");
      try (Checkpoint checkpoint = open(input)) {
        ConversionPlan plan = CheckpointConversion.plan(checkpoint, KEEP.with(DType.F16), output);
        assertThat(plan.converted()).isEqualTo(2);
        ConversionReport report =
            CheckpointConversion.run(plan, output, Replace.REFUSE, 2, bytes -> {});
        assertThat(report.overflows()).containsExactly(new Overflow("two", 2));
      }
      assertThat(read(output, "two", DType.F16))
          .containsExactly(
              Double.POSITIVE_INFINITY,
              Double.NEGATIVE_INFINITY,
              3,
              Double.NaN,
              Double.POSITIVE_INFINITY);
    }
  }

  @Test
  void leavesIntegersAndOtherCodesAsTheyAre() throws IOException {
    List<TensorSpec> specs =
        List.of(
            new TensorSpec("position_ids", DType.I64, Shape.of(1, 77)),
            new TensorSpec("mask", DType.BOOL, Shape.of(5)),
            new TensorSpec("scales", DType.F8_E8M0, Shape.of(3)),
            new TensorSpec("fnuz", DType.F8_E4M3FNUZ, Shape.of(3)),
            new TensorSpec("nothing", DType.F32, Shape.of(0, 7)),
            new TensorSpec("weight", DType.F32, Shape.of(4, 4)));
    Path input = ConvertedModels.random(folder.resolve("in.safetensors"), specs, Map.of());
    Path output = folder.resolve("out.safetensors");
    ConversionPlan plan = convert(input, KEEP.with(DType.BF16), output, 1);
    assertThat(plan.converted()).isEqualTo(2);
    Map<String, String> before = ConvertedModels.contents(input);
    Map<String, String> after = ConvertedModels.contents(output);
    for (String kept : List.of("position_ids", "mask", "scales", "fnuz")) {
      assertThat(after.get(kept)).isEqualTo(before.get(kept));
    }
    assertThat(after.get("nothing")).startsWith("BF16 [0, 7]");
    assertThat(after.get("weight")).startsWith("BF16 [4, 4]");
  }

  @Test
  void keepsDataAndHashesWhereNothingIsAsked() throws IOException {
    List<TensorSpec> specs =
        List.of(
            new TensorSpec("b", DType.F16, Shape.of(3, 5)),
            new TensorSpec("a", DType.F32, Shape.of(2)));
    Map<String, String> metadata = Map.of("format", "pt", "sshs_model_hash", "still true");
    Path input = ConvertedModels.random(folder.resolve("in.safetensors"), specs, metadata);
    Path output = folder.resolve("out.safetensors");
    convert(input, KEEP, output, 1);
    try (SafetensorsFile before = SafetensorsFile.open(input);
        SafetensorsFile after = SafetensorsFile.open(output)) {
      assertThat(after.tensors()).isEqualTo(before.tensors());
      assertThat(after.metadata()).containsAllEntriesOf(metadata).hasSize(3);
    }
    assertThat(ConvertedModels.contents(output)).isEqualTo(ConvertedModels.contents(input));
  }
}
