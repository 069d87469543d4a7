package radiata.parity;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.bake.Applied;
import radiata.bake.BakeException;
import radiata.bake.Rendition;
import radiata.bake.Skipped;
import radiata.bake.Step;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Rows;
import radiata.pipeline.Budget;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;

/// Bakes one adapter in memory as every runtime would, and holds the weights against those of the
/// definition. One tensor per worker is in memory, under one runtime at a time.
public final class Parity {
  private final AdapterFile adapter;
  private final double strength;
  private final Rendition exact;
  private final List<RuntimeParity> runtimes = new ArrayList<>();
  private final List<Rendition> others = new ArrayList<>();
  private final List<Map<String, Step.Change>> changes = new ArrayList<>();

  private Parity(AdapterFile adapter, double strength, Rendition exact) {
    this.adapter = adapter;
    this.strength = strength;
    this.exact = exact;
  }

  /// Plans what every runtime would do, from headers alone.
  ///
  /// @param allowUnmatched whether modules that the base does not have are left out instead of
  ///   refused
  /// @throws BakeException if the adapter does not belong to this base
  public static Parity of(
      Checkpoint base, AdapterFile adapter, double strength, boolean allowUnmatched)
      throws IOException {
    Parity parity =
        new Parity(
            adapter,
            strength,
            Rendition.of(base, adapter, strength, Profiles.EXACT, allowUnmatched));
    for (Profile profile : Profiles.ALL) {
      if (!profile.equals(Profiles.EXACT)) {
        parity.add(base, adapter, profile, allowUnmatched);
      }
    }
    return parity;
  }

  /// Holds what one runtime makes of a file against the definition of another: the file that it was
  /// made from.
  static Parity of(
      Checkpoint base, AdapterFile original, AdapterFile made, Profile as, boolean allowUnmatched)
      throws IOException {
    Parity parity =
        new Parity(original, 1, Rendition.of(base, original, 1, Profiles.EXACT, allowUnmatched));
    parity.add(base, made, as, allowUnmatched);
    return parity;
  }

  private void add(Checkpoint base, AdapterFile file, Profile profile, boolean allowUnmatched)
      throws IOException {
    Rendition rendition;
    try {
      rendition = Rendition.of(base, file, strength, profile, allowUnmatched);
    } catch (BakeException e) {
      runtimes.add(new RuntimeParity(profile, Optional.of(String.valueOf(e.getMessage()))));
      return;
    }
    runtimes.add(new RuntimeParity(profile, Optional.empty()));
    others.add(rendition);
    Map<String, Step.Change> byName = new LinkedHashMap<>();
    rendition.changes().forEach(change -> byName.put(label(change), change));
    changes.add(byName);
  }

  private static String label(Step.Change change) {
    String component = change.source().component();
    return component.isEmpty() ? change.target().name() : component + "/" + change.target().name();
  }

  /// Bytes of all weights that [#run] computes.
  public long bytes() {
    return exact.changes().stream().mapToLong(change -> Rendition.form(change).bytes()).sum()
        * (1 + others.size());
  }

  /// Computes and compares.
  ///
  /// @param progress told of the bytes of every weight that has been computed, by any thread
  /// @throws BakeException if the adapter's data hold NaN
  public ParityReport run(int threads, LongConsumer progress) throws IOException {
    Budget budget = Rendition.budget();
    List<List<ModuleParity>> parts =
        Workers.map(
            exact.changes(),
            threads,
            change -> {
              try (Budget.Share _ = budget.take(cost(change))) {
                return compare(change, progress);
              }
            });
    IdentityHashMap<AdapterModule, ModuleParity> whole = new IdentityHashMap<>();
    parts.stream()
        .flatMap(List::stream)
        .forEach(part -> whole.merge(part.module(), part, ModuleParity::plus));
    Map<TensorInfo, Integer> places = new HashMap<>();
    adapter.modules().forEach(m -> places.put(m.tensors().getFirst(), places.size()));
    List<ModuleParity> inOrder =
        whole.values().stream()
            .sorted(
                Comparator.comparing(
                    part -> places.getOrDefault(part.module().tensors().getFirst(), 0)))
            .toList();
    return new ParityReport(runtimes, inOrder, exact.ledger().unmatched(), strength);
  }

  /// The base, the definition's weight, the range of all, and the one that is computed.
  private long cost(Step.Change change) throws IOException {
    long most = exact.cost(change);
    for (Rendition other : others) {
      most = Math.max(most, other.cost(change));
    }
    return 5 * Rendition.form(change).bytes() + most;
  }

