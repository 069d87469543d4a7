package radiata.adapter.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Scale;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;

/// The parts of one module, as a recipe takes them: it remembers which were taken and why they were
/// read as they were.
final class Parts {
  private final TensorFile file;
  private final Group group;
  private final Settings.@Nullable Said said;
  private final Set<String> taken = new LinkedHashSet<>();
  private final List<String> because = new ArrayList<>();

  Parts(TensorFile file, Group group, Settings settings) {
    this.file = file;
    this.group = group;
    this.said = settings.about(group.name());
  }

  Group group() {
    return group;
  }

  List<String> because() {
    return because;
  }

  /// The PEFT settings that speak for this module; null without.
  @Nullable PeftConfig config() {
    return said == null ? null : said.config();
  }

  /// What the settings say of a pair that is for a parameter of its module.
  Optional<Wrapped> wrapped() {
    return said == null ? Optional.empty() : said.config().wrapped(group.name(), said.path());
  }

  /// The rank that the settings say.
  OptionalDouble configuredRank() {
    return said == null ? OptionalDouble.empty() : said.config().rank(said.path());
  }

  /// The tensor of a part; null if there is none.
  @Nullable TensorInfo find(String part) {
    TensorInfo tensor = group.part(part);
    if (tensor != null) {
      taken.add(part);
    }
    return tensor;
  }

  boolean has(String part) {
    return group.part(part) != null;
  }

  /// The tensor of a part that must be there.
  ///
  /// @throws AdapterException if it is missing
  TensorInfo need(String part) {
    TensorInfo tensor = find(part);
    if (tensor == null) {
      TensorInfo lone = group.tensors().getFirst();
      throw new AdapterException(
          file.path(),
          lone.name(),
          "the module %s has %s but no %s: the file is incomplete"
              .formatted(group.name(), lone.name(), part));
    }
    return tensor;
  }

  /// The parts that no one took.
  Set<String> left() {
    Set<String> rest = new java.util.TreeSet<>(group.parts());
    rest.removeAll(taken);
    return rest;
  }

  /// The alpha in the file, else the configured one.
  ///
  /// @throws AdapterException if it is no finite number
  OptionalDouble alpha() throws IOException {
    TensorInfo stored = find(Suffixes.ALPHA);
    if (stored != null) {
      double alpha = Scalars.alpha(file, stored);
      because.add("alpha %s from %s".formatted(alpha, stored.name()));
      return OptionalDouble.of(alpha);
    }
    OptionalDouble configured =
        said == null ? OptionalDouble.empty() : said.config().alpha(said.path());
    because.add(
        configured.isPresent()
            ? "alpha %s from the settings".formatted(configured.getAsDouble())
            : "no alpha: the scale is 1");
    return configured;
  }

  /// The constraint of a rotation: a number that is not negative.
  ///
  /// @throws AdapterException if it is another one
  double constraint(TensorInfo tensor) throws IOException {
    double value = Scalars.alpha(file, tensor);
    if (value < 0) {
      throw new AdapterException(
          file.path(),
          tensor.name(),
          "%s is %s: a constraint of a rotation cannot be negative"
              .formatted(tensor.name(), value));
    }
    return value;
  }

  /// A number stored as a tensor, of any value.
  double number(TensorInfo tensor) throws IOException {
    return Scalars.number(file, tensor);
  }

  /// The scale that the file gives in plain beside alpha, where it does.
  ///
  /// @param scale what stands in front of the delta for whoever does not read it
  /// @throws AdapterException if it is no finite number
  Scale explicit(Scale scale) throws IOException {
    TensorInfo stored = find(Suffixes.SCALE);
    if (stored == null) {
      return scale;
    }
    double value = Scalars.finite(file, stored, "an explicit scale");
    because.add(
        "scale %s from %s, in place of alpha/rank for the runtimes that read it"
            .formatted(value, stored.name()));
    return scale.with(OptionalDouble.of(value));
  }

  /// The shape to which the base's weight is padded with zeros at the end of each dimension before
  /// it is changed (ComfyUI 0.3.64 `comfy/weight_adapter/base.py` `pad_tensor_to_shape`); null
  /// where it is not.
  ///
  /// @param made the shape that the factors give
  /// @throws ShapeMismatch if it is no shape, or another one
  @Nullable Shape padded(Shape made) throws IOException {
    TensorInfo stored = find(Suffixes.RESHAPE);
    if (stored == null) {
      return group.grows() ? made.matrix() : null;
    }
    Shape to = Scalars.shape(file, stored);
    if (!to.matrix().equals(made.matrix())) {
      throw new ShapeMismatch(
          "%s says %s, and the factors give %s".formatted(stored.name(), to, made));
    }
    because.add(
        "the base's weight is padded with zeros to %s first (reshape_weight)".formatted(to));
    return to;
  }

  /// The scale alpha/rank, or alpha over the square root of the rank where the settings say so.
  Scale scale(OptionalDouble alpha, int rank) {
    boolean root = said != null && said.config().rootScaled() && !has(Suffixes.ALPHA);
    if (root) {
      because.add("use_rslora: the scale is alpha over the square root of the rank");
    }
    OptionalDouble configured = configuredRank();
    if (configured.isPresent() && configured.getAsDouble() != rank) {
      because.add(
          "the settings say rank %s, the tensors %d; the tensors count"
              .formatted(configured.getAsDouble(), rank));
    }
    return alpha.isPresent() ? new Scale(alpha, root ? Math.sqrt(rank) : rank) : Scale.none(rank);
  }
}
