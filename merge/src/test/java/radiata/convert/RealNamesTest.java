package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.differences;
import static radiata.convert.ConvertedModels.hollow;
import static radiata.convert.ConvertedModels.keymap;
import static radiata.convert.ConvertedModels.list;
import static radiata.convert.ConvertedModels.open;
import static radiata.convert.ConvertedModels.small;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.OutputPlan.OutputFile;
import radiata.safetensors.TensorSpec;

/// The names and shapes of real checkpoints become those of the real folders, and the reverse.
class RealNamesTest {
  @TempDir Path folder;

  private ConversionPlan plan(Path input, TargetLayout layout, String output) throws IOException {
    try (Checkpoint checkpoint = open(input)) {
      return CheckpointConversion.plan(
          checkpoint, ConversionRequest.to(layout), folder.resolve(output));
    }
  }

  private static Map<String, String> specs(List<TensorSpec> specs) {
    Map<String, String> all = new TreeMap<>();
    specs.forEach(spec -> all.put(spec.name(), spec.dtype() + " " + spec.shape()));
    return all;
  }

  private static Map<String, String> written(ConversionPlan plan, String file) {
    Map<String, String> all = new TreeMap<>();
    for (OutputFile output : plan.output().files()) {
      if (output.relative().toString().startsWith(file)) {
        output
            .header()
            .tensors()
            .forEach(info -> all.put(info.name(), info.dtype() + " " + info.shape()));
      }
    }
    return all;
  }

  @Test
  void sdxlGetsTheUnetOfTheDiffusersList() throws IOException {
    Path ldm =
        hollow(
            folder.resolve("xl.safetensors"),
            list("sdmecha__sdxl-sgm.tsv", DType.F16, Long.MAX_VALUE));
    ConversionPlan plan = plan(ldm, TargetLayout.DIFFUSERS, "out");
    Map<String, String> expected =
        specs(list("sdmecha__sdxl-diffusers_unet_only.tsv", DType.F16, Long.MAX_VALUE));
    assertThat(expected).hasSize(1680);
    assertThat(differences(written(plan, "unet"), expected)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"sdmecha__sd1-ldm.tsv", "sdmecha__sdxl-sgm.tsv"})
  void comesBackWithEveryNameShapeAndDtype(String keys) throws IOException {
    List<TensorSpec> specs = list(keys, DType.F16, Long.MAX_VALUE);
    Path ldm = hollow(folder.resolve("in.safetensors"), specs);
    ConversionPlan there = plan(ldm, TargetLayout.DIFFUSERS, "there");
    Path pipeline = folder.resolve("pipeline");
    for (OutputFile file : there.output().files()) {
      hollow(pipeline.resolve(file.relative()), file.header());
    }
    for (GeneratedFile text : there.output().generated()) {
      Files.createDirectories(pipeline.resolve(text.relative()).resolveSibling(""));
      Files.writeString(pipeline.resolve(text.relative()), text.content());
    }
    ConversionPlan back = plan(pipeline, TargetLayout.LDM, "back.safetensors");
    Map<String, String> expected = specs(specs);
    List<String> lost = new ArrayList<>(there.dropped());
    lost.removeAll(back.added());
    assertThat(lost).isNotEmpty().allMatch(name -> expected.remove(name) != null);
    assertThat(differences(written(back, ""), expected)).isEmpty();
    assertThat(back.dropped()).isEmpty();
    // The list is that of an SDXL file with the marks of a model that predicts v.
    assertThat(back.added())
        .isEqualTo(keys.contains("sdxl") ? List.of("v_pred", "ztsnr") : List.of());
  }

  @ParameterizedTest
  @CsvSource({"sd1, te_", "sd2, te_", "sdxl, te0_", "refiner, none"})
  void hasTheNamesOfTheMapsOfAiToolkit(String model, String encoder) throws IOException {
    JsonObject keymap = keymap(model);
    Path ldm = hollow(folder.resolve("in.safetensors"), whole(model, small(keymap, DType.F16)));
    ConversionPlan plan = plan(ldm, TargetLayout.DIFFUSERS, "out");
    Set<String> expected = new TreeSet<>();
    keymap
        .getAsJsonObject("ldm_diffusers_keymap")
        .entrySet()
        .forEach(entry -> expected.add(entry.getValue().getAsString()));
    expected.addAll(keymap.getAsJsonObject("diffusers_ldm_operator_map").keySet());
    Set<String> got = new TreeSet<>();
    for (OutputFile file : plan.output().files()) {
      String prefix =
          switch (String.valueOf(file.relative().getParent())) {
            case "unet" -> "unet_";
            case "vae" -> "vae_";
            case "text_encoder" -> encoder;
            case "text_encoder_2" -> "te1_";
            default -> throw new AssertionError(file.relative());
          };
      file.header().tensors().forEach(tensor -> got.add(prefix + tensor.name()));
    }
    if (model.equals("sdxl") || model.equals("refiner")) {
      got.remove("te1_text_projection.weight");
    }
    assertThat(got).isEqualTo(expected);
  }

  /// The maps leave out the projections of the text encoders.
  private static List<TensorSpec> whole(String model, List<TensorSpec> specs) {
    List<TensorSpec> all = new ArrayList<>(specs);
    Map<String, String> prefixes =
        Map.of(
            "sdxl", "conditioner.embedders.1.model.", "refiner", "conditioner.embedders.0.model.");
    if (prefixes.containsKey(model)) {
      String name = prefixes.get(model) + "text_projection";
      all.add(new TensorSpec(name, DType.F16, radiata.safetensors.Shape.of(4, 4)));
    }
    return all;
  }

  @Test
  void writesEveryTensorOnce() throws IOException {
    Path ldm =
        hollow(
            folder.resolve("xl.safetensors"),
            list("sdmecha__sdxl-sgm.tsv", DType.F16, Long.MAX_VALUE));
    ConversionPlan plan = plan(ldm, TargetLayout.DIFFUSERS, "out");
    Set<String> seen = new HashSet<>();
    for (ConversionStep step : plan.steps()) {
      assertThat(seen.add(step.file() + step.target().name())).isTrue();
      long elements = 0;
      for (Piece piece : step.pieces()) {
        elements +=
            switch (piece) {
              case Piece.Run run -> run.count();
              case Piece.Transposed all -> all.source().info().shape().elements();
              case Piece.Ones ones -> ones.count();
            };
      }
      assertThat(elements).isEqualTo(step.target().shape().elements());
    }
  }
}
