package radiata.train.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.convention.DoraAxis;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.train.adapter.Blueprint.Algorithm;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Torch;
import radiata.train.model.DiffusionModel;
import radiata.train.nn.Projection;
import radiata.train.nn.TensorReader;
import radiata.train.replay.Pack;

/// New adapters against those that LyCORIS began its recorded runs with.
final class DraftTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata")).resolve("golden/train");

  private final Torch torch = Torch.on(Device.CPU);

  private static Blueprint blueprint(Pack pack) {
    String algorithm = pack.text("adapter", "algorithm").orElseThrow();
    Algorithm base =
        algorithm.startsWith("loha")
            ? Algorithm.LOHA
            : algorithm.startsWith("lokr") ? Algorithm.LOKR : Algorithm.LORA;
    Optional<DoraAxis> axis =
        pack.flag("adapter", "dora")
            ? Optional.of(pack.flag("adapter", "wd_on_output") ? DoraAxis.OUTPUT : DoraAxis.INPUT)
            : Optional.empty();
    return new Blueprint(
        base,
        (int) pack.need("adapter", "network_dim"),
        pack.need("adapter", "network_alpha"),
        (int) pack.need("adapter", "conv_dim"),
        pack.need("adapter", "conv_alpha"),
        axis,
        false,
        pack.number("adapter", "factor").orElse(-1.0).intValue(),
        false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sd1-dora-out", "sd1-dora-in", "sd1-lora-conv", "sd1-loha", "sd1-lokr"})
  void aNewAdapterHasTheTensorsOfTheProgramThatItIsModelledOn(String name) throws IOException {
    Pack pack = Pack.open(GOLDEN.resolve(name));
    try (Checkpoint base = Checkpoint.open(pack.base(), Limits.DEFAULT);
        Scope _ = Scope.open();
        DiffusionModel model = DiffusionModel.of(base, torch);
        TensorFile record =
            TensorFile.open(pack.folder().resolve("initial_adapter.safetensors"), Limits.DEFAULT)) {
      Draft draft = new Draft(torch, blueprint(pack), Draft.Spelling.KOHYA, DType.F32, 1);
      Targets full = Targets.preset("full").orElseThrow();
      model
          .unet(DType.F32)
          .layers()
          .projections()
          .forEach((path, layer) -> {
            if (full.unet().test(path)) {
              draft.add("lora_unet_" + path.replace('.', '_'), layer);
            }
          });
      TrainedAdapter adapter = draft.adapter();
      Map<String, Shape> found = new TreeMap<>();
      adapter.parameters().forEach((key, tensor) -> found.put(key, tensor.shape()));
      adapter.alphas().keySet().forEach(key -> found.put(key, Shape.SCALAR));
      Map<String, Shape> expected = new TreeMap<>();
      record.tensors().forEach(info -> expected.put(info.name(), info.shape()));
      assertThat(found).isEqualTo(expected);
      begins(adapter, new TensorReader(torch, record));
    }
  }

  /// What is zero or follows from the model is as recorded; the rest is drawn by chance.
  private static void begins(TrainedAdapter adapter, TensorReader record) throws IOException {
    for (TensorInfo info : record.file().tensors()) {
      double[] expected = record.read(info).doubles();
      if (info.name().endsWith(".alpha")) {
        assertThat(adapter.alphas().get(info.name())).isCloseTo(expected[0], within(1e-6));
        continue;
      }
      double[] found = adapter.parameters().get(info.name()).doubles();
      boolean zero = java.util.Arrays.stream(expected).allMatch(x -> x == 0);
      if (zero || info.name().endsWith("dora_scale")) {
        assertThat(found).as(info.name()).containsExactly(expected, within(1e-6));
      } else {
        assertThat(java.util.Arrays.stream(found).anyMatch(x -> x != 0)).as(info.name()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"full, 282", "full-lin, 230", "attn-mlp, 192", "unet-convblock-only, 88"})
  void aPresetTakesAsManyLayersOfSd1AsInLycoris(String preset, int layers) throws IOException {
    Targets targets = Targets.preset(preset).orElseThrow();
    try (Checkpoint base = Checkpoint.open(GOLDEN.resolve("sd1-pipeline"), Limits.DEFAULT);
        Scope _ = Scope.open();
        DiffusionModel model = DiffusionModel.of(base, torch)) {
      Map<String, Projection> all = model.unet(DType.F32).layers().projections();
      long taken =
          all.values().stream()
              .filter(layer -> targets.unet().test(layer.path()))
              .filter(layer ->
                  targets.kernels() || layer.shape().rank() == 2 || layer.shape().dim(2) == 1)
              .count();
      assertThat(taken).isEqualTo(layers);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "127, -1, 1, 127", "128, -1, 8, 16", "128, 2, 2, 64", "128, 4, 4, 32", "250, -1, 10, 25",
    "250, 4, 2, 125", "250, 8, 5, 50", "250, 16, 10, 25", "360, -1, 18, 20", "360, 16, 15, 24",
    "512, -1, 16, 32", "1024, 16, 16, 64", "320, 8, 8, 40", "320, 32, 10, 32"
  })
  void aDimensionIsSplitAsInLycoris(int dimension, int factor, int small, int large) {
    assertThat(Kronecker.of(dimension, factor)).isEqualTo(new Kronecker(small, large));
  }

  @Test
  void targetsAreNamesEndingsAndPatterns() {
    Targets named = Targets.named(java.util.List.of("q_proj", "model.layers.?.mlp.*"));
    assertThat(named.text().test("model.layers.0.self_attn.q_proj")).isTrue();
    assertThat(named.text().test("model.layers.0.mlp.up_proj")).isTrue();
    assertThat(named.text().test("model.layers.10.mlp.up_proj")).isFalse();
    assertThat(named.text().test("model.layers.0.self_attn.xq_proj")).isFalse();
    assertThat(Targets.named(java.util.List.of("all-linear")).text().test("lm_head")).isFalse();
  }
}
