package radiata.train.replay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.train.adapter.Names;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Gradients;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Unet;
import radiata.train.model.UnetInput;
import radiata.train.nn.Projection;
import radiata.train.nn.TensorReader;
import radiata.train.sample.NoiseSchedule;
import radiata.train.sample.Prediction;

/// A recorded run of a UNet: the weighted squared error of what it predicts (`kind` `diffusion`).
final class DiffusionReplay implements Objective {
  private final Pack pack;
  private final Torch torch;
  private final Unet unet;
  private final NoiseSchedule noise;
  private final TensorReader inputs;

  private DiffusionReplay(
      Pack pack, Torch torch, Unet unet, NoiseSchedule noise, TensorReader inputs) {
    this.pack = pack;
    this.torch = torch;
    this.unet = unet;
    this.noise = noise;
    this.inputs = inputs;
  }

  static List<Deviation> run(Pack pack, Torch torch, boolean detached) throws IOException {
    try (Checkpoint base = Checkpoint.open(pack.base(), Limits.DEFAULT);
        TensorFile inputs =
            TensorFile.open(pack.folder().resolve("inputs.safetensors"), Limits.DEFAULT);
        TensorFile expected =
            TensorFile.open(pack.folder().resolve("expected.safetensors"), Limits.DEFAULT);
        AdapterFile first =
            AdapterFile.open(
                pack.folder().resolve("initial_adapter.safetensors"), Limits.DEFAULT, null);
        DiffusionModel model = DiffusionModel.of(base, torch);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Unet unet = model.unet(pack.dtype());
      Map<String, Projection> layers = unet.layers().projections();
      Map<String, String> names =
          Names.of(layers.keySet(), List.of("lora_unet_", "lycoris_"), List.of("unet."));
      TrainedAdapter adapter = TrainedAdapter.read(torch, first, names, pack.dtype());
      adapter.attach(layers, new MapAlgebra(detached), profile(pack));
      RunComparison comparison = new RunComparison(pack, new TensorReader(torch, expected));
      TensorReader given = new TensorReader(torch, inputs);
      DiffusionReplay replay =
          new DiffusionReplay(pack, torch, unet, schedule(pack, torch, given), given);
      new TrainingReplay(pack, torch, adapter, layers, replay, comparison).run();
      return comparison.deviations();
    }
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
    return new UnetInput(
        noisy(step),
        read(step, "timesteps"),
        read(step, "encoder_hidden_states"),
        has(step, "text_embeds") ? read(step, "text_embeds") : null,
        has(step, "time_ids") ? read(step, "time_ids") : null,
        has(step, "time_proj") ? read(step, "time_proj") : null);
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
