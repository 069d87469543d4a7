package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.convention.Profiles;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// One tiny FLUX, stored with the fused names of its authors and with diffusers' split names: an
/// adapter in either way of naming changes both to the same weights.
class FluxLayoutsTest {
  private static final int H = 16;

  /// Where rows of the fused layout are in the split one: tensor, rows from, to, tensor, rows from.
  private record Move(String fused, int from, int to, String split, int at) {}

  private static final List<Move> MOVES =
      List.of(
          new Move("double_blocks.0.img_attn.qkv", 0, H, "transformer_blocks.0.attn.to_q", 0),
          new Move("double_blocks.0.img_attn.qkv", H, 2 * H, "transformer_blocks.0.attn.to_k", 0),
          new Move(
              "double_blocks.0.img_attn.qkv", 2 * H, 3 * H, "transformer_blocks.0.attn.to_v", 0),
          new Move("double_blocks.0.img_mlp.0", 0, 4 * H, "transformer_blocks.0.ff.net.0.proj", 0),
          new Move("single_blocks.0.linear1", 0, H, "single_transformer_blocks.0.attn.to_q", 0),
          new Move("single_blocks.0.linear1", H, 2 * H, "single_transformer_blocks.0.attn.to_k", 0),
          new Move(
              "single_blocks.0.linear1", 2 * H, 3 * H, "single_transformer_blocks.0.attn.to_v", 0),
          new Move(
              "single_blocks.0.linear1", 3 * H, 7 * H, "single_transformer_blocks.0.proj_mlp", 0),
          new Move("final_layer.adaLN_modulation.1", 0, H, "norm_out.linear", H),
          new Move("final_layer.adaLN_modulation.1", H, 2 * H, "norm_out.linear", 0));

  @TempDir Path folder;

  private final RandomGenerator random = new SplittableRandom(7);
  private final Map<String, double[]> weights = new LinkedHashMap<>();

  @BeforeEach
  void weights() {
    MOVES.forEach(move -> weights.putIfAbsent(move.fused(), new double[0]));
    weights.replaceAll((name, none) -> noise(rows(name) * H, 0.1));
  }

  private static int rows(String fused) {
    return MOVES.stream()
        .filter(move -> move.fused().equals(fused))
        .mapToInt(Move::to)
        .max()
        .orElseThrow();
  }

  private static int splitRows(String split) {
    return MOVES.stream()
        .filter(move -> move.split().equals(split))
        .mapToInt(move -> move.at() + move.to() - move.from())
        .max()
        .orElseThrow();
  }

