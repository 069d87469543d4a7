package radiata.train.replay;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import radiata.names.Role;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Unet;
import radiata.train.model.UnetInput;
import radiata.train.model.Vae;
import radiata.train.nn.NetworkException;

/// Runs every recorded part of a `pipeline-forward` pack: tokenizers, text encoders, the UNet, the
/// autoencoder and samplers.
final class PipelineReplay {
  // What the packs' README asks of a forward pass where a pack itself says nothing.
  static final double FORWARD = 5e-6;
  private static final String SAMPLE = ".sample";

  private final Pack pack;
  private final DiffusionModel model;
  private final Given given;
  private final Torch torch;
  private final Comparison comparison;

  private PipelineReplay(
      Pack pack, DiffusionModel model, Given given, Torch torch, Comparison comparison) {
    this.pack = pack;
    this.model = model;
    this.given = given;
    this.torch = torch;
    this.comparison = comparison;
  }

  /// How far every record of a pack is from what this program computes. A record that it does not
  /// know is infinitely far.
  ///
  /// @throws NetworkException if the pack is broken
  static List<Deviation> run(Pack pack, Torch torch) throws IOException {
    try (PackFiles files = PackFiles.open(pack);
        DiffusionModel model = DiffusionModel.of(files.base(), torch);
        Gradients.Pause _ = Gradients.pause();
        Scope _ = Scope.open()) {
      Given given = files.given(torch, pack.dtype());
      return new PipelineReplay(pack, model, given, torch, files.comparison(pack, torch)).all();
    }
  }

  private List<Deviation> all() throws IOException {
    try (TextReplay texts = new TextReplay(pack, model, given, torch, comparison)) {
      texts.all();
      unets();
      Vae vae = model.has(Role.VAE) ? model.vae(pack.dtype()) : null;
      if (vae != null) {
        pictures(vae);
      }
      new SamplerReplay(pack, model, given, torch, comparison, texts).all(vae);
    }
    return comparison.all();
  }

  private void unets() {
    TreeSet<String> groups = new TreeSet<>();
    for (String name : given.names()) {
      if (name.endsWith(SAMPLE)) {
        groups.add(name.substring(0, name.length() - SAMPLE.length()));
      }
    }
    if (groups.isEmpty()) {
      return;
    }
    try (Scope _ = Scope.open()) {
      Unet unet = model.unet(pack.dtype());
      groups.forEach(group -> unet(unet, group + "."));
    }
  }

  private void unet(Unet unet, String group) {
    double tolerance = pack.tolerance("activations_max_abs").orElse(FORWARD);
    UnetInput input =
        new UnetInput(
            given.tensor(group + "sample"),
            given.tensor(group + "timesteps"),
            given.tensor(group + "encoder_hidden_states"),
            given.find(group + "text_embeds"),
            given.find(group + "time_ids"),
            given.find(group + "time_proj"));
    unet.forward(
        input, Segments.PLAIN, (name, value) -> comparison.tensor(group + name, value, tolerance));
  }

  private void pictures(Vae vae) throws IOException {
    for (String name : given.names()) {
      if (name.startsWith("vae.") && name.endsWith(".noise")) {
        try (Scope _ = Scope.open()) {
          picture(vae, name.substring("vae.".length(), name.length() - ".noise".length()));
        }
      }
    }
  }

  private void picture(Vae vae, String name) throws IOException {
    double tolerance = pack.tolerance("vae_max_abs").orElse(FORWARD);
    String record = "vae." + name + ".";
    Vae.Moments moments = vae.encode(pixels(file(name)).cast(pack.dtype()));
    Tensor latents = vae.latents(moments, given.tensor(record + "noise"));
    comparison.tensor(record + "mean", moments.mean(), tolerance);
    comparison.tensor(record + "logvar", moments.logvar(), tolerance);
    comparison.tensor(record + "latents", latents, tolerance);
    comparison.tensor(record + "decoded", vae.decode(latents), tolerance);
  }

  private Path file(String name) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(pack.folder(), 4)) {
      files.filter(file -> file.endsWith(name + ".png")).forEach(found::add);
    }
    if (found.size() != 1) {
      throw new NetworkException(
          "%s holds %d pictures %s.png, expected one".formatted(pack.folder(), found.size(), name));
    }
    return found.getFirst();
  }

  private Tensor pixels(Path file) throws IOException {
    BufferedImage image = ImageIO.read(file.toFile());
    if (image == null) {
      throw new NetworkException(file + " is no picture that can be read");
    }
    int width = image.getWidth();
    int height = image.getHeight();
    float[] values = new float[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      int rgb = image.getRGB(i % width, i / width);
      for (int c = 0; c < 3; c++) {
        values[c * width * height + i] = (rgb >> (16 - 8 * c) & 0xFF) / 127.5f - 1;
      }
    }
    return torch.of(values, 1, 3, height, width);
  }
}
