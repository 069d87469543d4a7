package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.hollow;
import static radiata.convert.ConvertedModels.list;
import static radiata.convert.ConvertedModels.open;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.convert.folder.Prediction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// The texts of a diffusers folder are those of the published models.
class PipelineFolderTest {
  private static final ConversionRequest DIFFUSERS = ConversionRequest.to(TargetLayout.DIFFUSERS);

  @TempDir Path folder;

  private ConversionPlan plan(
      List<TensorSpec> specs, Map<String, String> metadata, ConversionRequest request)
      throws IOException {
    Path file = hollow(folder.resolve("in.safetensors"), Header.canonical(specs, metadata));
    try (Checkpoint checkpoint = open(file)) {
      return CheckpointConversion.plan(checkpoint, request, folder.resolve("out"));
    }
  }

  private static List<TensorSpec> sd1() throws IOException {
    return list("sdmecha__sd1-ldm.tsv", DType.F16, Long.MAX_VALUE);
  }

  /// SDXL without the marks of a model that predicts v.
  private static List<TensorSpec> sdxl() throws IOException {
    return list("sdmecha__sdxl-sgm.tsv", DType.F16, Long.MAX_VALUE).stream()
        .filter(spec -> !spec.name().equals("v_pred") && !spec.name().equals("ztsnr"))
        .toList();
  }

  private static String text(ConversionPlan plan, String file) {
    return plan.output().generated().stream()
        .filter(generated -> generated.relative().equals(Path.of(file)))
        .map(GeneratedFile::content)
        .findFirst()
        .orElseThrow();
  }

  private static JsonObject json(ConversionPlan plan, String file) {
    return JsonParser.parseString(text(plan, file)).getAsJsonObject();
  }

  /// One member after another, as JSON.
  private static Map<String, String> members(ConversionPlan plan, String file) {
    Map<String, String> members = new HashMap<>();
    json(plan, file).entrySet().forEach(e -> members.put(e.getKey(), e.getValue().toString()));
    return members;
  }

  @Test
  void writesTheUnetOfSd15AsDiffusersDoes() throws IOException {
    assertThat(text(plan(sd1(), Map.of(), DIFFUSERS), "unet/config.json"))
        .isEqualTo(
            """
            {
              "_class_name": "UNet2DConditionModel",
              "_diffusers_version": "0.6.0",
              "act_fn": "silu",
              "attention_head_dim": 8,
              "block_out_channels": [
                320,
                640,
                1280,
                1280
              ],
              "center_input_sample": false,
              "cross_attention_dim": 768,
              "down_block_types": [
                "CrossAttnDownBlock2D",
                "CrossAttnDownBlock2D",
                "CrossAttnDownBlock2D",
                "DownBlock2D"
              ],
              "downsample_padding": 1,
              "flip_sin_to_cos": true,
              "freq_shift": 0,
              "in_channels": 4,
              "layers_per_block": 2,
              "mid_block_scale_factor": 1,
              "norm_eps": 1e-05,
              "norm_num_groups": 32,
              "out_channels": 4,
              "sample_size": 64,
              "up_block_types": [
                "UpBlock2D",
                "CrossAttnUpBlock2D",
                "CrossAttnUpBlock2D",
                "CrossAttnUpBlock2D"
              ]
            }
            """);
  }

