package radiata.train.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// A CLIP text encoder: CLIP-L, or OpenCLIP's H and bigG (transformers `CLIPTextModel`, and
/// `CLIPTextModelWithProjection` where there is a projection).
public final class ClipText {
  private static final String MODEL = "text_model.";

  /// What the encoder makes of a batch of texts.
  ///
  /// @param hidden the embeddings, then what comes out of each layer, `[batch, tokens, width]` each
  /// @param last the last of them, normed
  /// @param pooled of `last` the place of the end token, `[batch, width]`
  /// @param projected the pooled, projected, `[batch, projection]`; null without a projection
  public record States(
      List<Tensor> hidden, Tensor last, Tensor pooled, @Nullable Tensor projected) {
    /// A state counted from the end: 1 is what comes out of the last layer.
    public Tensor fromEnd(int n) {
      if (n < 1 || n > hidden.size()) {
        throw new NetworkException(
            "the text encoder has %d states, the one before the last %d is none of them"
                .formatted(hidden.size(), n - 1));
      }
      return hidden.get(hidden.size() - n);
    }
  }

  private record Layer(
      Norm norm1,
      Projection query,
      Projection key,
      Projection value,
      Projection out,
      Norm norm2,
      Projection wide,
      Projection narrow) {}

  private final ClipConfig config;
  private final Layers layers;
  private final Tensor tokens;
  private final Tensor positions;
  private final List<Layer> stack = new ArrayList<>();
  private final Norm norm;
  private final @Nullable Projection projection;

  /// @throws NetworkException if the layers are not those of the architecture
  public ClipText(Layers layers, ClipConfig config) {
    this.config = config;
    this.layers = layers;
    String embeddings = MODEL + "embeddings.";
    this.tokens = layers.weights().need(embeddings + "token_embedding.weight");
    this.positions = layers.weights().need(embeddings + "position_embedding.weight");
    for (int i = 0; i < config.layers(); i++) {
      stack.add(layer(MODEL + "encoder.layers." + i));
    }
    this.norm = layers.norm(MODEL + "final_layer_norm", config.epsilon());
    this.projection = layers.has("text_projection") ? layers.linear("text_projection") : null;
  }

  private Layer layer(String path) {
    return new Layer(
        layers.norm(path + ".layer_norm1", config.epsilon()),
        layers.linear(path + ".self_attn.q_proj"),
        layers.linear(path + ".self_attn.k_proj"),
        layers.linear(path + ".self_attn.v_proj"),
        layers.linear(path + ".self_attn.out_proj"),
        layers.norm(path + ".layer_norm2", config.epsilon()),
        layers.linear(path + ".mlp.fc1"),
        layers.linear(path + ".mlp.fc2"));
  }

  public ClipConfig config() {
    return config;
  }

  public Layers layers() {
    return layers;
  }

  /// How many tokens a text may have, the first and the last mark included.
  public int length() {
    return Math.toIntExact(positions.size(0));
  }

  /// Encodes a batch of texts of one length.
  ///
  /// @param ids `[batch, tokens]`
  /// @throws NetworkException if a text is too long, or a token is none of the encoder's
  public States forward(Tensor ids, Segments segments) {
    int[] ends = check(ids);
    Tensor x = ids.embed(tokens).plus(positions.slice(0, 0, ids.size(1)));
    List<Tensor> hidden = new ArrayList<>();
    hidden.add(x);
    for (Layer layer : stack) {
      x = Segment.run(segments, List.of(x), in -> run(layer, in.getFirst()));
      hidden.add(x);
    }
    Tensor last = normed(x, segments);
    long[] places = new long[ends.length];
    for (int i = 0; i < ends.length; i++) {
      places[i] = ends[i];
    }
    Tensor pooled = last.select(layers.weights().torch().of(places, places.length));
    Tensor projected = projection == null ? null : projection.apply(pooled);
    return new States(List.copyOf(hidden), last, pooled, projected);
  }

  /// The last norm, on the state of any layer.
  public Tensor normed(Tensor state, Segments segments) {
    return Segment.run(segments, List.of(state), in -> norm.layer(in.getFirst()));
  }

  private Tensor run(Layer layer, Tensor x) {
    Tensor normed = layer.norm1().layer(x);
    Tensor seen =
        heads(layer.query().apply(normed))
            .attend(heads(layer.key().apply(normed)), heads(layer.value().apply(normed)), true);
    Tensor joined = seen.permute(0, 2, 1, 3).reshape(x.size(0), x.size(1), x.size(2));
    Tensor attended = x.plus(layer.out().apply(joined));
    Tensor wide = layer.wide().apply(layer.norm2().layer(attended));
    return attended.plus(layer.narrow().apply(config.quick() ? wide.quickGelu() : wide.gelu()));
  }

  /// `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  private Tensor heads(Tensor x) {
    return x.reshape(x.size(0), x.size(1), config.heads(), x.size(2) / config.heads())
        .permute(0, 2, 1, 3);
  }

  /// Where each text ends.
  private int[] check(Tensor ids) {
    int length = Math.toIntExact(ids.size(1));
    if (length > length()) {
      throw new NetworkException(
          "a text of %d tokens, the text encoder has places for %d".formatted(length, length()));
    }
    long[] all = ids.longs();
    int[] ends = new int[all.length / length];
    for (int row = 0; row < ends.length; row++) {
      long highest = -1;
      boolean found = false;
      for (int i = 0; i < length; i++) {
        long id = all[row * length + i];
        if (id < 0 || id >= tokens.size(0)) {
          throw new NetworkException(
              "token %d, the text encoder knows %d; take the tokenizer of its model"
                  .formatted(id, tokens.size(0)));
        }
        boolean end =
            config.end() == ClipConfig.HIGHEST ? id > highest : id == config.end() && !found;
        found |= end;
        ends[row] = end ? i : ends[row];
        highest = Math.max(highest, id);
      }
    }
    return ends;
  }
}
