package radiata.adapter.file;

import static radiata.adapter.file.Suffixes.ALPHA;
import static radiata.adapter.file.Suffixes.DOWN;
import static radiata.adapter.file.Suffixes.MID;
import static radiata.adapter.file.Suffixes.UP;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.adapter.Scale;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;

/// Reads the modules of LoRA and LoCon, with or without a Tucker core and DoRA's magnitude.
final class LoraMatcher {
  private static final Set<String> READ =
      Set.of(
          UP,
          DOWN,
          MID,
          ALPHA,
          Magnitude.DORA_SCALE.key(),
          Magnitude.LORA_MAGNITUDE_VECTOR.key(),
          Magnitude.MAGNITUDE.key());

  private final TensorFile file;
  private final Settings settings;

  LoraMatcher(TensorFile file, Settings settings) {
    this.file = file;
    this.settings = settings;
  }

  /// @throws AdapterException if one of the factors is missing, alpha is no finite number, or the
  ///   magnitude fits neither axis
  Match match(Group group) throws IOException {
    TensorInfo up = group.part(UP);
    TensorInfo down = group.part(DOWN);
    if (up == null || down == null) {
      TensorInfo lone = group.tensors().getFirst();
      throw new AdapterException(
          file.path(),
          lone.name(),
          "the module %s has %s but no %s: the file is incomplete"
              .formatted(group.name(), lone.name(), up == null ? "lora_up" : "lora_down"));
    }
    Set<String> others = new TreeSet<>(group.parts());
    others.removeAll(READ);
    if (!others.isEmpty()) {
      return new Match.Known(
          new Unsupported(group.name(), "lora with " + String.join(", ", others), group.tensors()));
    }
    return module(group, up, down);
  }

  private Match module(Group group, TensorInfo up, TensorInfo down) throws IOException {
    TensorInfo mid = group.part(MID);
    Factor<TensorInfo> factor =
        mid == null ? new Factor.Split<>(up, down) : new Factor.Tucker<>(up, mid, down);
    Shape madeFor;
    int rank;
    try {
      for (TensorInfo tensor : factor.tensors()) {
        if (tensor.shape().elements() == 0) {
          throw new ShapeMismatch(tensor.name() + " is empty: " + tensor.shape());
        }
      }
      madeFor = factor.shape(TensorInfo::shape);
      rank = Math.toIntExact(down.shape().dim(0));
      madeFor.elements();
    } catch (ShapeMismatch e) {
      return new Match.Broken(
          new Misfit(group.name(), group.tensors(), String.valueOf(e.getMessage())));
    } catch (ArithmeticException e) {
      return new Match.Broken(
          new Misfit(
              group.name(),
              group.tensors(),
              "the factors %s and %s give a weight beyond every size"
                  .formatted(up.shape(), down.shape())));
    }
    List<String> because = new ArrayList<>();
    because.add("rank %d from %s %s".formatted(rank, down.name(), down.shape()));
    if (mid == null && down.shape().rank() > 2 && up.shape().rank() == 2) {
      because.add(
          "%s is 2-D on a convolution, as DyLoRA writes it; read at its full rank"
              .formatted(up.name()));
    }
    Settings.@Nullable Said said = settings.about(group.name());
    OptionalDouble alpha = alpha(group, said, because);
    boolean root = said != null && said.config().rootScaled() && group.part(ALPHA) == null;
    Scale scale =
        alpha.isPresent() ? new Scale(alpha, root ? Math.sqrt(rank) : rank) : Scale.none(rank);
    if (root) {
      because.add("use_rslora: the scale is alpha over the square root of the rank");
    }
    noteRank(said, rank, because);
    Additive<TensorInfo> lora = new Lora<>(factor, scale);
    Optional<Magnitude> key = magnitude(group);
    TensorInfo magnitude = key.map(Magnitude::key).map(group::part).orElse(null);
    Optional<DoraAxis> axis = Optional.empty();
    Adapter<TensorInfo> adapter = lora;
    if (key.isPresent() && magnitude != null) {
      DoraAxis along = DoraAxes.of(file.path(), magnitude, key.get(), madeFor, because);
      because.add(
          "DoRA, one magnitude per %s: %s %s"
              .formatted(
                  along == DoraAxis.OUTPUT ? "output" : "input",
                  magnitude.name(),
                  magnitude.shape()));
      axis = Optional.of(along);
      adapter = new Dora<>(lora, magnitude, along, key.get());
    }
    if (said != null && said.config().dora() != key.isPresent()) {
      because.add(
          key.isPresent()
              ? "it has a magnitude although use_dora is false"
              : "it has no magnitude although use_dora is true");
    }
    return new Match.Read(
        new AdapterModule(
            group.name(),
            Algorithm.LORA,
            adapter,
            rank,
            alpha,
            axis,
            madeFor,
            group.tensors(),
            said != null && said.config().fanInFanOut(),
            List.copyOf(because)));
  }

  /// The alpha in the file, else the configured one.
  private OptionalDouble alpha(Group group, Settings.@Nullable Said said, List<String> because)
      throws IOException {
    TensorInfo stored = group.part(ALPHA);
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

  private static void noteRank(Settings.@Nullable Said said, int rank, List<String> because) {
    OptionalDouble configured =
        said == null ? OptionalDouble.empty() : said.config().rank(said.path());
    if (configured.isPresent() && configured.getAsDouble() != rank) {
      because.add(
          "the settings say rank %s, the tensors %d; the tensors count"
              .formatted(configured.getAsDouble(), rank));
    }
  }

  private Optional<Magnitude> magnitude(Group group) {
    Optional<Magnitude> found = Optional.empty();
    for (Magnitude each : Magnitude.values()) {
      TensorInfo tensor = group.part(each.key());
      if (tensor != null && found.isPresent()) {
        throw new AdapterException(
            file.path(),
            tensor.name(),
            "the module %s has two magnitudes, %s and %s"
                .formatted(group.name(), found.get().key(), each.key()));
      }
      found = tensor == null ? found : Optional.of(each);
    }
    return found;
  }
}
