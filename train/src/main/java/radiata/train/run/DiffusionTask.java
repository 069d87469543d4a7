package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import radiata.safetensors.DType;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.config.SampleSection;
import radiata.train.config.TrainConfig;
import radiata.train.config.TrainingSection;
import radiata.train.data.Captions;
import radiata.train.data.Draws;
import radiata.train.data.Draws.Purpose;
import radiata.train.data.ImageBatch;
import radiata.train.data.ImageBatches;
import radiata.train.data.ImageData;
import radiata.train.data.ImageSubset;
import radiata.train.data.ImageUse;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.metadata.ModelFacts;
import radiata.train.metadata.RunFacts;
import radiata.train.metadata.TrainingMetadata;
import radiata.train.model.Texts;
import radiata.train.model.Unet;
import radiata.train.model.UnetInput;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Picture;
import radiata.train.sample.Sampler;
import radiata.train.sample.Sampling;

/// A UNet, and with it its text encoders if they are trained, that learns to tell noise from
/// pictures.
final class DiffusionTask implements Task {
  private static final long NOISES = 1000;

  private final TrainConfig config;
  private final Torch torch;
  private final DiffusionParts parts;
  private final TrainedAdapter adapter;
  private final ImageData data;
  private final ImageBatches batches;
  private final Draws draws;
  private final Map<ImageSubset, Captions> captions = new HashMap<>();
  private final List<Group> groups;
  private final ModelFacts facts;
  private final Opened opened;
  private int epoch;
  private List<ImageBatch> inEpoch = List.of();

  DiffusionTask(
      TrainConfig config,
      Torch torch,
      DiffusionParts parts,
      TrainedAdapter adapter,
      ImageData data,
      ModelFacts facts,
      Opened opened) {
    this.config = config;
    this.torch = torch;
    this.parts = parts;
    this.adapter = adapter;
    this.data = data;
    this.facts = facts;
    this.opened = opened;
    this.draws = new Draws(config.training().seed());
    this.batches = new ImageBatches(data, draws);
    int steps = config.training().steps(batches.count());
    data.items().stream()
        .map(item -> item.subset())
        .distinct()
        .forEach(subset -> captions.put(subset, new Captions(subset.captions(), draws, steps)));
    this.groups = groups(adapter, config.training());
  }

  private static List<Group> groups(TrainedAdapter adapter, TrainingSection training) {
    List<Tensor> unet = new ArrayList<>();
    List<Tensor> text = new ArrayList<>();
    adapter
        .parameters()
        .forEach((key, tensor) -> (key.startsWith("lora_te") ? text : unet).add(tensor));
    List<Group> groups = new ArrayList<>();
    if (!text.isEmpty()) {
      groups.add(new Group("lr/textencoder", text, training.textEncoderRate()));
    }
    if (!unet.isEmpty()) {
      groups.add(new Group("lr/unet", unet, training.denoiserRate()));
    }
    return groups;
  }

  @Override
  public int batchesPerEpoch() {
    return batches.count();
  }

  @Override
  public TrainedAdapter adapter() {
    return adapter;
  }

  @Override
  public List<Group> groups() {
    return groups;
  }

  private ImageBatch batch(Moment moment) {
    if (epoch != moment.epoch()) {
      epoch = moment.epoch();
      inEpoch = batches.epoch(epoch);
    }
    return inEpoch.get(moment.batch());
  }

  @Override
  public double count(Moment moment) {
    return batch(moment).uses().size();
  }

  @Override
  public Loss loss(Moment moment, Segments segments) throws IOException {
    ImageBatch batch = batch(moment);
    List<ImageUse> uses = batch.uses();
    List<Tensor> all = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (ImageUse use : uses) {
      all.add(parts.latents().of(use, moment.epoch()));
      Captions of = captions.get(use.item().subset());
      texts.add(
          of == null
              ? use.item().caption()
              : of.at(
                  use.item().caption(),
                  new Captions.Moment(moment.epoch(), moment.step(), use.number())));
    }
    Tensor latents = Tensor.cat(0, all);
    Tensor noise = noise(moment, uses, latents);
    long[] at = timesteps(moment, uses);
    NoiseSchedule schedule = parts.schedule();
    Texts context = parts.texts().of(texts, !endless(uses), segments);
    UnetInput input =
        new UnetInput(
            schedule.noisy(latents, noise, at),
            torch.of(at, at.length),
            context.context(),
            context.pooled(),
            parts.sizes(uses),
            null);
    Tensor predicted = parts.unet().forward(input, segments, Unet.UNWATCHED).cast(DType.F32);
    Tensor error = predicted.minus(schedule.target(latents, noise, at)).square();
    double each = latents.shape().elements() / (double) uses.size();
    Tensor perSample = error.sum(1, 2, 3).reshape(uses.size()).times(1 / each);
    return new Loss(weighted(perSample, at).sum(), uses.size());
  }