  /// The modules of one tensor.
  private List<ModuleParity> compare(Step.Change change, LongConsumer progress) throws IOException {
    TensorInfo tensor = Rendition.form(change);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment base = segment(arena, tensor);
      Rendition.base(change, base);
      MemorySegment wanted = segment(arena, tensor);
      exact.bake(change, wanted);
      progress.accept(tensor.bytes());
      MemorySegment low = segment(arena, tensor).copyFrom(wanted);
      MemorySegment high = segment(arena, tensor).copyFrom(wanted);
      MemorySegment own = segment(arena, tensor);
      Gauge gauge = new Gauge(tensor.dtype());
      List<Region> regions = new ArrayList<>();
      for (Applied applied : change.applied()) {
        List<Rows> rows = Rendition.rows(change, applied);
        regions.add(new Region(applied, rows, gap(gauge, base, wanted, rows, tensor)));
      }
      for (int i = 0; i < others.size(); i++) {
        Step.Change theirs = changes.get(i).get(label(change));
        Optional<String> broken = bake(others.get(i), theirs, base, own);
        for (Region region : regions) {
          region.departures.put(
              others.get(i).profile().id(),
              broken.isPresent()
                  ? Departure.broken(broken.get())
                  : departure(
                      region, others.get(i), theirs, gap(gauge, wanted, own, region.rows, tensor)));
        }
        if (broken.isEmpty() && own.mismatch(wanted) >= 0) {
          gauge.stretch(low, high, own);
        }
        progress.accept(tensor.bytes());
      }
      return regions.stream()
          .map(region ->
              new ModuleParity(
                  region.applied.module(),
                  List.of(label(change)),
                  region.change,
                  gap(gauge, low, high, region.rows, tensor).maxAbs(),
                  region.departures))
          .toList();
    }
  }

  /// A module's rows of the tensor at work, and what has been found of them.
  private static final class Region {
    final Applied applied;
    final List<Rows> rows;
    final Gap change;
    final SequencedMap<String, Departure> departures = new LinkedHashMap<>();

    Region(Applied applied, List<Rows> rows, Gap change) {
      this.applied = applied;
      this.rows = rows;
      this.change = change;
    }
  }

  /// Computes a runtime's weight, the base's where it changes nothing.
  ///
  /// @return why it is not a number, if it is not
  private static Optional<String> bake(
      Rendition as, Step.@Nullable Change change, MemorySegment base, MemorySegment into)
      throws IOException {
    if (change == null) {
      into.copyFrom(base);
      return Optional.empty();
    }
    try {
      as.bake(change, into);
      return Optional.empty();
    } catch (BakeException e) {
      return Optional.of("computes what is not a number: " + e.getMessage());
    }
  }

  private Departure departure(Region region, Rendition as, Step.@Nullable Change theirs, Gap gap) {
    Applied read = theirs == null ? null : read(theirs, region.applied);
    if (theirs == null || read == null) {
      String why =
          as.skipped().stream()
              .filter(skip -> skip.at(region.applied.target()))
              .map(Skipped::why)
              .findFirst()
              .orElse("the file has nothing for it");
      return new Departure(Verdict.SKIPPED, gap, List.of("leaves it as it is: " + why));
    }
    Verdict verdict = Verdict.of(gap, region.change);
    if (verdict != Verdict.DIFFERENT) {
      return new Departure(verdict, gap, List.of());
    }
    DType base = theirs.source().info().dtype();
    return new Departure(
        verdict, gap, Causes.of(region.applied.adapter(), read, as.profile(), strength, base));
  }

  /// What another runtime puts in a module's place.
  private static @Nullable Applied read(Step.Change theirs, Applied applied) {
    return theirs.applied().stream()
        .filter(each -> each.target().overlaps(applied.target()))
        .findFirst()
        .orElse(null);
  }

  private static Gap gap(
      Gauge gauge, MemorySegment one, MemorySegment other, List<Rows> rows, TensorInfo tensor) {
    long row = tensor.shape().matrix().dim(1);
    Gap gap = Gap.NONE;
    for (Rows run : rows) {
      gap = gap.plus(gauge.between(one, other, run.start() * row, run.count() * row));
    }
    return gap;
  }

  private static MemorySegment segment(Arena arena, TensorInfo tensor) {
    return arena.allocate(Math.max(1, tensor.bytes()), Double.BYTES).asSlice(0, tensor.bytes());
  }
}
