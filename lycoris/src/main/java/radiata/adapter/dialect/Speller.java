package radiata.adapter.dialect;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.Set;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Algorithm;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.names.Dialect;
import radiata.safetensors.Shape;

/// Writes layers down in the form of one dialect.
final class Speller {
  /// Parts that only PEFT, or only kohya's kin, write.
  private static final Set<String> ONLY_PEFT =
      Set.of("lora_embedding_A", "lora_embedding_B", "bias", "weight");

  private final Form form;
  private final boolean mayRound;
  private final SequencedMap<String, Content> tensors = new LinkedHashMap<>();
  private final Remembered remembered;
  private final AdapterSettings settings = new AdapterSettings();

  Speller(Form form, boolean mayRound, Remembered remembered) {
    this.form = form;
    this.mayRound = mayRound;
    this.remembered = remembered;
  }

  SequencedMap<String, Content> tensors() {
    return tensors;
  }

  AdapterSettings settings() {
    return settings;
  }

  /// Writes a layer under its name in the dialect.
  ///
  /// @throws Unwritable if the dialect cannot hold it
  void write(Layer layer, String name) {
    requireExpressible(layer);
    boolean pair = layer.parts().containsKey(Layer.UP);
    SequencedMap<String, Content> spelled = new LinkedHashMap<>();
    Form.Pair spelling = layer.parts().containsKey(Layer.MID) ? Form.Pair.UP_DOWN : form.pair();
    layer
        .parts()
        .forEach((part, content) -> {
          switch (part) {
            case Layer.UP -> spelled.put(spelling.up, up(layer, content));
            case Layer.DOWN -> spelled.put(spelling.down, content);
            case Layer.ALPHA -> {
              if (form.alphas() == Form.Alphas.TENSORS || !isScaled(layer)) {
                spelled.put(part, content);
              }
            }
            case "lokr_w1" -> spelled.put(part, small(layer, content));
            default -> {
              if (layer.isMagnitude(part)) {
                spelled.put(form.magnitude().key(), magnitude(layer, part, content));
              } else {
                spelled.put(AdapterModule.suffix(part), flat(layer, part, content));
              }
            }
          }
        });
    if (isScaled(layer)) {
      alpha(layer, name, spelled);
    }
    if (!pair && form.dialect() == Dialect.PEFT && layer.algorithm() == Algorithm.WHOLE) {
      settings.saved(name);
    }
    if (layer.magnitude() != null) {
      settings.dora(name);
    }
    spelled.forEach((suffix, content) -> put(name + "." + suffix, content));
  }

  private void put(String key, Content content) {
    Content as = remembered.as(key, content);
    if (as != null && tensors.putIfAbsent(key, as) != null) {
      throw new Unwritable("two modules of the file become " + key);
    }
  }

  private static boolean isScaled(Layer layer) {
    return switch (layer.algorithm()) {
      case LORA, LOHA, LOKR, GLORA, TLORA -> layer.hasWeight();
      case IA3, FULL, NORM, OFT, BOFT, WHOLE -> false;
    };
  }

  private void requireExpressible(Layer layer) {
    String dialect = form.dialect().id();
    if (!form.algorithms().contains(layer.algorithm())) {
      throw new Unwritable(
          "%s cannot hold %s; kohya, lycoris and comfyui can, or bake it"
              .formatted(dialect, layer.algorithm().id()));
    }
    if (layer.parts().containsKey(Layer.MID) && !form.mid()) {
      throw new Unwritable(
          "%s cannot hold the Tucker core lora_mid; kohya, lycoris and comfyui can"
              .formatted(dialect));
    }
    if (layer.axis().filter(axis -> axis == DoraAxis.INPUT).isPresent() && !form.inputAxis()) {
      throw new Unwritable(
          "%s has no magnitude per input; re-project it with --axis output --base BASE, or bake it"
              .formatted(dialect));
    }
    if (layer.magnitude() != null && !form.decomposes(layer.algorithm())) {
      throw new Unwritable(
          "%s knows DoRA over LoRA alone, not over %s; kohya, lycoris and comfyui can hold it, or bake it"
              .formatted(dialect, layer.algorithm().id()));
    }
    if (form.magnitude() == Magnitude.MAGNITUDE && layer.magnitude() != null && layer.kernel()) {
      throw new Unwritable("%s knows DoRA on linear layers alone".formatted(dialect));
    }
    boolean peft = form.dialect() == Dialect.PEFT;
    if (layer.turned() && !peft) {
      throw new Unwritable(
          "the base stores this weight [in, out], which only PEFT's settings can say; bake it");
    }
    for (String part : layer.parts().keySet()) {
      boolean ia3 = layer.algorithm() == Algorithm.IA3;
      boolean foreign =
          ONLY_PEFT.contains(part)
              ? !peft && !ia3
              : !form.others()
                  && (part.startsWith("bias_")
                      || part.equals("diff_b")
                      || part.equals(Layer.RESHAPE));
      if (foreign || (part.equals("lora_B.bias") && !form.biases())) {
        throw new Unwritable("%s cannot hold %s".formatted(dialect, part));
      }
    }
  }