  @Test
  void readsTheSizesOfSdxlOffItsWeights() throws IOException {
    ConversionPlan plan = plan(sdxl(), Map.of(), DIFFUSERS);
    assertThat(members(plan, "unet/config.json"))
        .containsEntry("attention_head_dim", "[5,10,20]")
        .containsEntry("block_out_channels", "[320,640,1280]")
        .containsEntry("cross_attention_dim", "2048")
        .containsEntry(
            "down_block_types",
            "[\"DownBlock2D\",\"CrossAttnDownBlock2D\",\"CrossAttnDownBlock2D\"]")
        .containsEntry("projection_class_embeddings_input_dim", "2816")
        .containsEntry("transformer_layers_per_block", "[1,2,10]")
        .containsEntry("use_linear_projection", "true");
    assertThat(members(plan, "text_encoder_2/config.json"))
        .containsEntry("architectures", "[\"CLIPTextModelWithProjection\"]")
        .containsEntry("hidden_act", "\"gelu\"")
        .containsEntry("hidden_size", "1280")
        .containsEntry("intermediate_size", "5120")
        .containsEntry("num_attention_heads", "20")
        .containsEntry("num_hidden_layers", "32")
        .containsEntry("projection_dim", "1280")
        .containsEntry("torch_dtype", "\"float16\"")
        .containsEntry("vocab_size", "49408");
    assertThat(members(plan, "text_encoder/config.json"))
        .containsEntry("architectures", "[\"CLIPTextModel\"]")
        .containsEntry("hidden_act", "\"quick_gelu\"")
        .containsEntry("num_attention_heads", "12")
        .containsEntry("projection_dim", "768");
    assertThat(members(plan, "vae/config.json"))
        .containsEntry("block_out_channels", "[128,256,512,512]")
        .containsEntry("latent_channels", "4")
        .containsEntry("scaling_factor", "0.13025")
        .containsEntry("force_upcast", "true");
    assertThat(members(plan, "model_index.json"))
        .containsEntry("_class_name", "\"StableDiffusionXLPipeline\"")
        .containsEntry("scheduler", "[\"diffusers\",\"EulerDiscreteScheduler\"]")
        .containsEntry("tokenizer_2", "[\"transformers\",\"CLIPTokenizer\"]");
    assertThat(plan.output().generated().stream().map(file -> file.relative().toString()))
        .contains("tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer_2/vocab.json");
  }

  @Test
  void saysWhatTheModelPredictsAndWhy() throws IOException {
    ConversionPlan plain = plan(sdxl(), Map.of(), DIFFUSERS);
    assertThat(members(plain, "scheduler/scheduler_config.json"))
        .containsEntry("prediction_type", "\"epsilon\"")
        .containsEntry("timestep_spacing", "\"leading\"");
    assertThat(plain.warnings()).anyMatch(said -> said.contains("nothing in it says otherwise"));

    ConversionPlan marked =
        plan(list("sdmecha__sdxl-sgm.tsv", DType.F16, Long.MAX_VALUE), Map.of(), DIFFUSERS);
    assertThat(members(marked, "scheduler/scheduler_config.json"))
        .containsEntry("prediction_type", "\"v_prediction\"")
        .containsEntry("rescale_betas_zero_snr", "true")
        .containsEntry("timestep_spacing", "\"trailing\"");
    assertThat(marked.warnings()).anyMatch(said -> said.contains("the mark v_pred"));

    ConversionPlan told = plan(sdxl(), Map.of("modelspec.prediction_type", "v"), DIFFUSERS);
    assertThat(members(told, "scheduler/scheduler_config.json"))
        .containsEntry("prediction_type", "\"v_prediction\"");
    ConversionPlan given =
        plan(sd1(), Map.of("modelspec.prediction_type", "epsilon"), DIFFUSERS.with(Prediction.V));
    assertThat(members(given, "scheduler/scheduler_config.json"))
        .containsEntry("_class_name", "\"DDIMScheduler\"")
        .containsEntry("prediction_type", "\"v_prediction\"");
  }

  @Test
  void knowsAnInpaintingModelByItsNineChannels() throws IOException {
    List<TensorSpec> specs =
        sd1().stream()
            .map(spec ->
                spec.name().equals("model.diffusion_model.input_blocks.0.0.weight")
                    ? new TensorSpec(spec.name(), spec.dtype(), Shape.of(320, 9, 3, 3))
                    : spec)
            .toList();
    ConversionPlan plan = plan(specs, Map.of(), DIFFUSERS);
    assertThat(members(plan, "unet/config.json")).containsEntry("in_channels", "9");
    assertThat(members(plan, "model_index.json"))
        .containsEntry("_class_name", "\"StableDiffusionInpaintPipeline\"");
  }

  @Test
  void leavesOutAPartThatTheCheckpointHasNot() throws IOException {
    List<TensorSpec> specs =
        sd1().stream().filter(spec -> !spec.name().startsWith("first_stage_model.")).toList();
    ConversionPlan plan = plan(specs, Map.of(), DIFFUSERS);
    assertThat(members(plan, "model_index.json")).containsEntry("vae", "[null,null]");
    assertThat(plan.warnings()).anyMatch(said -> said.startsWith("the checkpoint has no vae;"));
  }
}
