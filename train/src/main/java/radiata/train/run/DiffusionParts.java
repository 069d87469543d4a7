package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.names.Family;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.config.ImageSection;
import radiata.train.config.TrainConfig;
import radiata.train.data.Cache;
import radiata.train.data.CacheKey;
import radiata.train.data.Draws;
import radiata.train.data.ImageUse;
import radiata.train.data.Size;
import radiata.train.data.TimeIds;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.ClipText;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Unet;
import radiata.train.model.Vae;
import radiata.train.model.VaeConfig;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Weights;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Prediction;
import radiata.train.text.ClipTokenizer;

/// A diffusion model with all that a run needs of it. What it opens is closed by whoever made it;
/// its tensors belong to a scope of its own.
final class DiffusionParts {
  private final Torch torch;
  private final DiffusionModel model;
  private final Unet unet;
  private final List<ClipText> encoders = new ArrayList<>();
  private final Vae vae;
  private final NoiseSchedule schedule;
  private final TextStates texts;
  private final Latents latents;

  /// @param opened closes what is opened here
  DiffusionParts(
      TrainConfig config, ImageSection images, Checkpoint base, Torch torch, Opened opened)
      throws IOException {
    this.torch = torch;
    this.model = opened.add(DiffusionModel.of(base, torch));
    Checkpoint vaeFile =
        config.model().vae().isPresent()
            ? opened.add(Checkpoint.open(config.model().vae().get(), Limits.DEFAULT))
            : null;
    Weights vaeWeights =
        vaeFile == null
            ? null
            : opened.add(new Weights(torch, Weights.places(vaeFile, "", ""), DType.F32));
    List<ClipTokenizer> tokenizers = tokenizers(base, model.textEncoders().size(), opened);
    // Last, since tensors go before the weights they lie over.
    Scope scope = Scope.open();
    opened.add(scope::close);
    DType precision = config.model().precision();
    this.unet = model.unet(precision);
    for (Role role : model.textEncoders()) {
      encoders.add(model.text(role, precision));
    }
    this.vae =
        vaeFile == null || vaeWeights == null ? model.vae(DType.F32) : vae(vaeFile, vaeWeights);
    this.schedule = schedule(config, base, torch);
    this.texts =
        new TextStates(
            torch,
            model.family(),
            encoders,
            tokenizers,
            config.model().clipSkip(),
            config.model().maxTokenLength(),
            config.adapter().textEncoder(),
            scope,
            images.cacheText() ? new Cache(images.cacheFolder()) : null,
            images.cacheText() ? encoders(config, base) : "");
    this.latents =
        new Latents(
            torch,
            vae,
            new Cache(images.cacheFolder()),
            images.cacheLatents(),
            images.cacheLatents()
                ? name(vaeFile == null ? base : vaeFile) + " " + config.training().seed()
                : "",
            new Draws(config.training().seed()));
  }

  /// A VAE of its own folder or file, in the layout of diffusers.
  private Vae vae(Checkpoint file, Weights weights) throws IOException {
    if (!weights.has("decoder.conv_norm_out.weight")) {
      throw new NetworkException(
          "%s is no VAE in the layout of diffusers; take the folder of one".formatted(file.path()));
    }
    Path config = file.path().resolve("config.json");
    VaeConfig architecture =
        Files.isRegularFile(config)
            ? VaeConfig.parse(Files.readString(config), config.toString())
            : VaeConfig.of(weights, model.family());
    return new Vae(new Layers(weights), architecture);
  }

  /// The files that hold the VAE, by content.
  private static String name(Checkpoint base) throws IOException {
    List<Path> files =
        base.parts().stream()
            .filter(part -> part.component().isEmpty() || part.component().equals("vae"))
            .map(part -> part.file().path())
            .toList();
    return CacheKey.model(files);
  }

  /// The files that hold the text encoders and their tokenizers, and what else bears on states.
  private static String encoders(TrainConfig config, Checkpoint base) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Checkpoint.Part part : base.parts()) {
      if (part.component().isEmpty() || part.component().startsWith("text_encoder")) {
        files.add(part.file().path());
      }
    }
    return "%s %s %d %d"
        .formatted(
            CacheKey.model(files),
            config.model().precision(),
            config.model().clipSkip(),
            config.model().maxTokenLength());
  }

  private static List<ClipTokenizer> tokenizers(Checkpoint base, int count, Opened opened)
      throws IOException {
    List<ClipTokenizer> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path folder = base.path().resolve(i == 0 ? "tokenizer" : "tokenizer_2");
      all.add(
          opened.add(
              base.layout() == Checkpoint.Layout.DIFFUSERS && Files.isDirectory(folder)
                  ? ClipTokenizer.open(folder)
                  : ClipTokenizer.published()));
    }
    return all;
  }

  private static NoiseSchedule schedule(TrainConfig config, Checkpoint base, Torch torch)
      throws IOException {
    Optional<Prediction> asked = config.model().prediction();
    Path file = base.path().resolve("scheduler").resolve("scheduler_config.json");
    if (base.layout() == Checkpoint.Layout.DIFFUSERS && Files.isRegularFile(file)) {
      NoiseSchedule own = NoiseSchedule.parse(torch, Files.readString(file), file.toString());
      return asked.isEmpty() || asked.get() == own.prediction()
          ? own
          : NoiseSchedule.of(torch, own.products(), asked.get());
    }
    return NoiseSchedule.scaledLinear(torch, asked.orElse(Prediction.EPSILON));
  }

  Family family() {
    return model.family();
  }

  Unet unet() {
    return unet;
  }

  List<ClipText> encoders() {
    return encoders;
  }

  Vae vae() {
    return vae;
  }

  NoiseSchedule schedule() {
    return schedule;
  }

  TextStates texts() {
    return texts;
  }

  Latents latents() {
    return latents;
  }

  /// What SDXL is told of the sizes of pictures; null for others.
  @Nullable Tensor sizes(List<ImageUse> uses) {
    if (model.family() != Family.SDXL) {
      return null;
    }
    float[] all = new float[6 * uses.size()];
    for (int i = 0; i < uses.size(); i++) {
      ImageUse use = uses.get(i);
      System.arraycopy(use.item().timeIds(use.flipped()).values(), 0, all, 6 * i, 6);
    }
    return torch.of(all, uses.size(), 6);
  }

  @Nullable Tensor sizes(Size size) {
    return model.family() == Family.SDXL
        ? torch.of(TimeIds.of(size, size, false).values(), 1, 6)
        : null;
  }
}
