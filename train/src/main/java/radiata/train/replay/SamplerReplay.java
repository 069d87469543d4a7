package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import radiata.names.Family;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Texts;
import radiata.train.model.Unet;
import radiata.train.model.Vae;
import radiata.train.sample.Euler;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Picture;
import radiata.train.sample.Prediction;
import radiata.train.sample.Sampler;
import radiata.train.sample.Sampling;

/// The samplers of a pack, from its noise through every step to the picture.
final class SamplerReplay {
  private static final Pattern BY_STEP = Pattern.compile("(\\w+)\\.cfg([0-9.]+)\\.x_by_step");

  private final Pack pack;
  private final DiffusionModel model;
  private final Given given;
  private final Torch torch;
  private final Comparison comparison;
  private final TextReplay texts;
  // Samplers whose steps have been compared: they are the same for every guidance.
  private final Set<String> told = new HashSet<>();

  SamplerReplay(
      Pack pack,
      DiffusionModel model,
      Given given,
      Torch torch,
      Comparison comparison,
      TextReplay texts) {
    this.pack = pack;
    this.model = model;
    this.given = given;
    this.torch = torch;
    this.comparison = comparison;
    this.texts = texts;
  }

  void all(@Nullable Vae vae) throws IOException {
    if (!given.has("sampler.x_T")) {
      return;
    }
    NoiseSchedule schedule = schedule();
    Unet unet = model.unet(pack.dtype());
    Texts text = text("sampler.cond", pack.text("sampler", "prompt").orElse(""));
    Texts negative = text("sampler.uncond", pack.text("sampler", "negative").orElse(""));
    for (String record : comparison.records()) {
      Matcher matcher = BY_STEP.matcher(record);
      if (matcher.matches()) {
        int steps = comparison.size(record);
        Sampler sampler = Sampler.named(matcher.group(1), schedule, steps);
        double guidance = Double.parseDouble(matcher.group(2));
        Sampling sampling = new Sampling(unet, sampler, guidance, sizes());
        try (Scope _ = Scope.open()) {
          run(sampling, matcher.group(1), record, text, negative, vae);
        }
      }
    }
  }

  private NoiseSchedule schedule() throws IOException {
    Path file = pack.base().resolve("scheduler/scheduler_config.json");
    return Files.exists(file)
        ? NoiseSchedule.parse(torch, Files.readString(file), file.toString())
        : NoiseSchedule.scaledLinear(torch, Prediction.EPSILON);
  }

  /// The recorded states of a text, which are compared with its own first.
  private Texts text(String input, String prompt) {
    Texts own = texts.complete() ? texts.encode(prompt) : null;
    String pooled = input + "_text_embeds";
    Tensor vector = given.has(pooled) ? given.tensor(pooled) : own == null ? null : own.pooled();
    Tensor context = given.tensor(input);
    if (own != null) {
      comparison.tensor(input, own.context(), context, texts.tolerance());
    }
    return new Texts(context, vector);
  }

  private @Nullable Tensor sizes() {
    if (model.family() != Family.SDXL) {
      return null;
    }
    if (given.has("sampler.time_ids")) {
      return given.tensor("sampler.time_ids");
    }
    Tensor noise = given.tensor("sampler.x_T");
    float height = 8 * noise.size(2);
    float width = 8 * noise.size(3);
    return torch.of(new float[] {height, width, 0, 0, height, width}, 1, 6);
  }

  private void run(
      Sampling sampling,
      String name,
      String record,
      Texts text,
      Texts negative,
      @Nullable Vae vae) {
    List<double[]> byStep = new ArrayList<>();
    Tensor last =
        sampling.run(
            given.tensor("sampler.x_T"), text, negative, (step, x) -> byStep.add(x.doubles()));
    double[] all = comparison.record(record);
    int size = all.length / byStep.size();
    double far = 0;
    for (int i = 0; i < byStep.size(); i++) {
      double[] one = Arrays.copyOfRange(all, i * size, (i + 1) * size);
      far = Math.max(far, Comparison.largest(byStep.get(i), one));
    }
    double tolerance = pack.tolerance("sampler_rel_to_largest").orElse(PipelineReplay.FORWARD);
    comparison.add(record, far / Arrays.stream(all).map(Math::abs).max().orElse(0), tolerance);
    if (told.add(name)) {
      path(sampling.sampler(), name);
    }
    String picture = record.replace(".x_by_step", ".image_rgb8");
    if (vae != null && comparison.has(picture)) {
      picture(vae.decode(last), picture);
    }
  }

  private void path(Sampler sampler, String name) {
    long[] timesteps = sampler.timesteps();
    comparison.tensor(name + ".timesteps", torch.of(timesteps, timesteps.length), 0);
    if (sampler instanceof Euler euler) {
      double[] sigmas = euler.sigmas();
      comparison.tensor(
          name + ".sigmas", torch.of(sigmas, sigmas.length), 2e-6 * Math.max(1, sigmas[0]));
    }
  }

  private void picture(Tensor decoded, String record) {
    byte[] planes = Picture.of(decoded, 0).planes();
    double[] found = new double[planes.length];
    for (int i = 0; i < planes.length; i++) {
      found[i] = planes[i] & 0xFF;
    }
    comparison.add(
        record,
        Comparison.largest(found, comparison.record(record)),
        pack.tolerance("image_steps_of_255").orElse(1.0));
  }
}
