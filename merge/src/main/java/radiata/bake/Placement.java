package radiata.bake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Site;
import radiata.adapter.Sparse;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profile;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.names.NamingException;
import radiata.names.Role;
import radiata.names.Target;
import radiata.names.Tie;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;
import radiata.tensor.Shapes;

/// Finds the place of every module of one adapter, and writes down in its ledger what became of
/// each tensor.
final class Placement {
  private final Checkpoint base;
  private final NameTable names;
  private final Profile profile;
  private final AdapterFile file;
  private final Ledger.Draft ledger = new Ledger.Draft();
  private final Map<String, List<Taken>> taken = new HashMap<>();
  private final Parameters parameters;
  private final List<Applied> placed = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  Placement(Checkpoint base, NameTable names, Profile profile, AdapterFile file) {
    this.base = base;
    this.names = names;
    this.profile = profile;
    this.file = file;
    this.parameters = Parameters.of(file.modules(), base, names);
  }

  /// Rows of the base that a module has.
  private record Taken(Target target, String by) {}

  /// How strong a module is; 0 from a component or block weight removes it.
  interface Strengths {
    double of(Located module);

    boolean removes(Located module);
  }

  void place(Strengths strengths) {
    ledger.ignored.addAll(file.ignored());
    for (var module : file.unsupported()) {
      ledger.unsupported.addAll(module.tensors());
      problems.add(module.name() + ": " + module.algorithm() + " is not computed");
    }
    for (var module : file.misfits()) {
      ledger.misfit.addAll(module.tensors());
      problems.add(module.name() + ": " + module.because());
    }
    for (TensorInfo tensor : file.unrecognised()) {
      ledger.unmatched.add(tensor);
    }
    parameters
        .problems()
        .forEach((module, why) -> {
          ledger.misfit.addAll(module.tensors());
          problems.add(module.name() + ": " + why);
        });
    for (AdapterModule module : parameters.modules()) {
      place(module, strengths);
    }
  }

  private void place(AdapterModule module, Strengths strengths) {
    Optional<Located> found;
    try {
      found = names.find(module.name());
    } catch (NamingException e) {
      throw new BakeException(file.path(), module.name(), String.valueOf(e.getMessage()));
    }
    Optional<Tie> tie = found.isPresent() ? Optional.empty() : names.tie(module.name());
    if (tie.isPresent()) {
      found = Optional.of(tied(tie.get()));
    }
    if (found.isEmpty()) {
      ledger.unmatched.addAll(module.tensors());
      return;
    }
    Located located = found.get();
    if (strengths.removes(located)) {
      ledger.filtered(module.tensors().size());
      return;
    }
    List<Target> targets = module.bias() ? located.biases() : located.weights();
    if (targets.isEmpty()) {
      ledger.unmatched.addAll(module.tensors());
      return;
    }
    if (!profile.algorithms().contains(module.algorithm())) {
      foreign(module, targets);
      return;
    }
    List<Applied.Piece> pieces = new ArrayList<>();
    for (Target place : targets) {
      Optional<String> earlier = take(place, module.name());
      if (earlier.isPresent()) {
        ledger.duplicate.addAll(module.tensors());
        problems.add(
            module.name() + ": a second module for " + place.tensor() + ", after " + earlier.get());
        return;
      }
      Target target = module.fanInFanOut() ? place.flipped() : place;
      String source = tie.map(t -> t.kept().name()).orElse(target.tensor());
      Stored stored = base.tensor(target.component(), source).orElseThrow();
      requireComputable(stored, module);
      pieces.add(new Applied.Piece(stored, target));
    }
    fit(module, pieces, strengths.of(located));
  }

  /// The module that a tied weight's other name stands for.
  private static Located tied(Tie tie) {
    String path = tie.alias().substring(0, tie.alias().lastIndexOf('.'));
    Target weight = new Target("", tie.alias(), null, false);
    return new Located(path, Role.OTHER, OptionalInt.empty(), weight, null);
  }

  /// Marks rows as a module's, or names the module that has some of them.
  private Optional<String> take(Target target, String module) {
    List<Taken> there = taken.computeIfAbsent(target.place(), place -> new ArrayList<>(1));
    Optional<String> earlier =
        there.stream().filter(t -> t.target().overlaps(target)).map(Taken::by).findFirst();
    if (earlier.isEmpty()) {
      there.add(new Taken(target, module));
    }
    return earlier;
  }

