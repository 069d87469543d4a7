package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.adapter.Replacement;
import radiata.adapter.Scale;
import radiata.convention.Algorithm;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.names.Dialect;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

class GoldenAdaptersTest {
  private static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));
  private static final Path BAKE = TESTDATA.resolve("golden/bake");

  @TestFactory
  Stream<DynamicTest> everyGoldenAdapterIsReadAsItsCaseSays() throws IOException {
    List<Path> adapters;
    try (Stream<Path> found = Files.walk(BAKE, 2)) {
      adapters =
          found
              .filter(path -> path.getFileName().toString().matches("adapter\\d*\\.safetensors"))
              .sorted()
              .toList();
    }
    assertThat(adapters).hasSizeGreaterThan(60);
    return adapters.stream()
        .map(path -> DynamicTest.dynamicTest(BAKE.relativize(path).toString(), () -> check(path)));
  }

  private static void check(Path path) throws IOException {
    JsonObject golden =
        JsonParser.parseString(Files.readString(path.resolveSibling("case.json")))
            .getAsJsonObject();
    try (AdapterFile adapter = open(path);
        SafetensorsFile base = SafetensorsFile.open(path.resolveSibling("base.safetensors"))) {
      holdsEveryTensorOnce(adapter);
      assertThat(adapter.unsupported()).isEmpty();
      assertThat(adapter.modules()).isNotEmpty();
      assertThat(adapter.misfits()).isEmpty();
      assertThat(adapter.unrecognised()).isEmpty();
      Map<String, String> algorithms = algorithms(adapter);
      Map<String, AdapterModule> modules =
          adapter.modules().stream()
              .filter(module -> !module.bias())
              .collect(Collectors.toMap(AdapterModule::name, Function.identity()));
      for (JsonElement each : golden.getAsJsonArray("layers")) {
        JsonObject layer = each.getAsJsonObject();
        if (layer.has("file") && !path.endsWith(layer.get("file").getAsString())) {
          continue;
        }
        String name = layer.get("adapter").getAsString();
        assertThat(algorithms.get(name))
            .as(name)
            .startsWith(
                switch (layer.get("algorithm").getAsString()) {
                  case "locon", "dylora" -> "lora";
                  case "oft_diag" -> "oft";
                  case String other -> other;
                });
        Optional<TensorInfo> weight = base.tensor(layer.get("weight").getAsString());
        if (modules.get(name) instanceof AdapterModule module
            && weight.isPresent()
            && !layer.has("slice")) {
          madeFor(module, weight.get().shape());
        }
      }
      axesAsTold(golden.get("algorithm").getAsString(), adapter);
    }
  }

  /// What acts on outputs alone tells their number, (IA)^3 that of outputs or inputs.
  private static void madeFor(AdapterModule module, Shape weight) {
    if (module.algorithm() == Algorithm.IA3) {
      assertThat(weight.dims()).contains(module.madeFor().dim(0));
    } else if (module.algorithm() == Algorithm.OFT || module.algorithm() == Algorithm.BOFT) {
      assertThat(module.madeFor()).isEqualTo(Shape.of(weight.dim(0)));
    } else {
      assertThat(module.madeFor().matrix()).isEqualTo(weight.matrix());
    }
  }

  private static void holdsEveryTensorOnce(AdapterFile adapter) {
    List<TensorInfo> all = new ArrayList<>();
    adapter.modules().forEach(module -> all.addAll(module.tensors()));
    adapter.unsupported().forEach(module -> all.addAll(module.tensors()));
    adapter.misfits().forEach(module -> all.addAll(module.tensors()));
    all.addAll(adapter.ignored());
    all.addAll(adapter.unrecognised());
    assertThat(all).containsExactlyInAnyOrderElementsOf(adapter.file().tensors());
  }

  private static Map<String, String> algorithms(AdapterFile adapter) {
    return adapter.modules().stream()
        .filter(module -> !module.bias())
        .collect(Collectors.toMap(AdapterModule::name, module -> module.algorithm().id()));
  }

  private static void axesAsTold(String algorithm, AdapterFile adapter) {
    List<Optional<DoraAxis>> axes =
        adapter.modules().stream().map(AdapterModule::axis).distinct().toList();
    if (algorithm.contains("(in axis)")) {
      assertThat(axes).isSubsetOf(Optional.of(DoraAxis.INPUT));
    } else if (algorithm.contains("(out axis)") || algorithm.contains("PEFT DoRA")) {
      assertThat(axes).isSubsetOf(Optional.of(DoraAxis.OUTPUT));
    } else if (!algorithm.contains("DoRA") && !algorithm.startsWith("stack")) {
      assertThat(axes).isSubsetOf(Optional.empty());
    }
  }

  @Test
  void readsRankAlphaAndPartsOfATuckerConvolution() throws IOException {
    try (AdapterFile adapter = open(BAKE.resolve("locon-tucker/adapter.safetensors"))) {
      AdapterModule module = module(adapter, "lycoris_blocks_1_resnet_conv1");
      assertThat(module.rank()).hasValue(4);
      assertThat(module.madeFor()).isEqualTo(Shape.of(8, 6, 3, 3));
      assertThat(module.tensors()).hasSize(4);
      assertThat(module.adapter())
          .isInstanceOfSatisfying(
              Lora.class,
              lora -> {
                assertThat(lora.factor()).isInstanceOf(Factor.Tucker.class);
                assertThat(lora.scale()).isEqualTo(new Scale(module.alpha(), 4));
              });
    }
  }

  @Test
  void takesAOneDimensionalMagnitudeByItsLength() throws IOException {
    try (AdapterFile adapter = open(BAKE.resolve("dora-1d-scale/adapter.safetensors"))) {
      assertThat(adapter.modules())
          .allSatisfy(module -> assertThat(module.axis()).hasValue(DoraAxis.OUTPUT));
    }
  }

  @Test
  void patternsAndRslorasRootCountForEachModule() throws IOException {
    try (AdapterFile adapter =
        open(BAKE.resolve("peft-llama-rslora-patterns/adapter.safetensors"))) {
      assertThat(adapter.dialect()).isEqualTo(Dialect.PEFT);
      assertThat(adapter.writer()).isEqualTo("peft");
      assertThat(scale(adapter, "layers.0.mlp.down_proj"))
          .isEqualTo(new Scale(OptionalDouble.of(9), Math.sqrt(6)));
      assertThat(scale(adapter, "layers.1.mlp.down_proj"))
          .isEqualTo(new Scale(OptionalDouble.of(6), Math.sqrt(6)));
      assertThat(scale(adapter, "layers.0.self_attn.k_proj"))
          .isEqualTo(new Scale(OptionalDouble.of(3), Math.sqrt(4)));
      assertThat(scale(adapter, "layers.1.self_attn.q_proj"))
          .isEqualTo(new Scale(OptionalDouble.of(6), Math.sqrt(2)));
    }
  }

  @Test
  void aSecondPeftFileTakesTheConfigOfItsOwnName() throws IOException {
    try (AdapterFile first = open(BAKE.resolve("peft-stack-dora/adapter.safetensors"));
        AdapterFile second = open(BAKE.resolve("peft-stack-dora/adapter2.safetensors"))) {
      assertThat(first.modules())
          .extracting(AdapterModule::alpha)
          .containsOnly(OptionalDouble.of(4));
      assertThat(second.modules())
          .extracting(AdapterModule::alpha)
          .containsOnly(OptionalDouble.of(5));
    }
  }

  @Test
  void peftsMagnitudeOfAConvolutionIsPerOutputThoughShapedLikeInputs() throws IOException {
    try (AdapterFile adapter = open(BAKE.resolve("peft-conv2d-dora/adapter.safetensors"))) {
      AdapterModule square = module(adapter, "base_model.model.enc.conv2");
      assertThat(square.adapter())
          .isInstanceOfSatisfying(
              Dora.class,
              dora -> {
                assertThat(dora.axis()).isEqualTo(DoraAxis.OUTPUT);
                assertThat(dora.key()).isEqualTo(Magnitude.LORA_MAGNITUDE_VECTOR);
              });
    }
  }

  @Test
  void saysThatGpt2StoresItsWeightsTransposed() throws IOException {
    try (AdapterFile adapter = open(BAKE.resolve("peft-gpt2-lora/adapter.safetensors"))) {
      assertThat(adapter.modules()).allMatch(AdapterModule::fanInFanOut);
    }
  }

  @Test
  void tellsDialectAndWriter() throws IOException {
    told("sd1-kohya-lora", Dialect.KOHYA, "lycoris");
    told("sdxl-kohya-lora", Dialect.KOHYA, "lycoris");
    told("onetrainer-sdxl-dora", Dialect.KOHYA_DIFFUSERS, "onetrainer");
    told("aitoolkit-dora", Dialect.AITOOLKIT, "ai-toolkit");
    told("dotted-comfy-lora", Dialect.COMFYUI, "comfyui");
    told("locon-linear-conv2d", Dialect.LYCORIS, "lycoris");
    told("sd1-kohya-factor-ndim", Dialect.KOHYA, "sd-scripts");
    told("peft-llama-dora", Dialect.PEFT, "peft");
  }

  private static void told(String golden, Dialect dialect, String writer) throws IOException {
    try (AdapterFile adapter = open(BAKE.resolve(golden).resolve("adapter.safetensors"))) {
      assertThat(adapter.dialect()).as(golden).isEqualTo(dialect);
      assertThat(adapter.writer()).as(golden).isEqualTo(writer);
      assertThat(adapter.because()).hasSizeGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void layersStoredWholeAndTheBiasOfAPairAreModulesOfTheirOwn() throws IOException {
    try (AdapterFile adapter =
        open(BAKE.resolve("peft-modules-to-save-and-bias/adapter.safetensors"))) {
      assertThat(adapter.modules())
          .filteredOn(module -> module.name().endsWith(".a"))
          .extracting(module -> module.adapter().getClass().getSimpleName())
          .containsExactly("Lora", "Full");
      assertThat(adapter.modules())
          .filteredOn(module -> module.name().endsWith("score"))
          .allMatch(module -> module.adapter() instanceof Replacement<TensorInfo>)
          .extracting(AdapterModule::bias)
          .containsExactly(false, true);
    }
  }

  @Test
  void readsTheTrainedStoriesAdapter() throws IOException {
    try (AdapterFile adapter =
        open(TESTDATA.resolve("golden/train/stories-dora/final_adapter.safetensors"))) {
      assertThat(adapter.modules()).hasSize(35);
      assertThat(adapter.modules()).allMatch(module -> module.axis().isPresent());
      assertThat(adapter.modules()).allMatch(module -> module.alpha().isPresent());
    }
  }

  private static Scale scale(AdapterFile adapter, String path) {
    AdapterModule module = module(adapter, "base_model.model.model." + path);
    return module.adapter() instanceof Dora<TensorInfo>(Lora<TensorInfo> lora, _, _, _)
        ? lora.scale()
        : ((Lora<TensorInfo>) module.adapter()).scale();
  }

  private static AdapterModule module(AdapterFile adapter, String name) {
    return adapter.modules().stream()
        .filter(module -> module.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static AdapterFile open(Path path) throws IOException {
    return AdapterFile.open(path, Limits.DEFAULT, null);
  }
}