  private void alpha(Layer layer, String name, SequencedMap<String, Content> spelled) {
    switch (form.alphas()) {
      case TENSORS -> {
        if (!spelled.containsKey(Layer.ALPHA) && !remembered.lacksAlpha(layer)) {
          double alpha = layer.scaledWhole() ? layer.rank().orElse(1) : layer.alpha();
          spelled.put(Layer.ALPHA, Content.Scalar.alpha(alpha));
        }
      }
      case SETTINGS -> settings.put(name, layer);
      case FOLDED -> {
        if (layer.algorithm() != Algorithm.LORA) {
          spelled.put(
              Layer.ALPHA,
              layer.parts().getOrDefault(Layer.ALPHA, Content.Scalar.alpha(layer.alpha())));
        }
      }
    }
  }

  private Content up(Layer layer, Content up) {
    Content shaped = up;
    Content down = layer.parts().get(Layer.DOWN);
    if (!form.others() && down != null && down.shape().rank() != up.shape().rank()) {
      long[] dims = new long[down.shape().rank()];
      Arrays.fill(dims, 1);
      dims[0] = up.shape().dim(0);
      dims[1] = up.shape().matrix().dim(1);
      shaped = new Content.Shaped(up, Shape.of(dims));
    }
    return form.alphas() == Form.Alphas.FOLDED && layer.scale() != 1
        ? folded(layer, shaped, "keeps no alpha", "up")
        : shaped;
  }

  /// The small factor of LoKr. PEFT scales whole factors too, by alpha over a rank that shapes
  /// nothing; everywhere else they have no scale.
  private Content small(Layer layer, Content small) {
    return form.alphas() != Form.Alphas.SETTINGS && layer.scaledWhole() && layer.scale() != 1
        ? folded(layer, small, "does not scale whole factors of LoKr", "one of them")
        : small;
  }

  private Content folded(Layer layer, Content factor, String why, String where) {
    if (!mayRound && !foldsExactly(layer)) {
      throw new Unwritable(
          "%s %s, and folding the scale %s into %s would round; --dtype fp32 allows it"
              .formatted(form.dialect().id(), why, layer.scale(), where));
    }
    return new Content.Scaled(factor, layer.scale(), factor.dtype());
  }

  /// Whether the scale is a power of two other than 1, which a factor takes without rounding.
  static boolean foldsExactly(Layer layer) {
    double scale = Math.abs(layer.scale());
    return scale != 1 && scale == Math.scalb(1.0, Math.getExponent(scale));
  }

  /// A magnitude in the shape that the dialect stores.
  private Content magnitude(Layer layer, String part, Content stored) {
    if (part.equals(form.magnitude().key())) {
      return stored;
    }
    long count = stored.shape().elements();
    Content down = layer.parts().get(Layer.DOWN);
    int rank = down == null ? layer.madeFor().rank() : down.shape().rank();
    long[] dims = new long[layer.kernel() ? rank : 2];
    Arrays.fill(dims, 1);
    Shape shape =
        switch (form.magnitude()) {
          case DORA_SCALE -> {
            dims[layer.axis().orElseThrow() == DoraAxis.OUTPUT ? 0 : 1] = count;
            yield Shape.of(dims);
          }
          case LORA_MAGNITUDE_VECTOR -> {
            dims[1] = count;
            yield layer.kernel() ? Shape.of(dims) : Shape.of(count);
          }
          case MAGNITUDE -> Shape.of(count);
        };
    return new Content.Shaped(stored, shape);
  }

  /// ComfyUI multiplies the factors of LoHa as matrices: those that OneTrainer stores with a kernel
  /// become matrices.
  private Content flat(Layer layer, String part, Content content) {
    boolean kernel =
        form.dialect() == Dialect.COMFYUI
            && layer.algorithm() == Algorithm.LOHA
            && part.startsWith("hada_w")
            && content.shape().rank() > 2;
    return kernel ? new Content.Shaped(content, content.shape().matrix()) : content;
  }
}
