package radiata.train.model;

import java.util.ArrayList;
import java.util.List;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Layers;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// GPT-2 (transformers 5 `modeling_gpt2.py`). Its linear layers are stored `[in, out]`.
public final class Gpt2 implements LanguageModel {
  private record Layer(
      Norm before,
      Projection attention,
      Projection out,
      Norm between,
      Projection up,
      Projection down) {}

  private final Layers layers;
  private final LanguageConfig config;
  private final Torch torch;
  private final Tensor tokens;
  private final Tensor positions;
  private final List<Layer> stack = new ArrayList<>();
  private final Norm last;

  public Gpt2(Layers layers, LanguageConfig config) {
    this.layers = layers;
    this.config = config;
    this.torch = layers.weights().torch();
    String root = layers.has("transformer.wte") ? "transformer." : "";
    this.tokens = layers.tensor(root + "wte.weight");
    this.positions = layers.tensor(root + "wpe.weight");
    for (int i = 0; i < config.layers(); i++) {
      String at = root + "h." + i + ".";
      stack.add(
          new Layer(
              layers.norm(at + "ln_1", config.epsilon()),
              layers.transposed(at + "attn.c_attn"),
              layers.transposed(at + "attn.c_proj"),
              layers.norm(at + "ln_2", config.epsilon()),
              layers.transposed(at + "mlp.c_fc"),
              layers.transposed(at + "mlp.c_proj")));
    }
    this.last = layers.norm(root + "ln_f", config.epsilon());
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
    int count = Math.toIntExact(ids.size(1));
    long[] places = new long[count];
    for (int i = 0; i < count; i++) {
      places[i] = i;
    }
    Tensor x = ids.embed(tokens).plus(torch.of(places, 1, count).embed(positions));
    for (Layer layer : stack) {
      x = Segment.run(segments, List.of(x), in -> run(layer, in.getFirst()));
    }
    return last.layer(x).linear(tokens, null);
  }

  private Tensor run(Layer layer, Tensor x) {
    long width = config.width();
    Tensor all = layer.attention().apply(layer.before().layer(x));
    Tensor seen =
        heads(all.slice(2, 0, width))
            .attend(
                heads(all.slice(2, width, 2 * width)),
                heads(all.slice(2, 2 * width, 3 * width)),
                true);
    Tensor joined = seen.permute(0, 2, 1, 3).reshape(x.size(0), x.size(1), width);
    Tensor attended = x.plus(layer.out().apply(joined));
    Tensor wide = layer.up().apply(layer.between().layer(attended)).geluTanh();
    return attended.plus(layer.down().apply(wide));
  }

  private Tensor heads(Tensor x) {
    return x.reshape(x.size(0), x.size(1), config.heads(), config.headWidth()).permute(0, 2, 1, 3);
  }
}