  private void foreign(AdapterModule module, List<Target> places) {
    if (profile.onForeign() == Profile.OnForeign.REFUSE) {
      throw new BakeException(
          file.path(),
          module.name(),
          "%s fails on this file: it does not read %s (module %s)"
              .formatted(profile.id(), module.algorithm().id(), module.name()));
    }
    ledger.ignored.addAll(module.tensors());
    skipped.add(
        new Skipped(module, places, "it does not read %s".formatted(module.algorithm().id())));
  }

  private void fit(AdapterModule module, List<Applied.Piece> pieces, double strength) {
    Adapter<TensorInfo> read = read(module);
    DType dtype = pieces.getFirst().stored().info().dtype();
    Shape view;
    Optional<Shape> padded = module.padded().filter(to -> profile.readsReshape());
    boolean grows = false;
    try {
      view = Applied.whole(pieces);
      if (padded.isPresent()) {
        requireGrowth(pieces, view, padded.get());
        grows = !padded.get().equals(view);
        view = padded.get();
      }
      Site<Shape> site = new Site<>(view, view, dtype);
      inner(read).map(TensorInfo::shape).bake(site, strength, Shapes.ALGEBRA, profile);
    } catch (ShapeMismatch e) {
      if (module.padded().isPresent() && padded.isEmpty()) {
        skip(module, pieces, refused("it does not read reshape_weight, and " + e.getMessage()));
        return;
      }
      ledger.misfit.addAll(module.tensors());
      problems.add(module.name() + ": " + e.getMessage());
      return;
    }
    Optional<String> stumble = skipped(read, view, dtype, strength);
    if (stumble.isPresent()) {
      skip(module, pieces, stumble.get());
      return;
    }
    List<TensorInfo> used = read.tensors();
    List<TensorInfo> dropped = new ArrayList<>(module.adapter().tensors());
    dropped.removeAll(used);
    TensorInfo size = module.parts().get("bias_size");
    if (!dropped.isEmpty() && size != null) {
      dropped.add(size);
    }
    TensorInfo scale = module.parts().get("scale");
    if (scale != null && !profile.readsScale()) {
      dropped.add(scale);
    }
    TensorInfo reshape = module.parts().get("reshape_weight");
    if (reshape != null && padded.isEmpty()) {
      dropped.add(reshape);
    }
    ledger.ignored.addAll(dropped);
    ledger.applied(module.tensors().size() - dropped.size());
    place(module, read, pieces, view, strength, grows);
  }

  /// Leaves a layer as the base.
  private void skip(AdapterModule module, List<Applied.Piece> pieces, String why) {
    ledger.ignored.addAll(module.tensors());
    List<Target> places = pieces.stream().map(Applied.Piece::target).toList();
    skipped.add(new Skipped(module, places, why));
    warnings.add(
        "%s leaves %s as it is: %s".formatted(profile.id(), places.getFirst().tensor(), why));
  }

  /// A weight is padded where it is one tensor, and only to more.
  private static void requireGrowth(List<Applied.Piece> pieces, Shape from, Shape to) {
    Target target = pieces.getFirst().target();
    if (pieces.size() > 1 || target.rows() != null || target.transposed()) {
      throw new ShapeMismatch(
          "it pads its weight to %s, which this base stores as a part of %s"
              .formatted(to, target.place()));
    }
    if (!Padding.fits(from, to)) {
      throw new ShapeMismatch(
          "its reshape_weight says %s, and %s is %s: a weight is padded in its own dimensions, to no fewer"
              .formatted(to, target.place(), from));
    }
  }

  /// A module in several places is cut into pieces where their rows stand by themselves; otherwise
  /// it is put together wherever one of its tensors is changed.
  private void place(
      AdapterModule module,
      Adapter<TensorInfo> read,
      List<Applied.Piece> pieces,
      Shape whole,
      double strength,
      boolean padded) {
    long granule = RowBlocks.granule(read, TensorInfo::shape, whole, profile);
    boolean apart =
        pieces.stream().allMatch(piece -> RowBlocks.falls(piece.target().of(), granule));
    Set<String> tensors = new HashSet<>();
    for (Applied.Piece piece : pieces) {
      Target target = piece.target();
      if (apart || tensors.add(target.place())) {
        boolean cut = apart && !padded;
        Shape view = cut ? Applied.view(target, piece.stored().info().shape()) : whole;
        placed.add(
            new Applied(
                file,
                module,
                read,
                target,
                whole,
                view,
                strength,
                padded,
                apart ? List.of() : pieces));
      }
    }
  }

