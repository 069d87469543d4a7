package radiata.train.replay;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.safetensors.DType;
import radiata.train.adapter.DiffusionLayers;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Gradients;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.ClipText;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Texts;
import radiata.train.model.Unet;
import radiata.train.model.UnetInput;
import radiata.train.nn.NetworkException;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Prediction;
import radiata.train.text.TextEncoding;

/// A recorded run of a UNet: the weighted squared error of what it predicts (`kind` `diffusion`).
final class DiffusionReplay implements Objective {
  private static final Pattern BEFORE_LAST =
      Pattern.compile("hidden_states\\[-2]|penultimate\\b|clip_skip 2\\b");
  private static final Pattern LAST = Pattern.compile("last(_hidden_state)?\\b|clip_skip 1\\b");

  private final Pack pack;
  private final Torch torch;
  private final Unet unet;
  private final NoiseSchedule noise;
  private final Given inputs;
  private final @Nullable TextEncoding texts;

  private DiffusionReplay(
      Pack pack,
      Torch torch,
      Unet unet,
      NoiseSchedule noise,
      Given inputs,
      @Nullable TextEncoding texts) {
    this.pack = pack;
    this.torch = torch;
    this.unet = unet;
    this.noise = noise;
    this.inputs = inputs;
    this.texts = texts;
  }

  static List<Deviation> run(Pack pack, Torch torch, boolean detached) throws IOException {
    try (PackFiles files = PackFiles.open(pack);
        AdapterFile first = PackFiles.first(pack);
        DiffusionModel model = DiffusionModel.of(files.base(), torch);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Unet unet = model.unet(pack.dtype());
      boolean trains = pack.texts("training", "trained").contains("text_encoder");
      List<ClipText> encoders = trains ? encoders(model, pack.dtype()) : List.of();
      DiffusionLayers layers = new DiffusionLayers(model.family(), unet, encoders, Dialect.LYCORIS);
      TextEncoding texts =
          trains ? new TextEncoding(model.family(), encoders, clipSkip(pack)) : null;
      TrainedAdapter adapter = TrainedAdapter.read(torch, first, layers.paths(), pack.dtype());
      adapter.attach(layers.layers(), new MapAlgebra(detached), profile(pack));
      Comparison comparison = files.comparison(pack, torch);
      Given given = files.given(torch, pack.dtype());
      DiffusionReplay replay =
          new DiffusionReplay(pack, torch, unet, schedule(pack, torch, given), given, texts);
      TextReplay.run(pack, model, given, torch, comparison);
      new TrainingReplay(pack, torch, adapter, layers.layers(), replay, comparison).run();
      return comparison.deviations();
    }
  }

  private static List<ClipText> encoders(DiffusionModel model, DType dtype) {
    return model.textEncoders().stream().map(role -> model.text(role, dtype)).toList();
  }

  /// Which state the UNet was given, by the words for it: the normed last one, or the one before.
  static int clipSkip(Pack pack) {
    String state = pack.text("training", "text_state").orElse("last_hidden_state");
    if (BEFORE_LAST.matcher(state).lookingAt()) {
      return 2;
    }
    if (LAST.matcher(state).lookingAt()) {
      return 1;
    }
    throw new NetworkException(
        "%s: pack.json: training.text_state is \"%s\", expected last_hidden_state, hidden_states[-2], penultimate or clip_skip 2"
            .formatted(pack.folder(), state));
  }

  /// LyCORIS adds the machine epsilon to the norm.
  private static Profile profile(Pack pack) {
    return pack.number("adapter", "dora_norm_eps").orElse(0.0) > 0
        ? Profiles.LYCORIS
        : Profiles.EXACT;
  }

  private static NoiseSchedule schedule(Pack pack, Torch torch, Given inputs) throws IOException {
    Prediction prediction =
        pack.text("training", "prediction_type").orElse("epsilon").startsWith("v")
            ? Prediction.V
            : Prediction.EPSILON;
    return inputs.has("alphas_cumprod")
        ? NoiseSchedule.of(torch, inputs.tensor("alphas_cumprod").doubles(), prediction)
        : NoiseSchedule.scaledLinear(torch, prediction);
  }

  private Tensor read(int step, String what) {
    return inputs.tensor("step." + step + "." + what);
  }

  private boolean has(int step, String what) {
    return inputs.has("step." + step + "." + what);
  }

  private Tensor noisy(int step) {
    return has(step, "noisy")
        ? read(step, "noisy")
        : noise.noisy(read(step, "latents"), read(step, "noise"), read(step, "timesteps").longs());
  }

  private UnetInput input(int step) {
    Texts states = states(step);
    return new UnetInput(
        noisy(step),
        read(step, "timesteps"),
        states.context(),
        states.pooled(),
        has(step, "time_ids") ? read(step, "time_ids") : null,
        has(step, "time_proj") ? read(step, "time_proj") : null);
  }

  private Texts states(int step) {
    if (texts != null) {
      List<List<Tensor>> ids = new ArrayList<>();
      for (int i = 1; i <= texts.encoders().size(); i++) {
        String numbered = "input_ids_" + i;
        ids.add(List.of(read(step, has(step, numbered) ? numbered : "input_ids")));
      }
      return texts.encode(ids, Segments.PLAIN);
    }
    return new Texts(
        read(step, "encoder_hidden_states"),
        has(step, "text_embeds") ? read(step, "text_embeds") : null);
  }

  @Override
  public Tensor loss(int batch) {
    Tensor predicted = unet.forward(input(batch), Segments.PLAIN, Unet.UNWATCHED);
    long[] at = read(batch, "timesteps").longs();
    Tensor target = noise.target(read(batch, "latents"), read(batch, "noise"), at);
    Tensor error = predicted.minus(target).square();
    double each = predicted.shape().elements() / (double) at.length;
    Tensor perSample = error.sum(1, 2, 3).reshape(at.length).times(1 / each);
    return perSample.times(weights(batch, at)).mean();
  }

  /// The weights of the samples. Those of a float64 record were computed in float32 all the same,
  /// and are part of what is given.
  private Tensor weights(int batch, long[] at) {
    if (pack.dtype() == DType.F64 && has(batch, "loss_weight")) {
      return read(batch, "loss_weight");
    }
    double[] weights = new double[at.length];
    Arrays.fill(weights, 1);
    double[] used =
        pack.number("training", "min_snr_gamma")
            .map(gamma -> noise.minSnr(gamma, at))
            .orElse(weights);
    return torch.of(used, used.length).cast(pack.dtype());
  }

  @Override
  public double share(int batch, int first, int batches) {
    return 1.0 / batches;
  }

  @Override
  public void before(Comparison comparison) {
    comparison.tensor("noisy.1", noisy(1), "activation_max_abs");
    activations("act.", comparison, "activation_max_abs");
  }

  @Override
  public void after(Comparison comparison) {
    activations("act_final.", comparison, "final_activation_max_abs");
  }

  private void activations(String prefix, Comparison comparison, String tolerance) {
    try (Scope _ = Scope.open()) {
      BiConsumer<String, Tensor> watch =
          (name, value) -> comparison.tensor(prefix + name, value, tolerance);
      unet.forward(input(1), Segments.PLAIN, watch);
    }
  }
}
