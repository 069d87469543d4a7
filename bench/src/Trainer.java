import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import radiata.convention.DoraAxis;
import radiata.convention.Profiles;
import radiata.names.Family;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.tensor.Algebra;
import radiata.train.adapter.Blueprint;
import radiata.train.adapter.Draft;
import radiata.train.adapter.Targets;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Device;
import radiata.train.engine.Gradients;
import radiata.train.engine.LinearMap;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.LanguageConfig;
import radiata.train.model.LanguageModel;
import radiata.train.model.Unet;
import radiata.train.model.UnetConfig;
import radiata.train.model.UnetInput;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;
import radiata.train.nn.Weights;
import radiata.train.optim.AdamW;
import radiata.train.optim.Descent;

/// Makes training steps one by one, as a line on its standard input asks for each, and answers with
/// the seconds of the clock, those of the processor, and the loss; `peer.py` does the same in Python.
///
/// Its arguments: `unet` or `llama`, the file, the adapter, the side of the latents or the number of
/// tokens, threads.
public final class Trainer {
  private static final int RANK = 16;
  private static final double RATE = 1e-4;

  private Trainer() {}

  public static void main(String[] arguments) throws IOException {
    int size = Integer.parseInt(arguments[3]);
    Torch torch = Torch.on(Device.CPU);
    Torch.threads(Integer.parseInt(arguments[4]));
    try (Checkpoint file = Checkpoint.open(Path.of(arguments[1]), Limits.DEFAULT);
        Weights weights = new Weights(torch, Weights.places(file, "", ""), DType.F32);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Layers layers = new Layers(weights);
      boolean unet = arguments[0].equals("unet");
      Function<Segments, Tensor> loss =
          unet ? unet(torch, layers, size) : llama(torch, layers, size);
      TrainedAdapter adapter = adapter(torch, layers, unet, arguments[2]);
      List<Tensor> parameters = List.copyOf(adapter.parameters().values());
      Descent descent = new Descent(torch, List.of(parameters), AdamW.Settings.DEFAULT, 1);
      long elements = parameters.stream().mapToLong(each -> each.shape().elements()).sum();
      System.out.println("ready " + elements);
      OperatingSystemMXBean system =
          ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
      BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
      while (asked.readLine() != null) {
        long start = System.nanoTime();
        long worked = system.getProcessCpuTime();
        double value = step(loss, descent);
        double processor = (system.getProcessCpuTime() - worked) / 1e9;
        System.out.println((System.nanoTime() - start) / 1e9 + " " + processor + " " + value);
      }
    }
  }

  private static double step(Function<Segments, Tensor> loss, Descent descent) {
    double value;
    try (Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.record()) {
      Tensor now = loss.apply(Segments.PLAIN);
      value = now.number();
      Segments.PLAIN.backward(now);
    }
    descent.step(List.of(RATE));
    return value;
  }

  private static TrainedAdapter adapter(Torch torch, Layers layers, boolean unet, String how) {
    boolean dora = how.contains("dora");
    Blueprint blueprint =
        Blueprint.lora(RANK, RANK, dora ? Optional.of(DoraAxis.OUTPUT) : Optional.empty());
    Draft.Spelling spelling = unet ? Draft.Spelling.KOHYA : Draft.Spelling.PEFT;
    Draft draft = new Draft(torch, blueprint, spelling, DType.F32, 0);
    Targets targets =
        unet ? Targets.preset("attn-mlp").orElseThrow() : Targets.named(List.of("all-linear"));
    Map<String, Projection> all = layers.projections();
    all.forEach(
        (path, layer) -> {
          if (targets.unet().test(path)) {
            draft.add("lora_unet_" + path.replace('.', '_'), layer);
          }
        });
    TrainedAdapter adapter = draft.adapter();
    MapAlgebra lazy = new MapAlgebra(how.contains("detached"));
    Algebra<LinearMap> algebra = how.startsWith("built") ? new Materialised(lazy) : lazy;
    adapter.attach(all, algebra, unet ? Profiles.LYCORIS : Profiles.EXACT);
    return adapter;
  }

  private static Function<Segments, Tensor> unet(Torch torch, Layers layers, int size) {
    Unet unet = new Unet(layers, UnetConfig.of(layers.weights(), Family.SD1));
    Tensor noise = wave(torch, 0.7, 1, 4, size, size);
    UnetInput input =
        new UnetInput(
            wave(torch, 0.3, 1, 4, size, size),
            torch.of(new long[] {500}, 1),
            wave(torch, 0.1, 1, 77, 768));
    return segments ->
        unet.forward(input, segments, Unet.UNWATCHED).minus(noise).square().mean();
  }

  /// The same numbers on both sides.
  private static Tensor wave(Torch torch, double step, long... shape) {
    int n = 1;
    for (long each : shape) {
      n *= (int) each;
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Math.sin(step * i);
    }
    return torch.of(values, shape).cast(DType.F32);
  }

  private static Function<Segments, Tensor> llama(Torch torch, Layers layers, int tokens) {
    String config =
        """
        {"model_type": "llama", "hidden_size": 512, "num_hidden_layers": 8, "vocab_size": 8192,
         "num_attention_heads": 8, "num_key_value_heads": 4, "rms_norm_eps": 1e-6}""";
    LanguageModel model = LanguageModel.of(layers, LanguageConfig.parse(config, "config.json"));
    long[] values = new long[tokens];
    for (int i = 0; i < tokens; i++) {
      values[i] = (i * 7919L + 13) % 8192;
    }
    Tensor ids = torch.of(values, 1, tokens);
    Tensor labels = ids.slice(1, 1, tokens).reshape(-1);
    return segments -> {
      Tensor logits = model.logits(ids, segments);
      return logits
          .slice(1, 0, tokens - 1)
          .reshape(-1, logits.size(2))
          .crossEntropy(labels)
          .times(1.0 / (tokens - 1));
    };
  }
}