  /// What the runtime reads of a module: one that does not know a magnitude, or a sparse remainder,
  /// takes the rest.
  private Adapter<TensorInfo> read(AdapterModule module) {
    Adapter<TensorInfo> adapter = module.adapter();
    if (adapter instanceof Dora<TensorInfo> dora) {
      boolean reads =
          profile.magnitudes().contains(dora.key())
              && profile.decomposed().contains(module.algorithm());
      if (!reads) {
        adapter = dora.inner();
      }
    }
    return adapter instanceof Sparse<TensorInfo> sparse && !profile.readsSparse()
        ? sparse.inner()
        : adapter;
  }

  private static Adapter<TensorInfo> inner(Adapter<TensorInfo> adapter) {
    return adapter instanceof Dora<TensorInfo> dora ? dora.inner() : adapter;
  }

  /// Why the runtime skips a layer, if it does.
  private Optional<String> skipped(
      Adapter<TensorInfo> read, Shape view, DType dtype, double strength) {
    Optional<String> stumble = Stumbles.of(read, view, profile).map(Profile.Stumble::why);
    if (stumble.isPresent()) {
      return Optional.of(refused(stumble.get()));
    }
    try {
      Site<Shape> site = new Site<>(view, view, dtype);
      read.map(TensorInfo::shape).bake(site, strength, Shapes.ALGEBRA, profile);
      return Optional.empty();
    } catch (ShapeMismatch e) {
      return Optional.of(refused(String.valueOf(e.getMessage())));
    }
  }

  /// What a runtime cannot compute it skips, or it fails on the file.
  private String refused(String why) {
    if (profile.onMisfit() == Profile.OnMisfit.REFUSE) {
      throw new BakeException(
          file.path(), null, "%s fails on this file: %s".formatted(profile.id(), why));
    }
    return why;
  }

  private void requireComputable(Stored stored, AdapterModule module) {
    DType dtype = stored.info().dtype();
    if (!dtype.computable()) {
      throw new BakeException(
          stored.part().file().path(),
          stored.name(),
          ("tensor %s is %s: a quantised or integer weight, into which %s cannot be baked;"
                  + " take the unquantised model")
              .formatted(stored.name(), dtype, module.name()));
    }
  }

  /// The web UI gives up a fused attention layer unless all of q, k, v and out are there (web UI
  /// 1.10.1, `extensions-builtin/Lora/networks.py`).
  void dropIncompleteAttention() {
    Map<String, Long> parts = new HashMap<>();
    for (Applied applied : placed) {
      if (attention(applied)) {
        parts.merge(applied.target().tensor(), 1L, Long::sum);
      }
    }
    placed.removeIf(applied -> {
      String tensor = applied.target().tensor();
      if (!attention(applied)) {
        return false;
      }
      String out = tensor.replace("in_proj_weight", "out_proj.weight");
      boolean whole =
          parts.getOrDefault(tensor, 0L) == 3
              && placed.stream().anyMatch(other -> other.target().tensor().equals(out));
      if (!whole) {
        ledger.ignored.addAll(applied.module().tensors());
        ledger.applied(-applied.module().tensors().size());
        String why = "it wants q, k, v and out together";
        skipped.add(new Skipped(applied.module(), List.of(applied.target()), why));
        warnings.add("%s leaves %s as it is: %s".formatted(profile.id(), tensor, why));
      }
      return !whole;
    });
  }

  private static boolean attention(Applied applied) {
    return applied.target().tensor().endsWith("in_proj_weight");
  }

  /// The modules as they are placed: those on parameters under the names of these.
  List<AdapterModule> modules() {
    List<AdapterModule> all = new ArrayList<>(parameters.modules());
    all.addAll(parameters.problems().keySet());
    return all;
  }

  List<Applied> placed() {
    return placed;
  }

  List<String> problems() {
    return problems;
  }

  List<String> warnings() {
    return warnings;
  }

  /// The modules that have a place, and that the runtime nevertheless leaves out.
  List<Skipped> skipped() {
    return skipped;
  }

  Ledger ledger() {
    return ledger.done(file);
  }
}
