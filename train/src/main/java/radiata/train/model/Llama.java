package radiata.train.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;
import radiata.train.nn.RmsNorm;

/// Llama, Mistral, Qwen2 and Qwen3 (transformers 5 `modeling_llama.py` and its kin): which of them
/// a model is says its config; whether there are biases and norms of heads, its weights.
public final class Llama implements LanguageModel {
  private static final String MODEL = "model.";

  private record Layer(
      RmsNorm before,
      Projection query,
      Projection key,
      Projection value,
      Projection out,
      @Nullable RmsNorm queryNorm,
      @Nullable RmsNorm keyNorm,
      RmsNorm between,
      Projection gate,
      Projection up,
      Projection down) {}

  private final Layers layers;
  private final LanguageConfig config;
  private final Torch torch;
  private final DType dtype;
  private final Tensor embedding;
  private final List<Layer> stack = new ArrayList<>();
  private final RmsNorm last;
  private final @Nullable Projection head;

  public Llama(Layers layers, LanguageConfig config) {
    this.layers = layers;
    this.config = config;
    this.torch = layers.weights().torch();
    this.embedding = layers.tensor(MODEL + "embed_tokens.weight");
    this.dtype = layers.weights().dtype();
    for (int i = 0; i < config.layers(); i++) {
      stack.add(layer(MODEL + "layers." + i + "."));
    }
    this.last = layers.rmsNorm(MODEL + "norm", config.epsilon());
    boolean own = layers.has("lm_head") && !config.tied();
    this.head = own ? layers.linear("lm_head") : null;
  }

  private Layer layer(String at) {
    String attention = at + "self_attn.";
    boolean norms = layers.has(attention + "q_norm");
    return new Layer(
        layers.rmsNorm(at + "input_layernorm", config.epsilon()),
        layers.linear(attention + "q_proj"),
        layers.linear(attention + "k_proj"),
        layers.linear(attention + "v_proj"),
        layers.linear(attention + "o_proj"),
        norms ? layers.rmsNorm(attention + "q_norm", config.epsilon()) : null,
        norms ? layers.rmsNorm(attention + "k_norm", config.epsilon()) : null,
        layers.rmsNorm(at + "post_attention_layernorm", config.epsilon()),
        layers.linear(at + "mlp.gate_proj"),
        layers.linear(at + "mlp.up_proj"),
        layers.linear(at + "mlp.down_proj"));
  }

  @Override
  public Layers layers() {
    return layers;
  }

  @Override
  public LanguageConfig config() {
    return config;
  }

  @Override
  public Tensor logits(Tensor ids, Segments segments) {
    int tokens = Math.toIntExact(ids.size(1));
    Rope.Angles angles = config.rope().angles(torch, tokens, config.headWidth(), dtype);
    Map<OptionalInt, Tensor> masks = masks(tokens);
    Tensor x = ids.embed(embedding);
    for (int i = 0; i < stack.size(); i++) {
      Layer layer = stack.get(i);
      Tensor mask = masks.get(config.windows().get(i));
      x = Segment.run(segments, List.of(x), in -> run(layer, in.getFirst(), angles, mask));
    }
    Tensor hidden = last.apply(x);
    return head == null ? hidden.linear(embedding, null) : head.apply(hidden);
  }

  /// What the windows of the layers hide, added to the scores; none where a window holds all.
  private Map<OptionalInt, Tensor> masks(int tokens) {
    Map<OptionalInt, Tensor> masks = new HashMap<>();
    for (OptionalInt window : config.windows()) {
      if (window.isPresent() && window.getAsInt() < tokens) {
        masks.computeIfAbsent(window, w -> mask(tokens, w.getAsInt()));
      }
    }
    return masks;
  }

  private Tensor mask(int tokens, int window) {
    double[] values = new double[tokens * tokens];
    for (int i = 0; i < tokens; i++) {
      for (int j = 0; j < tokens; j++) {
        values[i * tokens + j] = j <= i && j > i - window ? 0 : Double.NEGATIVE_INFINITY;
      }
    }
    return torch.of(values, tokens, tokens).cast(dtype);
  }

  private Tensor run(Layer layer, Tensor x, Rope.Angles angles, @Nullable Tensor mask) {
    Tensor normed = layer.before().apply(x);
    Tensor query = heads(layer.query().apply(normed), config.heads(), layer.queryNorm());
    Tensor key = heads(layer.key().apply(normed), config.keyHeads(), layer.keyNorm());
    Tensor value = heads(layer.value().apply(normed), config.keyHeads(), null);
    int times = config.heads() / config.keyHeads();
    Tensor turned = angles.turn(query);
    Tensor keys = angles.turn(key).repeatHeads(times);
    Tensor values = value.repeatHeads(times);
    Tensor seen =
        mask == null ? turned.attend(keys, values, true) : turned.attend(keys, values, mask);
    Tensor joined =
        seen.permute(0, 2, 1, 3)
            .reshape(x.size(0), x.size(1), (long) config.heads() * config.headWidth());
    Tensor attended = x.plus(layer.out().apply(joined));
    Tensor then = layer.between().apply(attended);
    Tensor wide = layer.gate().apply(then).swiglu(layer.up().apply(then));
    return attended.plus(layer.down().apply(wide));
  }

  /// `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  private Tensor heads(Tensor x, int heads, @Nullable RmsNorm norm) {
    Tensor split = x.reshape(x.size(0), x.size(1), heads, config.headWidth());
    return (norm == null ? split : norm.apply(split)).permute(0, 2, 1, 3);
  }
}