  /// Whether few of the captions come again, so that keeping their states would only fill the
  /// memory.
  private static boolean endless(List<ImageUse> uses) {
    return uses.stream().anyMatch(use -> use.item().subset().captions().endless());
  }

  private Tensor weighted(Tensor losses, long[] at) {
    if (config.training().minSnrGamma().isEmpty()) {
      return losses;
    }
    double[] weights = parts.schedule().minSnr(config.training().minSnrGamma().getAsDouble(), at);
    return losses.times(torch.of(weights, weights.length).cast(DType.F32));
  }

  private RandomGenerator stream(Purpose purpose, Moment moment, ImageUse use) {
    return draws.of(purpose, moment.epoch(), use.number());
  }

  private Tensor noise(Moment moment, List<ImageUse> uses, Tensor latents) {
    long[] shape = latents.shape().dims();
    shape[0] = 1;
    List<Tensor> noises = new ArrayList<>();
    double offset = config.training().noiseOffset();
    for (ImageUse use : uses) {
      Tensor noise = Normals.of(torch, stream(Purpose.NOISE, moment, use), shape);
      if (offset != 0) {
        Tensor level =
            Normals.of(torch, stream(Purpose.NOISE_OFFSET, moment, use), 1, shape[1], 1, 1);
        noise = noise.plus(level.times(offset));
      }
      noises.add(noise);
    }
    return Tensor.cat(0, noises);
  }

  private long[] timesteps(Moment moment, List<ImageUse> uses) {
    long[] at = new long[uses.size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = stream(Purpose.TIMESTEP, moment, uses.get(i)).nextInt(parts.schedule().steps());
    }
    return at;
  }

  @Override
  public void sample(int step, Path folder, String name) throws IOException {
    List<SampleSection.Prompt> prompts = config.samples().prompts();
    for (int i = 0; i < prompts.size(); i++) {
      SampleSection.Prompt prompt = prompts.get(i);
      try (Scope _ = Scope.open()) {
        byte[] png = picture(prompt, i).png();
        Files.createDirectories(folder);
        Path file = folder.resolve("%s_%06d_%02d.png".formatted(name, step, i));
        Path built = folder.resolve("." + file.getFileName() + ".tmp");
        Files.write(built, png);
        Files.move(built, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private Picture picture(SampleSection.Prompt prompt, int number) throws IOException {
    int factor = parts.vae().factor();
    long seed = prompt.seed().orElse(config.training().seed());
    RandomGenerator generator = new Draws(seed).of(Purpose.SAMPLE, NOISES, number);
    Tensor noise =
        Normals.of(
            torch,
            generator,
            1,
            4,
            prompt.size().height() / factor,
            prompt.size().width() / factor);
    Sampler sampler = Sampler.named(prompt.sampler().name(), parts.schedule(), prompt.steps());
    Texts text = parts.texts().of(List.of(prompt.text()), true, Segments.PLAIN);
    Texts negative = parts.texts().of(List.of(prompt.negative()), true, Segments.PLAIN);
    Tensor sizes = parts.sizes(prompt.size());
    Tensor latents =
        new Sampling(parts.unet(), sampler, prompt.guidance(), sizes)
            .run(noise, text, negative, (i, x) -> {});
    return Picture.of(parts.vae().decode(latents).cast(DType.F32), 0);
  }

  @Override
  public Map<String, String> metadata(RunFacts run) {
    return TrainingMetadata.of(config, data, facts, run);
  }

  @Override
  public Optional<String> settings() {
    return Optional.empty();
  }

  @Override
  public void close() throws IOException {
    opened.close();
  }
}
