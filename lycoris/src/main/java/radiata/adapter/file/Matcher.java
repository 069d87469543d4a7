package radiata.adapter.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Sparse;
import radiata.convention.Algorithm;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.names.Dialect;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;

/// Decides the algorithm of each module, the first table of [Suffixes#ALGORITHMS] with a mark among
/// its parts, and reads it.
final class Matcher {
  private final TensorFile file;
  private final Settings settings;

  Matcher(TensorFile file, Settings settings) {
    this.file = file;
    this.settings = settings;
  }

  /// @throws AdapterException if the module is incomplete or contradicts itself
  Match match(Group group) throws IOException {
    for (Suffixes.Table table : Suffixes.ALGORITHMS) {
      if (table.knows(group.parts())) {
        return table.recipe() == null
            ? known(group, table.algorithm())
            : match(group, table.algorithm(), table.recipe());
      }
    }
    return group.name().startsWith(Dialect.PEFT_PREFIX)
            && Set.of(Suffixes.WEIGHT, Suffixes.BIAS).containsAll(group.parts())
        ? match(group, "a layer stored whole", DiffRecipe::saved)
        : new Match.Unknown(group.tensors());
  }

  private static Match known(Group group, String algorithm) {
    return new Match.Known(new Unsupported(group.name(), algorithm, group.tensors()));
  }

  private Match match(Group group, String algorithm, Recipe recipe) throws IOException {
    Parts parts = new Parts(file, group, settings);
    try {
      for (TensorInfo tensor : group.tensors()) {
        if (tensor.shape().elements() == 0) {
          throw new ShapeMismatch(tensor.name() + " is empty: " + tensor.shape());
        }
      }
      Body body = recipe.read(parts);
      Optional<Magnitude> key = magnitude(parts);
      Set<String> left = parts.left();
      return left.isEmpty()
          ? new Match.Read(modules(parts, body, key))
          : known(group, algorithm + " with " + String.join(", ", left));
    } catch (ShapeMismatch e) {
      return new Match.Broken(
          new Misfit(group.name(), algorithm, group.tensors(), String.valueOf(e.getMessage())));
    } catch (ArithmeticException e) {
      return new Match.Broken(
          new Misfit(
              group.name(),
              algorithm,
              group.tensors(),
              "its tensors give a weight beyond every size"));
    }
  }

  private List<AdapterModule> modules(Parts parts, Body body, Optional<Magnitude> key) {
    SequencedMap<String, TensorInfo> tensors = parts.group().inOrder();
    SequencedMap<String, TensorInfo> ofBias = tensors;
    List<AdapterModule> modules = new ArrayList<>();
    Adapter<TensorInfo> weight = body.weight();
    Adapter<TensorInfo> bias = body.bias();
    for (Adapter<TensorInfo> part : Stream.of(weight, bias).filter(Objects::nonNull).toList()) {
      requireNumbers(part);
    }
    if (bias != null && weight != null) {
      ofBias = new LinkedHashMap<>(tensors);
      ofBias.values().retainAll(bias.tensors());
      tensors.values().removeAll(bias.tensors());
    }
    if (weight != null) {
      modules.add(weight(parts, body, weight, key, tensors));
    }
    if (bias != null) {
      Shape shape = bias.madeFor(TensorInfo::shape);
      modules.add(
          new AdapterModule(
              parts.group().name(),
              true,
              body.algorithm(),
              bias,
              OptionalInt.empty(),
              OptionalDouble.empty(),
              Optional.empty(),
              shape,
              ofBias,
              false,
              Optional.empty(),
              Optional.empty(),
              List.of("it changes the bias")));
    }
    return modules;
  }

  /// All but the places of a sparse remainder are floats.
  private static void requireNumbers(Adapter<TensorInfo> adapter) {
    TensorInfo places = adapter instanceof Sparse<TensorInfo> sparse ? sparse.indices() : null;
    for (TensorInfo tensor : adapter.tensors()) {
      if (!tensor.equals(places) && !tensor.dtype().computable()) {
        throw new ShapeMismatch(
            "%s is %s; F64, F32, F16, BF16 or F8 was expected"
                .formatted(tensor.name(), tensor.dtype()));
      }
    }
  }

  private AdapterModule weight(
      Parts parts,
      Body body,
      Adapter<TensorInfo> weight,
      Optional<Magnitude> key,
      SequencedMap<String, TensorInfo> tensors) {
    Shape madeFor = weight.madeFor(TensorInfo::shape);
    madeFor.elements();
    Optional<DoraAxis> axis = Optional.empty();
    Adapter<TensorInfo> adapter = weight;
    TensorInfo magnitude = key.map(Magnitude::key).map(parts::find).orElse(null);
    if (key.isPresent() && magnitude != null) {
      if (madeFor.rank() == 0) {
        throw new ShapeMismatch(
            "%s is a magnitude, and the weight is one number".formatted(magnitude.name()));
      }
      DoraAxis along = DoraAxes.of(file.path(), magnitude, key.get(), madeFor, parts.because());
      parts
          .because()
          .add(
              "DoRA, one magnitude per %s: %s %s"
                  .formatted(
                      along == DoraAxis.OUTPUT ? "output" : "input",
                      magnitude.name(),
                      magnitude.shape()));
      axis = Optional.of(along);
      adapter = new Dora<>(weight, magnitude, along, key.get());
    }
    PeftConfig config = parts.config();
    if (config != null && config.dora() != key.isPresent()) {
      parts
          .because()
          .add(
              key.isPresent()
                  ? "it has a magnitude although use_dora is false"
                  : "it has no magnitude although use_dora is true");
    }
    return new AdapterModule(
        parts.group().name(),
        false,
        body.algorithm(),
        adapter,
        body.rank(),
        body.alpha(),
        axis,
        madeFor,
        tensors,
        body.turned(),
        Optional.ofNullable(body.padded()),
        body.algorithm() == Algorithm.LORA ? parts.wrapped() : Optional.empty(),
        List.copyOf(parts.because()));
  }

  private Optional<Magnitude> magnitude(Parts parts) {
    Optional<Magnitude> found = Optional.empty();
    for (Magnitude each : Magnitude.values()) {
      TensorInfo tensor = parts.find(each.key());
      if (tensor != null && found.isPresent()) {
        throw new AdapterException(
            file.path(),
            tensor.name(),
            "the module %s has two magnitudes, %s and %s"
                .formatted(parts.group().name(), found.get().key(), each.key()));
      }
      found = tensor == null ? found : Optional.of(each);
    }
    return found;
  }
}