  private double[] noise(int count, double size) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> size * random.nextGaussian());
    return values;
  }

  private Path fusedBase(DType dtype) throws IOException {
    Values base = new Values();
    weights.forEach((name, values) ->
        base.add(
            "model.diffusion_model." + name + ".weight",
            dtype,
            Shape.of(values.length / H, H),
            values));
    Path file = folder.resolve("fused.safetensors");
    base.write(file);
    return file;
  }

  private Path splitBase(DType dtype) throws IOException {
    Values base = new Values();
    split(weights)
        .forEach((name, values) ->
            base.add(name + ".weight", dtype, Shape.of(values.length / H, H), values));
    Path file = folder.resolve("split.safetensors");
    base.write(file);
    return file;
  }

  private static Map<String, double[]> split(Map<String, double[]> fused) {
    Map<String, double[]> split = new LinkedHashMap<>();
    for (Move move : MOVES) {
      double[] into = split.computeIfAbsent(move.split(), name -> new double[splitRows(name) * H]);
      double[] from = fused.get(move.fused());
      System.arraycopy(from, move.from() * H, into, move.at() * H, (move.to() - move.from()) * H);
    }
    return split;
  }

  /// An adapter on every module of a layout.
  ///
  /// @param dora `none`, `output` or `input`
  private Path adapter(String file, boolean fused, String dora) throws IOException {
    Values values = new Values();
    List<String> modules =
        MOVES.stream().map(fused ? Move::fused : Move::split).distinct().toList();
    for (String module : modules) {
      int rows = fused ? rows(module) : splitRows(module);
      String name = (fused ? "lora_unet_" : "lora_transformer_") + module.replace('.', '_');
      values.add(name + ".lora_down.weight", DType.F32, Shape.of(3, H), noise(3 * H, 0.3));
      values.add(name + ".lora_up.weight", DType.F32, Shape.of(rows, 3), noise(rows * 3, 0.3));
      values.add(name + ".alpha", DType.F32, Shape.SCALAR, new double[] {2});
      if (!dora.equals("none")) {
        boolean output = dora.equals("output");
        int count = output ? rows : H;
        double[] magnitude = noise(count, 0.05);
        Arrays.setAll(magnitude, i -> 0.5 + magnitude[i]);
        values.add(
            name + ".dora_scale",
            DType.F32,
            output ? Shape.of(rows, 1) : Shape.of(1, H),
            magnitude);
      }
    }
    Path path = folder.resolve(file);
    values.write(path);
    return path;
  }

  private Map<String, double[]> baked(Path base, List<Path> adapters, DType dtype)
      throws IOException {
    Path output = folder.resolve("out-" + base.getFileName());
    Bakes.bake(
        base,
        adapters,
        adapters.stream().map(adapter -> 0.7).toList(),
        Profiles.EXACT,
        Optional.of(dtype),
        false,
        2,
        output);
    return Values.read(output);
  }

  private void requireTheSame(List<Path> adapters, DType dtype) throws IOException {
    requireTheSame(adapters, dtype, "");
  }

  /// @param changing what the names of the tensors begin with that the adapters change
  private void requireTheSame(List<Path> adapters, DType dtype, String changing)
      throws IOException {
    Map<String, double[]> fused = new LinkedHashMap<>();
    baked(fusedBase(dtype), adapters, dtype)
        .forEach((name, values) ->
            fused.put(
                name.substring("model.diffusion_model.".length()).replaceAll("\\.weight$", ""),
                values));
    Map<String, double[]> expected = split(fused);
    Map<String, double[]> split = baked(splitBase(dtype), adapters, dtype);
    assertThat(split).hasSameSizeAs(expected);
    double step = dtype == DType.F32 ? 0x1p-23 : 0x1p-10;
    expected.forEach((name, values) -> {
      double[] got = split.get(name + ".weight");
      double[] before = split(weights).get(name);
      assertThat(got).as(name).hasSameSizeAs(values);
      double moved = 0;
      for (int i = 0; i < values.length; i++) {
        assertThat(Math.abs(got[i] - values[i]))
            .as("%s at %d", name, i)
            .isLessThanOrEqualTo(step * Math.max(Math.abs(values[i]), 0x1p-14));
        moved = Math.max(moved, Math.abs(values[i] - before[i]));
      }
      assertThat(moved > 0.01).as("%s changes", name).isEqualTo(name.startsWith(changing));
    });
  }

  @ParameterizedTest
  @CsvSource({
    "true, none, F16",
    "true, none, F32",
    "true, output, F16",
    "true, output, F32",
    "true, input, F16",
    "true, input, F32",
    "false, none, F16",
    "false, none, F32",
    "false, output, F16",
    "false, output, F32",
    "false, input, F16",
    "false, input, F32"
  })
  void bothLayoutsBakeToTheSameWeights(boolean fused, String dora, DType dtype) throws IOException {
    requireTheSame(List.of(adapter("a.safetensors", fused, dora)), dtype);
  }

  @ParameterizedTest
  @CsvSource({"F16", "F32"})
  void adaptersOfBothWaysOfNamingFollowEachOther(DType dtype) throws IOException {
    requireTheSame(
        List.of(
            adapter("a.safetensors", true, "output"),
            adapter("b.safetensors", false, "none"),
            adapter("c.safetensors", true, "none")),
        dtype);
  }

  /// Kronecker products whose groups of rows end where a part ends, and others that have to be put
  /// together from q, k and v.
  @ParameterizedTest
  @CsvSource({"16, F16", "12, F16", "16, F32", "12, F32"})
  void productsOverAFusedWeightAreTheSameOverItsParts(int group, DType dtype) throws IOException {
    Values values = new Values();
    String name = "lycoris_double_blocks_0_img_attn_qkv.";
    int groups = 3 * H / group;
    values.add(name + "lokr_w1", DType.F32, Shape.of(groups, 4), noise(groups * 4, 0.3));
    values.add(name + "lokr_w2", DType.F32, Shape.of(group, H / 4), noise(group * H / 4, 0.3));
    Path adapter = folder.resolve("lokr.safetensors");
    values.write(adapter);
    requireTheSame(List.of(adapter), dtype, "transformer_blocks.0.attn.");
  }

  @Test
  void theSplitModulationIsTurnedRound() throws IOException {
    Values values = new Values();
    double[] up = new double[2 * H];
    Arrays.fill(up, 0, H, 1);
    values.add("transformer.norm_out.linear.lora_A.weight", DType.F32, Shape.of(1, H), ones(H));
    values.add("transformer.norm_out.linear.lora_B.weight", DType.F32, Shape.of(2 * H, 1), up);
    Path adapter = folder.resolve("scale.safetensors");
    values.write(adapter);
    double[] got =
        baked(fusedBase(DType.F32), List.of(adapter), DType.F32)
            .get("model.diffusion_model.final_layer.adaLN_modulation.1.weight");
    double[] before = weights.get("final_layer.adaLN_modulation.1");
    for (int i = 0; i < got.length; i++) {
      double change = i < H * H ? 0 : 0.7;
      assertThat(got[i] - before[i]).isCloseTo(change, org.assertj.core.data.Offset.offset(1e-6));
    }
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  @Test
  void aFusedDoraOverTensorsThatAnEarlierAdapterChangedIsRefused() throws IOException {
    List<Path> adapters =
        List.of(adapter("a.safetensors", false, "none"), adapter("b.safetensors", true, "input"));
    Path base = splitBase(DType.F16);
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() -> baked(base, adapters, DType.F16))
        .withMessageContaining("transformer_blocks.0.attn.to_k.weight")
        .withMessageContaining("first");
  }

  @Test
  void aFusedModuleBesideItsPartsIsASecondModule() throws IOException {
    Values values = new Values();
    for (String name :
        List.of("lora_unet_double_blocks_0_img_attn_qkv", "transformer_blocks.0.attn.to_k")) {
      int rows = name.startsWith("lora") ? 3 * H : H;
      values.add(name + ".lora_down.weight", DType.F32, Shape.of(1, H), noise(H, 1));
      values.add(name + ".lora_up.weight", DType.F32, Shape.of(rows, 1), noise(rows, 1));
    }
    Path adapter = folder.resolve("twice.safetensors");
    values.write(adapter);
    for (Path base : List.of(fusedBase(DType.F16), splitBase(DType.F16))) {
      assertThatExceptionOfType(BakeException.class)
          .isThrownBy(() -> baked(base, List.of(adapter), DType.F16))
          .withMessageContaining("a second module for");
    }
  }

  @Test
  void splitTensorsOfDifferentWidthsAreNoFusedModule() throws IOException {
    Values base = new Values();
    for (String name : List.of("to_q", "to_k", "to_v")) {
      int width = name.equals("to_k") ? H + 1 : H;
      base.add(
          "transformer_blocks.0.attn." + name + ".weight",
          DType.F16,
          Shape.of(H, width),
          noise(H * width, 1));
    }
    base.add(
        "single_transformer_blocks.0.proj_mlp.weight", DType.F16, Shape.of(4, H), noise(4 * H, 1));
    Path file = folder.resolve("odd.safetensors");
    base.write(file);
    Path adapter = adapter("a.safetensors", true, "none");
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() ->
            Bakes.bake(
                file,
                List.of(adapter),
                List.of(1.0),
                Profiles.EXACT,
                Optional.empty(),
                true,
                1,
                folder.resolve("o.safetensors")))
        .withMessageContaining("they are one module to the adapter");
  }
}
