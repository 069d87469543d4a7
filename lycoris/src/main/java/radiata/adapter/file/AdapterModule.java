package radiata.adapter.file;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SequencedMap;
import radiata.adapter.Adapter;
import radiata.convention.Algorithm;
import radiata.convention.DoraAxis;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// One module of an adapter file: the tensors of one layer, and what they mean. A layer whose
/// weight and bias are both changed is two modules of one name.
///
/// @param name the module's name as the file writes it, suffix and adapter name taken off
/// @param bias whether it changes the bias of the layer instead of its weight
/// @param adapter the algorithm over the file's tensors
/// @param rank the rank its factors have; empty where there is none, or nothing tells it
/// @param alpha as stored or configured; empty where there is none
/// @param axis the axis of its magnitude; empty without DoRA
/// @param madeFor the shape of the weight its factors were made for, as far as they tell
/// @param parts every tensor of the file that belongs to this module, alpha included, in the file's
///   order, by the part it plays: `lora_up`, `hada_w1_a`, `alpha`, ...
/// @param fanInFanOut whether the base stores this weight the other way round, `[in, out]`
/// @param padded the shape to which the base's weight is padded with zeros before it is changed
///   (`reshape_weight`); empty where it keeps its own
/// @param wrapped for LoRA on a parameter of its module, which one it may be; empty otherwise
/// @param because why it was read this way, in words, for `inspect`
public record AdapterModule(
    String name,
    boolean bias,
    Algorithm algorithm,
    Adapter<TensorInfo> adapter,
    OptionalInt rank,
    OptionalDouble alpha,
    Optional<DoraAxis> axis,
    Shape madeFor,
    SequencedMap<String, TensorInfo> parts,
    boolean fanInFanOut,
    Optional<Shape> padded,
    Optional<Wrapped> wrapped,
    List<String> because) {
  public AdapterModule {
    parts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parts));
  }

  /// The same module for one parameter, under its name.
  public AdapterModule of(
      String parameter, Adapter<TensorInfo> found, int ofRank, OptionalDouble ofAlpha) {
    return new AdapterModule(
        parameter,
        bias,
        algorithm,
        found,
        OptionalInt.of(ofRank),
        ofAlpha,
        axis,
        found.madeFor(TensorInfo::shape),
        parts,
        fanInFanOut,
        padded,
        Optional.empty(),
        because);
  }

  /// Every tensor of the file that belongs to this module, in the file's order.
  public List<TensorInfo> tensors() {
    return List.copyOf(parts.values());
  }

  /// The suffix that a part is written under, where all programs spell it alike.
  ///
  /// @throws IllegalArgumentException for a part of several spellings, or none
  public static String suffix(String part) {
    return Suffixes.written(part);
  }
}
