package radiata.adapter.dialect;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import radiata.convention.Algorithm;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Widen;

/// What a form cannot tell of how a layer was stored, where the way back would give something else.
final class Losses {
  private Losses() {}

  /// @param wantsAlphas whether the file's dialect keeps alpha in tensors
  static Map<String, Optional<Remembered.Spelling>> of(Layer layer, Form form, boolean wantsAlphas)
      throws IOException {
    Map<String, Optional<Remembered.Spelling>> lost = new TreeMap<>();
    for (Map.Entry<String, Content> entry : layer.parts().entrySet()) {
      if (!(entry.getValue() instanceof Content.Stored stored)) {
        continue;
      }
      Remembered.Spelling spelling = spelling(layer, entry.getKey(), stored, form);
      if (spelling != null) {
        lost.put(stored.tensor().name(), Optional.of(spelling));
      }
    }
    boolean scaled = layer.rank().isPresent() || layer.algorithm() == Algorithm.LOKR;
    boolean gains = form.alphas() != Form.Alphas.TENSORS;
    if (wantsAlphas && gains && scaled && !layer.parts().containsKey(Layer.ALPHA)) {
      lost.put(layer.name() + "." + Layer.ALPHA, Optional.empty());
    }
    return lost;
  }

  private static Remembered.@Nullable Spelling spelling(
      Layer layer, String part, Content.Stored stored, Form form) throws IOException {
    boolean toSettings = form.alphas() != Form.Alphas.TENSORS;
    if (part.equals(Layer.ALPHA)) {
      return toSettings ? alpha(layer, stored, form) : null;
    }
    if (part.equals(Layer.UP)) {
      if (form.alphas() == Form.Alphas.FOLDED && Speller.foldsExactly(layer)) {
        return new Remembered.Spelling(stored.dtype(), stored.shape(), layer.scale());
      }
      Content down = layer.parts().get(Layer.DOWN);
      boolean odd = down != null && down.shape().rank() != stored.shape().rank();
      return odd && !form.others() ? shape(stored) : null;
    }
    if (layer.isMagnitude(part) && layer.magnitude() != form.magnitude()) {
      return shape(stored);
    }
    return part.startsWith("hada_w") && stored.shape().rank() > 2 ? shape(stored) : null;
  }

  private static Remembered.Spelling shape(Content.Stored stored) {
    return new Remembered.Spelling(stored.dtype(), stored.shape(), null);
  }

  /// An alpha comes back as F32 of no dimension, with the value that the settings hold.
  private static Remembered.@Nullable Spelling alpha(Layer layer, Content.Stored stored, Form form)
      throws IOException {
    double value;
    try (Arena arena = Arena.ofConfined()) {
      value = Widen.scalar(stored.read(arena), stored.dtype());
    }
    boolean folded = form.alphas() == Form.Alphas.FOLDED && Speller.foldsExactly(layer);
    boolean same = value == layer.alpha() && !folded;
    boolean plain = stored.dtype() == DType.F32 && stored.shape().equals(Shape.SCALAR);
    return same && plain
        ? null
        : new Remembered.Spelling(stored.dtype(), stored.shape(), same ? null : value);
  }
}
