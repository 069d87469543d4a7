package radiata.adapter.dialect;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Glora;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Scale;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Algorithm;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// What an adapter does to one layer, weight and bias together, before it is spelled in a dialect.
///
/// @param name the module's name in the file it comes from
/// @param parts its tensors by the part each plays
/// @param rank the rank of its factors
/// @param alpha what over the rank is the scale in front of its delta, whatever a file calls alpha
/// @param axis the axis of its magnitude
/// @param kernel whether its factors were made for a convolution
/// @param turned whether the base stores the weight `[in, out]`
/// @param madeFor the shape of the weight it was made for, as far as its factors tell
/// @param rowParts the parts whose rows are rows of the weight, and how many rows of the weight one
///   of theirs stands for; empty where rows cannot be told apart
record Layer(
    String name,
    Algorithm algorithm,
    SequencedMap<String, Content> parts,
    OptionalInt rank,
    double alpha,
    Optional<DoraAxis> axis,
    boolean kernel,
    boolean turned,
    Shape madeFor,
    SequencedMap<String, Long> rowParts) {
  static final String UP = "lora_up";
  static final String DOWN = "lora_down";
  static final String MID = "lora_mid";
  static final String ALPHA = "alpha";
  static final String RESHAPE = "reshape_weight";
  private static final Set<String> BIASES = Set.of("diff_b", "b_norm", "lora_B.bias", "bias");

  Layer {
    parts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parts));
    rowParts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rowParts));
  }

  /// @param modules what one module name stands for: the weight's module, the bias's, or both
  static Layer of(TensorFile file, List<AdapterModule> modules) {
    SequencedMap<String, Content> parts = new LinkedHashMap<>();
    for (AdapterModule module : modules) {
      module.parts().forEach((part, tensor) -> parts.put(part, Content.Stored.of(file, tensor)));
    }
    AdapterModule first = modules.getFirst();
    // Where the names of a file say it, a tensor has to in every other.
    first.padded().ifPresent(to -> parts.putIfAbsent(RESHAPE, Content.Whole.shape(to)));
    Adapter<TensorInfo> inner =
        first.adapter() instanceof Dora<TensorInfo> dora ? dora.inner() : first.adapter();
    return new Layer(
        first.name(),
        first.algorithm(),
        parts,
        first.rank(),
        alpha(inner, first.rank().orElse(1)),
        first.axis(),
        isKernel(first, parts),
        first.fanInFanOut(),
        first.madeFor(),
        rowParts(inner, first, parts));
  }

  /// Products come before quotients, so that alpha comes back as it was.
  private static double alpha(Adapter<TensorInfo> inner, int rank) {
    Scale scale = Scales.of(inner).orElse(Scale.none(rank));
    if (scale.alpha().isEmpty() || scale.alpha().getAsDouble() == 0) {
      return rank;
    }
    double alpha = scale.alpha().getAsDouble();
    return scale.divisor() == rank ? alpha : alpha * rank / scale.divisor();
  }

  private static boolean isKernel(AdapterModule module, SequencedMap<String, Content> parts) {
    Content down = parts.get(DOWN);
    return down == null ? module.madeFor().rank() > 2 : down.shape().rank() > 2;
  }

  private static SequencedMap<String, Long> rowParts(
      Adapter<TensorInfo> inner, AdapterModule module, SequencedMap<String, Content> parts) {
    SequencedMap<String, Long> rows = new LinkedHashMap<>();
    switch (module.algorithm()) {
      case LORA -> rows.put(UP, 1L);
      case GLORA -> {
        if (inner instanceof Glora<TensorInfo> glora) {
          rows.put(glora.old() ? "b2" : "b1", 1L);
        }
      }
      case FULL -> {
        if (!module.bias()) {
          rows.put("diff", 1L);
        }
      }
      case LOHA -> {
        if (inner
            instanceof
            Loha<TensorInfo>(Factor.Split<TensorInfo> _, Factor.Split<TensorInfo> _, _)) {
          rows.put("hada_w1_a", 1L);
          rows.put("hada_w2_a", 1L);
        }
      }
      case LOKR -> {
        if (inner instanceof Lokr<TensorInfo> lokr) {
          long group = lokr.large().shape(TensorInfo::shape).dim(0);
          rows.put(parts.containsKey("lokr_w1") ? "lokr_w1" : "lokr_w1_a", group);
        }
      }
      case IA3, NORM, OFT, BOFT, TLORA, WHOLE -> {}
    }
    for (String bias : BIASES) {
      if (parts.containsKey(bias)) {
        rows.put(bias, 1L);
      }
    }
    Magnitude key = magnitude(parts);
    if (key != null && module.axis().orElseThrow() == DoraAxis.OUTPUT && !rows.isEmpty()) {
      rows.put(key.key(), 1L);
    }
    return rows;
  }

  /// The key of its magnitude; null without DoRA.
  @Nullable Magnitude magnitude() {
    return magnitude(parts);
  }

  boolean isMagnitude(String part) {
    Magnitude key = magnitude();
    return key != null && key.key().equals(part);
  }

  private static @Nullable Magnitude magnitude(SequencedMap<String, Content> parts) {
    for (Magnitude each : Magnitude.values()) {
      if (parts.containsKey(each.key())) {
        return each;
      }
    }
    return null;
  }

  /// A part that it must have.
  Content part(String part) {
    return Objects.requireNonNull(parts.get(part), part);
  }

  /// Whether it changes the layer's weight, not its bias alone.
  boolean hasWeight() {
    return !BIASES.containsAll(parts.keySet());
  }

  /// The same with other tensors.
  Layer with(SequencedMap<String, Content> others) {
    return new Layer(name, algorithm, others, rank, alpha, axis, kernel, turned, madeFor, rowParts);
  }

  /// The same low-rank pair with another rank and alpha.
  Layer with(SequencedMap<String, Content> others, int newRank, double newAlpha) {
    return new Layer(
        name,
        algorithm,
        others,
        OptionalInt.of(newRank),
        newAlpha,
        axis,
        kernel,
        turned,
        madeFor,
        rowParts);
  }

  /// The weight's shape as a matrix of its channels, `[out, in]`: outputs from the parts that have
  /// its rows.
  Shape weightShape() {
    return Shape.of(outputs(), inputs());
  }

  private long outputs() {
    for (Map.Entry<String, Long> entry : rowParts.entrySet()) {
      Content content = parts.get(entry.getKey());
      if (content != null) {
        return content.shape().dim(0) * entry.getValue();
      }
    }
    return madeFor.dim(0);
  }

  /// Its input channels; 0 where nothing tells them.
  long inputs() {
    return madeFor.rank() > 1 ? madeFor.dim(1) : 0;
  }

  /// Whether both its factors are those of LoKr, whole, and scaled nevertheless, as PEFT does.
  boolean scaledWhole() {
    return parts.containsKey("lokr_w1") && parts.containsKey("lokr_w2") && rank.isPresent();
  }

  double scale() {
    return alpha / rank.orElse(1);
  }
}
