package radiata.train.replay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Role;
import radiata.safetensors.DType;
import radiata.train.adapter.Names;
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
import radiata.train.nn.Projection;
import radiata.train.nn.TensorReader;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Prediction;
import radiata.train.text.TextEncoding;

/// A recorded run of a UNet: the weighted squared error of what it predicts (`kind` `diffusion`).
final class DiffusionReplay implements Objective {
  private final Pack pack;
  private final Torch torch;
  private final Unet unet;
  private final NoiseSchedule noise;
  private final TensorReader inputs;
  private final @Nullable TextEncoding texts;

  private DiffusionReplay(
      Pack pack,
      Torch torch,
      Unet unet,
      NoiseSchedule noise,
      TensorReader inputs,
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
        DiffusionModel model = DiffusionModel.of(files.base(), torch);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Unet unet = model.unet(pack.dtype());
      Map<String, Projection> layers = new LinkedHashMap<>(unet.layers().projections());
      Map<String, String> names =
          Names.of(layers.keySet(), List.of("lora_unet_", "lycoris_"), List.of("unet."));
      TextEncoding texts = texts(pack, model, layers, names);
      TrainedAdapter adapter = TrainedAdapter.read(torch, files.first(), names, pack.dtype());
      adapter.attach(layers, new MapAlgebra(detached), profile(pack));
      RunComparison comparison = new RunComparison(pack, new TensorReader(torch, files.expected()));
      TensorReader given = new TensorReader(torch, files.inputs());
      DiffusionReplay replay =
          new DiffusionReplay(pack, torch, unet, schedule(pack, torch, given), given, texts);
      new TrainingReplay(pack, torch, adapter, layers, replay, comparison).run();
      return comparison.deviations();
    }
  }

  /// The text encoders, where the run trained them; their layers and names are put with those of
  /// the UNet.
  private static @Nullable TextEncoding texts(
      Pack pack, DiffusionModel model, Map<String, Projection> layers, Map<String, String> names) {
    if (!pack.texts("training", "trained").contains("text_encoder")) {
      return null;
    }
    List<ClipText> encoders = new ArrayList<>();
    for (Role role : model.textEncoders()) {
      ClipText encoder = model.text(role, pack.dtype());
      encoders.add(encoder);
      int number = encoders.size();
      String component = number == 1 ? "text_encoder." : "text_encoder_" + number + ".";
      encoder
          .layers()
          .projections()
          .forEach((path, layer) -> {
            String full = path.startsWith("text_model.") ? path : "text_model." + path;
            layers.put(component + full, layer);
            List<String> prefixes =
                number == 1 ? List.of("lora_te_", "lora_te1_") : List.of("lora_te" + number + "_");
            prefixes.forEach(
                prefix -> names.put(prefix + full.replace('.', '_'), component + full));
            names.put(component + full, component + full);
          });
    }
    // "last" is the normed end; anything that tells of the one before it is clip skip 2.
    String state = pack.text("training", "text_state").orElse("last");
    boolean before = state.contains("-2") || state.contains("penultimate");
    return new TextEncoding(model.family(), encoders, before ? 2 : 1);
  }

  /// LyCORIS adds the machine epsilon to the norm.
  private static Profile profile(Pack pack) {
    return pack.number("adapter", "dora_norm_eps").orElse(0.0) > 0
        ? Profiles.LYCORIS
        : Profiles.EXACT;
  }

  private static NoiseSchedule schedule(Pack pack, Torch torch, TensorReader inputs)
      throws IOException {
    Prediction prediction =
        pack.text("training", "prediction_type").orElse("epsilon").startsWith("v")
            ? Prediction.V
            : Prediction.EPSILON;
    return inputs.has("alphas_cumprod")
        ? NoiseSchedule.of(torch, inputs.read("alphas_cumprod").doubles(), prediction)
        : NoiseSchedule.scaledLinear(torch, prediction);
  }

  private Tensor read(int step, String what) {
    try {
      return inputs.read("step." + step + "." + what);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
    java.util.Arrays.fill(weights, 1);
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
  public void before(RunComparison comparison) {
    comparison.largest("noisy.1", noisy(1), "activation_max_abs");
    activations("act.", comparison, "activation_max_abs");
  }

  @Override
  public void after(RunComparison comparison) {
    activations("act_final.", comparison, "final_activation_max_abs");
  }

  private void activations(String prefix, RunComparison comparison, String tolerance) {
    try (Scope _ = Scope.open()) {
      BiConsumer<String, Tensor> watch =
          (name, value) -> comparison.largest(prefix + name, value, tolerance);
      unet.forward(input(1), Segments.PLAIN, watch);
    }
  }
}
