package radiata.convert.folder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.Shape;

/// The texts of a diffusers folder.
///
/// @param zeroTerminalSnr whether the noise schedule ends in pure noise
/// @param components by name: `unet`, `vae`, `text_encoder`, `text_encoder_2`; one that is not
///   there has to be given to the pipeline when it is loaded
public record PipelineFolder(
    StableDiffusion family,
    Prediction prediction,
    boolean zeroTerminalSnr,
    Map<String, Component> components) {

  /// The weights of a component.
  ///
  /// @param shapes by the names of diffusers
  /// @param dtype of most of them
  public record Component(Map<String, Shape> shapes, DType dtype) {}

  public PipelineFolder {
    components = Collections.unmodifiableMap(new TreeMap<>(components));
  }

  /// Every text of the folder.
  ///
  /// @throws IllegalArgumentException if the weights lack a dimension that a config tells
  public List<GeneratedFile> texts() throws IOException {
    boolean v = prediction == Prediction.V;
    List<GeneratedFile> texts = new ArrayList<>();
    texts.add(new GeneratedFile(Path.of("model_index.json"), index()));
    texts.add(
        new GeneratedFile(
            Path.of("scheduler", "scheduler_config.json"),
            SchedulerConfig.text(family, prediction, zeroTerminalSnr)));
    for (Map.Entry<String, Component> entry : components.entrySet()) {
      Shapes shapes = new Shapes(entry.getValue().shapes());
      String name = entry.getKey();
      String text =
          switch (name) {
            case "unet" -> UnetConfig.text(family, v, shapes);
            case "vae" -> VaeConfig.text(family, v, shapes);
            default -> TextEncoderConfig.text(openClip(name), shapes, entry.getValue().dtype());
          };
      texts.add(new GeneratedFile(Path.of(name, "config.json"), text));
    }
    ClipTokenizer tokenizer = ClipTokenizer.read();
    if (has("text_encoder")) {
      texts.addAll(tokenizer.files("tokenizer", pad("text_encoder")));
    }
    if (has("text_encoder_2")) {
      texts.addAll(tokenizer.files("tokenizer_2", pad("text_encoder_2")));
    }
    return texts;
  }

  private boolean openClip(String encoder) {
    return family == StableDiffusion.SD2 || encoder.equals("text_encoder_2");
  }

  private ClipTokenizer.Pad pad(String encoder) {
    return openClip(encoder) ? ClipTokenizer.Pad.EXCLAMATION : ClipTokenizer.Pad.END_OF_TEXT;
  }

  private boolean has(String component) {
    return components.containsKey(component);
  }

  private String index() {
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("_class_name", pipeline());
    index.put("_diffusers_version", UnetConfig.version(family));
    index.put("feature_extractor", part(null, ""));
    index.put("scheduler", part("diffusers", SchedulerConfig.className(family, prediction)));
    index.put("text_encoder", encoder("text_encoder"));
    index.put("tokenizer", tokenizer("text_encoder"));
    index.put("unet", part(has("unet") ? "diffusers" : null, "UNet2DConditionModel"));
    index.put("vae", part(has("vae") ? "diffusers" : null, "AutoencoderKL"));
    switch (family) {
      case SD1, SD2 -> {
        index.put("requires_safety_checker", false);
        index.put("safety_checker", part(null, ""));
      }
      case SDXL, REFINER -> {
        index.put("force_zeros_for_empty_prompt", family == StableDiffusion.SDXL);
        index.put("text_encoder_2", encoder("text_encoder_2"));
        index.put("tokenizer_2", tokenizer("text_encoder_2"));
        index.remove("feature_extractor");
      }
    }
    if (family == StableDiffusion.REFINER) {
      index.put("requires_aesthetics_score", true);
    }
    return PythonJson.text(index);
  }

  /// By the channels that the UNet takes in: 4 of the image, 4 and 1 more of an image and its mask.
  private String pipeline() {
    Component unet = components.get("unet");
    long channels = unet == null ? 4 : new Shapes(unet.shapes()).dim("conv_in.weight", 1);
    String inpaint = channels == 9 ? "Inpaint" : "";
    return switch (family) {
      case SD1, SD2 -> "StableDiffusion" + inpaint + "Pipeline";
      case SDXL -> "StableDiffusionXL" + inpaint + "Pipeline";
      case REFINER -> "StableDiffusionXLImg2ImgPipeline";
    };
  }

  private List<@Nullable String> encoder(String name) {
    Component encoder = components.get(name);
    return encoder == null
        ? part(null, "")
        : part("transformers", TextEncoderConfig.className(new Shapes(encoder.shapes())));
  }

  private List<@Nullable String> tokenizer(String encoder) {
    return part(has(encoder) ? "transformers" : null, "CLIPTokenizer");
  }

  /// A library and a class in it; two nulls for a part that is not there.
  private static List<@Nullable String> part(@Nullable String library, String className) {
    List<@Nullable String> part = new ArrayList<>();
    part.add(library);
    part.add(library == null ? null : className);
    return part;
  }
}
