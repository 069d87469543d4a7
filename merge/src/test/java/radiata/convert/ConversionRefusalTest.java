package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.convert.ConvertedModels.convert;
import static radiata.convert.ConvertedModels.list;
import static radiata.convert.ConvertedModels.random;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.DType;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// What cannot be converted is refused in a sentence, and nothing stands under the output's name.
class ConversionRefusalTest {
  private static final ConversionRequest DIFFUSERS = ConversionRequest.to(TargetLayout.DIFFUSERS);
  private static final ConversionRequest KEEP = ConversionRequest.to(TargetLayout.KEEP);

  @TempDir Path folder;
  private final List<TensorSpec> specs = new ArrayList<>();

  @BeforeEach
  void read() throws IOException {
    specs.addAll(list("sdmecha__sd1-ldm.tsv", DType.F16, 64));
    specs.removeIf(spec -> spec.name().startsWith("model_ema."));
  }

  private void refuses(ConversionRequest request, String output, String... parts)
      throws IOException {
    Path input = random(folder.resolve("in.safetensors"), specs, Map.of());
    Path target = folder.resolve(output);
    assertThatThrownBy(() -> convert(input, request, target, 1))
        .isInstanceOfAny(ConversionException.class, SafetensorsException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts).doesNotContain("\n"));
    try (var left = Files.list(folder)) {
      assertThat(left.map(file -> file.getFileName().toString()).filter(n -> !n.equals(output)))
          .containsExactly("in.safetensors");
    }
  }

  private void replace(Predicate<String> which, long... dims) {
    specs.replaceAll(spec ->
        which.test(spec.name()) ? new TensorSpec(spec.name(), spec.dtype(), Shape.of(dims)) : spec);
  }

  @Test
  void unknownTensorsAreListed() throws IOException {
    specs.add(new TensorSpec("model.diffusion_model.new.weight", DType.F16, Shape.of(2)));
    specs.add(new TensorSpec("control_model.weight", DType.F16, Shape.of(2)));
    refuses(
        DIFFUSERS,
        "out",
        "2 tensors have no place in the layouts of sd1",
        "model.diffusion_model.new.weight",
        "control_model.weight");
    Path kept = folder.resolve("kept.safetensors");
    convert(folder.resolve("in.safetensors"), KEEP.with(DType.F32), kept, 1);
    assertThat(kept).exists();
  }

  @Test
  void cutModelsHaveNoConfig() throws IOException {
    specs.removeIf(spec -> spec.name().startsWith("model.diffusion_model.middle_block.1."));
    refuses(DIFFUSERS, "out", "tensors of a whole sd1 model are missing", "middle_block.1.");
  }

  @Test
  void otherFamiliesKeepTheirLayout() throws IOException {
    specs.clear();
    specs.add(new TensorSpec("some.weight", DType.F16, Shape.of(2, 2)));
    refuses(DIFFUSERS, "out", "a model of no known family", "keeps its layout");
    refuses(
        ConversionRequest.to(TargetLayout.LDM), "out.safetensors", "a model of no known family");
  }

  @Test
  void scaledCodesHaveNoOtherDtype() throws IOException {
    specs.add(new TensorSpec("scaled_fp8", DType.F8_E4M3, Shape.of(0)));
    refuses(KEEP.with(DType.F16), "out.safetensors", "a quantised model (scaled_fp8)");
    refuses(DIFFUSERS, "out", "a quantised model (scaled_fp8)");
  }

  @Test
  void codesInBlocksHaveNoOtherDtype() throws IOException {
    specs.add(new TensorSpec("layer.weight.absmax", DType.F32, Shape.of(2)));
    refuses(KEEP.with(DType.F16), "out.safetensors", "a quantised model (layer.weight.absmax)");
  }

  @Test
  void wrongKindsOfOutputAreNamed() throws IOException {
    refuses(DIFFUSERS, "out.safetensors", "a diffusers model is a folder");
    refuses(KEEP, "out.ckpt", "only safetensors are written");
  }

  @Test
  void anOutputThatExistsStays() throws IOException {
    Path output = folder.resolve("out.safetensors");
    Files.writeString(output, "mine");
    refuses(KEEP, "out.safetensors", "it exists", "--force");
    assertThat(output).hasContent("mine");
  }

  @Test
  void aTensorUnderTwoNamesIsNotGuessed() throws IOException {
    String name = "cond_stage_model.transformer.text_model.final_layer_norm.bias";
    specs.add(new TensorSpec(name.replace("text_model.", ""), DType.F16, Shape.of(12)));
    refuses(DIFFUSERS, "out", "is in the file twice");
  }

  @Test
  void aWeightWithoutTheDimensionThatAConfigNeedsIsNamed() throws IOException {
    replace(name -> name.equals("model.diffusion_model.input_blocks.0.0.weight"), 5);
    refuses(DIFFUSERS, "out", "tensor conv_in.weight is [5]");
  }

  @Test
  void aDiffusersFolderStaysAFolderUnlessTold() throws IOException {
    Path input = random(folder.resolve("sd.safetensors"), specs, Map.of());
    Path pipeline = folder.resolve("pipeline");
    convert(input, DIFFUSERS, pipeline, 1);
    assertThatThrownBy(() -> convert(pipeline, KEEP, folder.resolve("one.safetensors"), 1))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("--to ldm");
  }
}
