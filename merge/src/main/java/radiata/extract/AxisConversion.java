package radiata.extract;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.LongConsumer;
import radiata.adapter.Site;
import radiata.adapter.dialect.Content;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.bake.Applied;
import radiata.bake.Decomposed;
import radiata.bake.Rendition;
import radiata.bake.Step;
import radiata.convention.DoraAxis;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.pipeline.Budget;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// A DoRA file whose magnitudes lie along the other axis, as near to the original on its base as
/// factors of the rank allow: no file of the other axis gives the same weights.
///
/// @param adapter the new file, in the dialect of the old
/// @param residuals how far each layer that was fitted anew is from the original
public record AxisConversion(Converted adapter, List<Residual> residuals) {
  /// What a fitted layer misses.
  ///
  /// @param distance of its weight from the original's, over that of the original's from the base
  public record Residual(String module, double distance) {}

  /// Dialects that hold magnitudes of both axes.
  private static final Set<Dialect> BOTH =
      EnumSet.of(
          Dialect.KOHYA,
          Dialect.KOHYA_DIFFUSERS,
          Dialect.LYCORIS,
          Dialect.COMFYUI,
          Dialect.UNKNOWN);

  /// Weights of doubles that a fit holds: W, V, W' and what lies between.
  private static final int LIVE = 6;

  public AxisConversion {
    residuals = List.copyOf(residuals);
  }

  /// The tensors of one module anew.
  private record Fitted(AdapterModule module, Map<String, Content> tensors, double distance) {}

  /// Fits every layer whose magnitude lies along the other axis.
  ///
  /// @param to the axis that all layers have then
  /// @param rank of the new factors; empty for that of the old ones
  /// @param progress told of every weight that is done, in bytes
  /// @throws AdapterException if the file's dialect cannot hold that axis, or nothing is to be done
  /// @throws radiata.bake.BakeException if the adapter does not belong to this base
  public static AxisConversion of(
      Checkpoint base,
      AdapterFile file,
      DoraAxis to,
      OptionalInt rank,
      int threads,
      LongConsumer progress)
      throws IOException {
    if (!BOTH.contains(file.dialect())) {
      throw new AdapterException(
          file.path(),
          null,
          "%s holds magnitudes per output alone; convert it to kohya or comfyui first"
              .formatted(file.dialect().id()));
    }
    Rendition exact = Rendition.of(base, file, 1, Profiles.EXACT, false);
    Budget budget = Rendition.budget();
    List<Fitted> fitted =
        Workers.map(
                exact.changes(),
                threads,
                change -> {
                  try (Budget.Share _ = budget.take(cost(change))) {
                    List<Fitted> of = fit(file, change, to, rank);
                    progress.accept(change.target().bytes());
                    return of;
                  }
                })
            .stream()
            .flatMap(List::stream)
            .toList();
    if (fitted.isEmpty()) {
      throw new AdapterException(
          file.path(), null, "has no magnitude along another axis; nothing is to be done");
    }
    return new AxisConversion(
        new Converted(
            file.dialect(),
            tensors(file, fitted),
            file.metadata(),
            null,
            (int) file.modules().stream().map(AdapterModule::name).distinct().count(),
            List.of(),
            List.of()),
        fitted.stream()
            .map(one -> new Residual(one.module().name(), one.distance()))
            .sorted(Comparator.comparing(Residual::module))
            .toList());
  }

  /// What a provenance says of it.
  public static Map<String, String> settings(DoraAxis to, OptionalInt rank) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("axis", to.name().toLowerCase(Locale.ROOT));
    rank.ifPresent(number -> settings.put("rank", Integer.toString(number)));
    return settings;
  }

  /// Bytes that the fit of a layer holds.
  private static long cost(Step.Change change) {
    return change.target().shape().elements() * LIVE * Double.BYTES;
  }

  private static List<Fitted> fit(
      AdapterFile file, Step.Change change, DoraAxis to, OptionalInt rank) throws IOException {
    List<Fitted> fitted = new ArrayList<>();
    for (Applied applied : change.applied()) {
      AdapterModule module = applied.module();
      if (module.axis().filter(axis -> axis != to).isEmpty()) {
        continue;
      }
      try (Arena arena = Arena.ofConfined()) {
        Doubles on = new Doubles(arena);
        Optional<Decomposed> at = Decomposed.of(change, applied, on);
        if (at.isEmpty() || at.get().rows().count() != applied.whole().dim(0)) {
          throw new AdapterException(
              file.path(),
              module.name(),
              "%s lies in several tensors of this base; name a base that stores it whole"
                  .formatted(module.name()));
        }
        fitted.add(fit(at.get(), module, to, rank, on));
      }
    }
    return fitted;
  }

  private static Fitted fit(
      Decomposed at, AdapterModule module, DoraAxis to, OptionalInt rank, Doubles on) {
    DoubleTensor weight = at.weight();
    Shape shape = weight.shape();
    Site<DoubleTensor> site = new Site<>(weight, weight, DType.F64);
    DoubleTensor target = at.dora().bake(site, 1, on, Profiles.EXACT);
    long most = Math.min(shape.dim(0), shape.matrix().dim(1));
    int wanted = rank.orElse(module.rank().orElse(Math.toIntExact(Math.min(most, 16))));
    int r = (int) Math.min(most, wanted);
    AxisFit.Fit fit = AxisFit.of(weight, target, to, r);
    long[] up = ones(shape.rank());
    up[0] = shape.dim(0);
    up[1] = r;
    long[] down = shape.dims();
    down[0] = r;
    long[] magnitude = ones(shape.rank());
    magnitude[to == DoraAxis.OUTPUT ? 0 : 1] = fit.magnitude().length;
    Map<String, Content> tensors = new LinkedHashMap<>();
    String name = module.name() + ".";
    tensors.put(name + "lora_up.weight", computed(fit.up(), up));
    tensors.put(name + "lora_down.weight", computed(fit.down(), down));
    tensors.put(name + "alpha", computed(new double[] {r}));
    tensors.put(name + "dora_scale", computed(fit.magnitude(), magnitude));
    return new Fitted(module, tensors, fit.distance());
  }

  private static long[] ones(int rank) {
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    return dims;
  }

  private static Content computed(double[] values, long... dims) {
    return Content.Computed.of(values, DType.F32, Shape.of(dims));
  }

  private static SequencedMap<String, Content> tensors(AdapterFile file, List<Fitted> fitted) {
    SequencedMap<String, Content> tensors = new LinkedHashMap<>();
    for (TensorInfo tensor : file.file().tensors()) {
      tensors.put(tensor.name(), Content.Stored.of(file.file(), tensor));
    }
    for (Fitted one : fitted) {
      // What the weight grows to is not fitted.
      one.module()
          .parts()
          .forEach((part, tensor) -> {
            if (!part.equals("reshape_weight")) {
              tensors.remove(tensor.name());
            }
          });
      tensors.putAll(one.tensors());
    }
    return tensors;
  }
}
