package radiata.adapter.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.Additive;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Widen;
import radiata.safetensors.provenance.Recipe;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// FLUX fuses what diffusers splits: `qkv` is q, k and v, `linear1` is q, k, v and the MLP, and the
/// halves of the last modulation are swapped.
class FusedWeightsTest {
  private static final long WIDTH = 8;
  private static final String DOUBLE = "lora_unet_double_blocks_0_img_attn_qkv";
  private static final String SINGLE = "lora_unet_single_blocks_3_linear1";
  private static final String LAST = "lora_unet_final_layer_adaLN_modulation_1";

  @TempDir Path folder;
  private final Random random = new Random(7);
  private final NameTable flux = NameTable.of(Family.FLUX);
  private int files;

  /// Tensors of a file, as floats.
  private record Tensor(Shape shape, float[] values) {}

  private Tensor random(long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return new Tensor(shape, values);
  }

  private static Tensor number(float value) {
    return new Tensor(Shape.SCALAR, new float[] {value});
  }

  private void pair(Map<String, Tensor> into, String name, long out, long rank, float alpha) {
    into.put(name + ".lora_up.weight", random(out, rank));
    into.put(name + ".lora_down.weight", random(rank, WIDTH));
    into.put(name + ".alpha", number(alpha));
  }

  private Path write(Map<String, Tensor> tensors) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, t) -> specs.add(new TensorSpec(name, DType.F32, t.shape())));
    Header header = Header.canonical(specs, Map.of());
    Path path = folder.resolve("in" + files++ + ".safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, header, Replace.REFUSE);
        Arena arena = Arena.ofConfined()) {
      for (TensorInfo info : header.tensors()) {
        writer.write(
            info,
            0,
            arena.allocateFrom(
                ValueLayout.JAVA_FLOAT_UNALIGNED, tensors.get(info.name()).values()));
      }
      writer.commit();
    }
    return path;
  }

  private Path convert(Path from, Dialect to) throws IOException {
    Path path = folder.resolve("out" + files++);
    try (AdapterFile file = AdapterFile.open(from, Limits.DEFAULT, null)) {
      Converted converted = Conversion.of(file, flux, new Conversion.Request(to, null, false));
      new AdapterWriter(converted, file, new Recipe("convert", Map.of()), Optional.empty())
          .write(path, Replace.REFUSE, bytes -> {});
    }
    return path;
  }

  private static Map<String, List<Object>> tensors(Path path) throws IOException {
    Map<String, List<Object>> all = new TreeMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined()) {
      for (TensorInfo tensor : file.tensors()) {
        MemorySegment bytes = arena.allocate(tensor.bytes());
        file.read(tensor, 0, bytes);
        List<Byte> content = new ArrayList<>();
        for (byte each : bytes.toArray(ValueLayout.JAVA_BYTE)) {
          content.add(each);
        }
        all.put(tensor.name(), List.of(tensor.dtype(), tensor.shape(), content));
      }
    }
    return all;
  }

  /// The delta of every module, by name.
  private static Map<String, double[]> deltas(Path path) throws IOException {
    Map<String, double[]> deltas = new LinkedHashMap<>();
    try (AdapterFile file = AdapterFile.open(path, Limits.DEFAULT, null);
        Arena arena = Arena.ofConfined()) {
      Doubles on = new Doubles(arena);
      for (AdapterModule module : file.modules()) {
        Additive<DoubleTensor> adapter =
            (Additive<DoubleTensor>) module.adapter().map(info -> load(file, info, on));
        DoubleTensor zero = on.affine(on.empty(module.madeFor()), 0, 0);
        deltas.put(
            module.name(),
            adapter.delta(zero, on, Profiles.EXACT).data().toArray(ValueLayout.JAVA_DOUBLE));
      }
    }
    return deltas;
  }

  private static DoubleTensor load(AdapterFile file, TensorInfo info, Doubles on) {
    DoubleTensor tensor = on.empty(info.shape());
    MemorySegment bytes = Arena.ofAuto().allocate(info.bytes());
    try {
      file.file().read(info, 0, bytes);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    Widen.toDoubles(bytes, 0, info.dtype(), tensor.data(), 0, info.shape().elements());
    return tensor;
  }

  private static double[] rows(double[] matrix, long start, long count) {
    return java.util.Arrays.copyOfRange(
        matrix, (int) (start * WIDTH), (int) ((start + count) * WIDTH));
  }

  @Test
  void aFusedPairIsSplitForDiffusersAndComesBack() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    pair(file, DOUBLE, 3 * WIDTH, 4, 3);
    pair(file, SINGLE, 7 * WIDTH, 2, 0.7f);
    pair(file, LAST, 2 * WIDTH, 2, 1);
    Path kohya = write(file);
    Path diffusers = convert(kohya, Dialect.DIFFUSERS);
    Map<String, double[]> before = deltas(kohya);
    Map<String, double[]> after = deltas(diffusers);
    String attention = "transformer.transformer_blocks.0.attn.to_";
    assertThat(after.get(attention + "q")).isEqualTo(rows(before.get(DOUBLE), 0, WIDTH));
    assertThat(after.get(attention + "v")).isEqualTo(rows(before.get(DOUBLE), 2 * WIDTH, WIDTH));
    assertThat(after.get("transformer.single_transformer_blocks.3.proj_mlp"))
        .isEqualTo(rows(before.get(SINGLE), 3 * WIDTH, 4 * WIDTH));
    assertThat(rows(after.get("transformer.norm_out.linear"), 0, WIDTH))
        .isEqualTo(rows(before.get(LAST), WIDTH, WIDTH));
    assertThat(after).hasSize(8);
    assertThat(tensors(convert(diffusers, Dialect.KOHYA))).isEqualTo(tensors(kohya));
  }

  @Test
  void separatePairsAreJoinedAlongADiagonalAndComeBack() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    String at = "lora_transformer_transformer_blocks_0_attn_to_";
    pair(file, at + "q", WIDTH, 2, 0.1f);
    pair(file, at + "k", WIDTH, 2, 0.1f);
    pair(file, at + "v", WIDTH, 2, 0.1f);
    pair(file, "lora_transformer_single_transformer_blocks_3_proj_mlp", 4 * WIDTH, 3, 0.4f);
    Path split = write(file);
    Path kohya = convert(split, Dialect.KOHYA);
    Map<String, double[]> fused = deltas(kohya);
    Map<String, double[]> parts = deltas(split);
    assertThat(fused.get(DOUBLE)).hasSize((int) (3 * WIDTH * WIDTH));
    for (int i = 0; i < WIDTH * WIDTH; i++) {
      assertThat(fused.get(DOUBLE)[(int) (WIDTH * WIDTH) + i])
          .isCloseTo(parts.get(at + "k")[i], org.assertj.core.api.Assertions.within(1e-15));
    }
    assertThat(rows(fused.get(SINGLE), 0, 3 * WIDTH)).containsOnly(0);
    assertThat(tensors(convert(kohya, Dialect.KOHYA_DIFFUSERS))).isEqualTo(tensors(split));
  }

  @Test
  void aPairOnOneOfThreeLeavesTheOthersUntouched() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    pair(file, "lora_transformer_transformer_blocks_0_attn_to_v", WIDTH, 2, 1);
    Path split = write(file);
    Path kohya = convert(split, Dialect.KOHYA);
    assertThat(rows(deltas(kohya).get(DOUBLE), 0, 2 * WIDTH)).containsOnly(0);
    assertThat(tensors(convert(kohya, Dialect.KOHYA_DIFFUSERS))).isEqualTo(tensors(split));
  }

  @Test
  void scalesThatDifferAreFoldedOnlyWhereThatDoesNotRound() throws IOException {
    Map<String, Tensor> even = new LinkedHashMap<>();
    String at = "lora_transformer_transformer_blocks_0_attn_to_";
    pair(even, at + "q", WIDTH, 2, 1);
    pair(even, at + "k", WIDTH, 2, 4);
    Path fused = convert(write(even), Dialect.KOHYA);
    assertThat(deltas(fused)).containsOnlyKeys(DOUBLE);
    Map<String, Tensor> odd = new LinkedHashMap<>();
    pair(odd, at + "q", WIDTH, 2, 1);
    pair(odd, at + "k", WIDTH, 2, 3);
    Path uneven = write(odd);
    assertThatThrownBy(() -> convert(uneven, Dialect.KOHYA))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("--dtype fp32");
  }

  @Test
  void aDifferenceOfAFusedWeightIsCutByItsRows() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    file.put(DOUBLE + ".diff", random(3 * WIDTH, WIDTH));
    file.put(DOUBLE + ".diff_b", random(3 * WIDTH));
    Path kohya = write(file);
    Path split = convert(kohya, Dialect.KOHYA_DIFFUSERS);
    assertThat(tensors(split)).hasSize(6);
    assertThat(tensors(convert(split, Dialect.KOHYA))).isEqualTo(tensors(kohya));
  }

  @Test
  void magnitudesPerOutputAreCutAndThosePerInputRefused() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    pair(file, DOUBLE, 3 * WIDTH, 2, 2);
    file.put(DOUBLE + ".dora_scale", random(3 * WIDTH, 1));
    Path kohya = write(file);
    Path split = convert(kohya, Dialect.DIFFUSERS);
    assertThat(
            tensors(split).get("transformer.transformer_blocks.0.attn.to_k.lora_magnitude_vector"))
        .contains(Shape.of(WIDTH));
    assertThat(tensors(convert(split, Dialect.KOHYA))).isEqualTo(tensors(kohya));
    file.put(DOUBLE + ".dora_scale", random(1, WIDTH));
    Path input = write(file);
    assertThatThrownBy(() -> convert(input, Dialect.KOHYA_DIFFUSERS))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("--axis output");
  }

  @Test
  void theSmallFactorOfLokrIsCutWhereItDividesTheFusedRows() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    file.put(DOUBLE + ".lokr_w1", random(6, 2));
    file.put(DOUBLE + ".lokr_w2", random(WIDTH / 2, WIDTH / 2));
    file.put(DOUBLE + ".alpha", number(1));
    Path kohya = write(file);
    Path split = convert(kohya, Dialect.KOHYA_DIFFUSERS);
    assertThat(rows(deltas(kohya).get(DOUBLE), WIDTH, WIDTH))
        .isEqualTo(deltas(split).get("lora_transformer_transformer_blocks_0_attn_to_k"));
    assertThat(tensors(convert(split, Dialect.KOHYA))).isEqualTo(tensors(kohya));
  }

  @Test
  void aSmallFactorOfOneRowIsJoinedByItsRows() throws IOException {
    Map<String, Tensor> file = new LinkedHashMap<>();
    file.put(DOUBLE + ".lokr_w1", random(3, 2));
    file.put(DOUBLE + ".lokr_w2", random(WIDTH, WIDTH / 2));
    file.put(DOUBLE + ".alpha", number(1));
    Path kohya = write(file);
    Path split = convert(kohya, Dialect.KOHYA_DIFFUSERS);
    assertThat(deltas(split).get("lora_transformer_transformer_blocks_0_attn_to_v"))
        .isEqualTo(rows(deltas(kohya).get(DOUBLE), 2 * WIDTH, WIDTH));
    assertThat(tensors(convert(split, Dialect.KOHYA))).isEqualTo(tensors(kohya));
  }
}
