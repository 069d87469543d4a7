package radiata.adapter.dialect;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import radiata.adapter.Scale;
import radiata.adapter.file.AdapterModule;

/// Folds a scale that a file gives in plain into alpha, `alpha = scale * rank`: no dialect is sure
/// to be read by a runtime that knows the key.
final class ExplicitScale {
  static final String PART = "scale";

  private ExplicitScale() {}

  /// @param module the layer's weight as it was read
  /// @param mayRound whether the scale may change by a rounding
  /// @throws Unwritable if no alpha over the rank is that scale
  static Layer folded(Layer layer, AdapterModule module, boolean mayRound) {
    double scale = Scales.of(module.adapter()).map(Scale::explicit).orElseThrow().orElseThrow();
    boolean whole = layer.rank().isEmpty();
    int rank = whole ? PeftLokr.wholeRank(layer) : layer.rank().getAsInt();
    double alpha = scale * rank;
    if (alpha == 0) {
      throw new Unwritable("its explicit scale is 0, and an alpha of 0 stands for the rank");
    }
    if (alpha / rank != scale && !mayRound) {
      throw new Unwritable(
          "folding the explicit scale %s into an alpha over rank %d would round; --dtype fp32 allows it"
              .formatted(scale, rank));
    }
    SequencedMap<String, Content> parts = new LinkedHashMap<>(layer.parts());
    parts.remove(PART);
    if (whole) {
      parts.remove(Layer.ALPHA);
    } else {
      parts.put(Layer.ALPHA, Content.Scalar.alpha(alpha));
    }
    return layer.with(parts, rank, alpha);
  }
}
