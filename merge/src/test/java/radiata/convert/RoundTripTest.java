package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.contents;
import static radiata.convert.ConvertedModels.convert;
import static radiata.convert.ConvertedModels.differences;
import static radiata.convert.ConvertedModels.files;
import static radiata.convert.ConvertedModels.keymap;
import static radiata.convert.ConvertedModels.list;
import static radiata.convert.ConvertedModels.random;
import static radiata.convert.ConvertedModels.small;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.convert.folder.Prediction;
import radiata.names.Family;
import radiata.safetensors.Checksums;
import radiata.safetensors.DType;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.Provenance;

/// A checkpoint that was a diffusers folder in between has the bytes that it had.
class RoundTripTest {
  private static final ConversionRequest DIFFUSERS = ConversionRequest.to(TargetLayout.DIFFUSERS);
  private static final ConversionRequest LDM = ConversionRequest.to(TargetLayout.LDM);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"sdmecha__sd1-ldm.tsv", "sdmecha__sdxl-sgm.tsv"})
  void bringsEveryByteBack(String keys) throws IOException {
    Path ldm = random(folder.resolve("in.safetensors"), list(keys, DType.F16, 64), Map.of());
    Path pipeline = folder.resolve("pipeline");
    Path back = folder.resolve("back.safetensors");
    ConversionPlan there = convert(ldm, DIFFUSERS, pipeline, 2);
    convert(pipeline, LDM, back, 2);
    Map<String, String> expected = contents(ldm);
    there.dropped().stream()
        .filter(name -> !name.equals("v_pred") && !name.equals("ztsnr"))
        .forEach(expected::remove);
    assertThat(expected).hasSizeGreaterThan(1100);
    assertThat(differences(contents(back), expected)).isEmpty();
  }

  @Test
  void turnsAFolderBackIntoTheSameFolder() throws IOException {
    Path ldm =
        random(
            folder.resolve("in.safetensors"),
            list("sdmecha__sdxl-sgm.tsv", DType.BF16, 64),
            Map.of("modelspec.title", "a title", "sshs_model_hash", "untrue by then"));
    Path first = folder.resolve("first");
    Path middle = folder.resolve("middle.safetensors");
    Path second = folder.resolve("second");
    convert(ldm, DIFFUSERS, first, 1);
    convert(first, LDM, middle, 2);
    convert(middle, DIFFUSERS, second, 2);
    assertThat(differences(contents(second), contents(first))).isEmpty();
    // Weight files differ, since each says what it was made of.
    Map<String, String> texts = files(first);
    Map<String, String> again = files(second);
    texts.keySet().removeIf(name -> name.endsWith(".safetensors"));
    again.keySet().removeIf(name -> name.endsWith(".safetensors"));
    assertThat(texts).hasSize(14);
    assertThat(differences(again, texts)).isEmpty();
  }

  @Test
  void carriesTheMetadataAndSaysWhatItWasMadeOf() throws IOException {
    Path ldm =
        random(
            folder.resolve("in.safetensors"),
            list("sdmecha__sd1-ldm.tsv", DType.F16, 64),
            Map.of("modelspec.title", "a title", "sshs_model_hash", "untrue by then"));
    Path back = folder.resolve("back.safetensors");
    convert(ldm, DIFFUSERS, folder.resolve("pipeline"), 1);
    convert(folder.resolve("pipeline"), LDM.withDate("2026-05-12"), back, 2);
    try (SafetensorsFile file = SafetensorsFile.open(back)) {
      assertThat(file.metadata())
          .containsOnlyKeys("format", "modelspec.title", "modelspec.date", Provenance.KEY)
          .containsEntry("modelspec.date", "2026-05-12")
          .containsEntry("modelspec.title", "a title");
      Provenance provenance = Provenance.of(file).orElseThrow();
      assertThat(provenance.recipe().command()).isEqualTo("convert");
      assertThat(provenance.recipe().settings()).containsEntry("to", "ldm");
      assertThat(provenance.inputs().getFirst().files()).hasSize(3);
      assertThat(provenance.checksums().tensors()).isEqualTo(file.tensors().size());
      assertThat(provenance.checksums()).isNotEqualTo(Checksums.unknown(file.tensors().size()));
    }
  }

  @Test
  void writesTheSameBytesWithAnyNumberOfThreads() throws IOException {
    Path ldm =
        random(
            folder.resolve("in.safetensors"),
            list("sdmecha__sdxl-sgm.tsv", DType.F32, 64),
            Map.of());
    ConversionRequest request = DIFFUSERS.with(DType.F16).withShards(200_000);
    convert(ldm, request, folder.resolve("one"), 1);
    convert(ldm, request, folder.resolve("eight"), 8);
    assertThat(differences(files(folder.resolve("eight")), files(folder.resolve("one")))).isEmpty();
  }

  @Test
  void refinerComesBackToo() throws IOException {
    List<TensorSpec> specs = new ArrayList<>(small(keymap("refiner"), DType.F16));
    String prefix = "conditioner.embedders.0.model.";
    specs.add(new TensorSpec(prefix + "text_projection", DType.F16, Shape.of(4, 5)));
    Path ldm = random(folder.resolve("in.safetensors"), specs, Map.of());
    ConversionPlan there = convert(ldm, DIFFUSERS, folder.resolve("pipeline"), 2);
    ConversionPlan back =
        convert(folder.resolve("pipeline"), LDM, folder.resolve("back.safetensors"), 2);
    assertThat(there.family()).contains(Family.SDXL_REFINER);
    assertThat(there.dropped()).isEmpty();
    assertThat(back.dropped()).isEmpty();
    assertThat(differences(contents(folder.resolve("back.safetensors")), contents(ldm))).isEmpty();
  }

  /// What diffusers leaves out of Stable Diffusion 2 is filled in as sd-scripts does it, and said.
  @Test
  void fillsInTheLayerThatDiffusersLeavesOut() throws IOException {
    List<TensorSpec> specs = new ArrayList<>(small(keymap("sd2"), DType.F16));
    // The width of the text, by which a folder is known to be of this family.
    specs.replaceAll(spec ->
        spec.name().endsWith("attn2.to_k.weight")
            ? new TensorSpec(spec.name(), DType.F16, Shape.of(4, 1024))
            : spec);
    String layers = "cond_stage_model.model.transformer.resblocks.";
    for (TensorSpec spec : List.copyOf(specs)) {
      if (spec.name().startsWith(layers + "22.")) {
        specs.add(new TensorSpec(spec.name().replace(".22.", ".23."), DType.F16, spec.shape()));
      }
    }
    specs.add(new TensorSpec("cond_stage_model.model.text_projection", DType.F16, Shape.of(4, 4)));
    specs.add(new TensorSpec("cond_stage_model.model.logit_scale", DType.F32, Shape.SCALAR));
    Path ldm = random(folder.resolve("in.safetensors"), specs, Map.of());
    Path back = folder.resolve("back.safetensors");
    ConversionPlan there =
        convert(ldm, DIFFUSERS.with(Prediction.EPSILON), folder.resolve("pipeline"), 2);
    ConversionPlan again = convert(folder.resolve("pipeline"), LDM, back, 2);
    assertThat(there.dropped()).hasSize(14).contains(layers + "23.attn.in_proj_weight");
    assertThat(there.warnings())
        .anyMatch(said -> said.startsWith("13 tensors are not in the output (a last layer"));
    assertThat(again.added()).hasSize(13);
    Map<String, String> filled = contents(back);
    Map<String, String> expected = contents(ldm);
    assertThat(filled.get(layers + "23.mlp.c_fc.weight"))
        .isEqualTo(filled.get(layers + "22.mlp.c_fc.weight"));
    again.added().forEach(filled::remove);
    there.dropped().forEach(expected::remove);
    assertThat(differences(filled, expected)).isEmpty();
  }
}
