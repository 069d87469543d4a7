package radiata.names;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A module found in a base.
///
/// @param path its dotted path in the family's own terms (diffusers paths for the Stable Diffusion
///   families)
/// @param block its place in kohya's list of 26 block weights (BASE, IN00-IN11, MID, OUT00-OUT11),
///   if it has one
/// @param weights where the rows of its weight are, in the module's order: one place for most
///   modules, several where the base stores a fused module (`img_attn.qkv`) as the split ones or
///   has its halves swapped (`norm_out.linear`)
/// @param biases the same for its bias; empty for a module without one
public record Located(
    String path, Role role, OptionalInt block, List<Target> weights, List<Target> biases) {

  public Located {
    weights = List.copyOf(weights);
    biases = List.copyOf(biases);
    if (weights.isEmpty()) {
      throw new IllegalArgumentException("a module has a weight: " + path);
    }
  }

  /// A module in one place.
  public Located(String path, Role role, OptionalInt block, Target weight, @Nullable Target bias) {
    this(path, role, block, List.of(weight), bias == null ? List.of() : List.of(bias));
  }

  /// Whether the weight is in one place, the module's rows in order.
  public boolean whole() {
    return weights.size() == 1;
  }

  /// The weight of a module that is [#whole]; every module that [NameTable#modules] lists is.
  ///
  /// @throws IllegalStateException if it is in several places
  public Target weight() {
    return only(weights);
  }

  /// The bias of a module that is [#whole]; null for a module without one.
  ///
  /// @throws IllegalStateException if it is in several places
  public @Nullable Target bias() {
    return biases.isEmpty() ? null : only(biases);
  }

  /// The tensors that hold the weight, as a message names them.
  public String place() {
    return place(weights);
  }

  /// The same for the bias; empty for a module without one.
  public Optional<String> biasPlace() {
    return biases.isEmpty() ? Optional.empty() : Optional.of(place(biases));
  }

  private static String place(List<Target> targets) {
    return targets.stream().map(Target::place).distinct().collect(Collectors.joining(" + "));
  }

  private Target only(List<Target> places) {
    if (places.size() != 1) {
      throw new IllegalStateException(path + " is in several places: " + place());
    }
    return places.getFirst();
  }
}
