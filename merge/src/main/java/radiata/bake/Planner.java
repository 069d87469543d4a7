package radiata.bake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profile;
import radiata.names.BlockWeights;
import radiata.names.Family;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.names.Target;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Shape;

/// Makes the plan of a bake from headers alone, or says in one sentence why there is none.
public final class Planner {
  private final Checkpoint base;
  private final NameTable names;
  private final BakeRequest request;
  private final @Nullable BlockWeights blocks;
  private final List<String> warnings = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  private Planner(Checkpoint base, BakeRequest request) {
    this.base = base;
    this.request = request;
    this.names = ModelFiles.names(base);
    this.blocks =
        request.blocks() == null ? null : BlockWeights.parse(request.blocks(), names.family());
  }

  /// The plan of a bake.
  ///
  /// @param output the output's path as the user wrote it: it decides between a file and a folder
  /// @throws BakeException if the adapters do not belong to this base, or the base cannot be baked
  ///   into
  /// @throws IllegalArgumentException if block weights make no sense
  public static BakePlan plan(Checkpoint base, BakeRequest request, Path output)
      throws IOException {
    return new Planner(base, request).plan(output);
  }

  private BakePlan plan(Path output) throws IOException {
    Quantised.refuse(base);
    Map<Destination, List<Applied>> changes = new LinkedHashMap<>();
    List<Ledger> ledgers = new ArrayList<>();
    boolean found = false;
    for (BakeRequest.Use use : request.adapters()) {
      Placement placement = new Placement(base, names, request.profile(), use.file());
      placement.place(strengths(use.strength()));
      if (request.profile().wholeAttention()) {
        placement.dropIncompleteAttention();
      }
      Ledger ledger = placement.ledger();
      refuse(use.file(), ledger, placement);
      refuseUnread(use.file(), ledger);
      found |= ledger.applied() + ledger.filtered() > 0 || !placement.skipped().isEmpty();
      skipped.addAll(placement.skipped());
      warn(use, ledger, placement);
      ledgers.add(ledger);
      placement.placed().forEach(applied -> requireUnchanged(applied, changes));
      for (Applied applied : placement.placed()) {
        requireOneShape(applied, changes.getOrDefault(destination(applied), List.of()));
        changes.computeIfAbsent(destination(applied), key -> new ArrayList<>()).add(applied);
      }
    }
    if (!found) {
      throw new BakeException(
          base.path(),
          null,
          "no module of any adapter has a place in this base; nothing would change");
    }
    Derivation derivation = Derivation.of(base, request, blocks);
    Untying untying = Untying.of(base, names, changes.keySet(), output);
    Layouts layout =
        Layouts.of(base, request, output, derivation.planned(), shapes(changes), untying);
    List<Step> steps = layout.steps(changes);
    if (request.writing().seed().isPresent() && steps.stream().noneMatch(Coding::dithers)) {
      warnings.add("stochastic rounding is for fp8, and nothing in this output is rounded to it");
    }
    return new BakePlan(
        base.path(),
        names.family(),
        request.profile(),
        steps,
        ledgers,
        warnings,
        skipped,
        derivation,
        request.writing().hashes(),
        layout.output());
  }

  /// The tensor of the output that a module changes, and the base's that it is made of: the same,
  /// or the one that a tied name stands for.
  private Destination destination(Applied applied) {
    Target target = applied.target();
    Stored stored =
        base.tensor(target.component(), target.tensor())
            .or(() ->
                names.ties().stream()
                    .filter(tie -> tie.alias().equals(target.tensor()))
                    .findFirst()
                    .flatMap(tie -> base.tensor("", tie.kept().name())))
            .orElseThrow();
    return new Destination(stored, target.tensor());
  }

  /// The shapes of the tensors that are changed: the base's, but where an adapter pads it.
  private static Map<Destination, Shape> shapes(Map<Destination, List<Applied>> changes) {
    Map<Destination, Shape> shapes = new LinkedHashMap<>();
    changes.forEach((destination, applied) ->
        shapes.put(
            destination, applied.getFirst().grown().orElse(destination.source().info().shape())));
    return shapes;
  }

  /// A weight that one adapter pads is changed by others in that shape only.
  private static void requireOneShape(Applied applied, List<Applied> before) {
    for (Applied earlier : before) {
      if (!earlier.grown().equals(applied.grown())) {
        throw new BakeException(
            applied.file().path(),
            applied.module().name(),
            "%s changes %s as %s, an adapter before it as %s (reshape_weight); bake one, and the other into its output"
                .formatted(
                    applied.module().name(),
                    applied.target().place(),
                    applied.view(),
                    earlier.view()));
      }
    }
  }

  /// A module that has to be put together from several tensors reads them from the base.
  private static void requireUnchanged(Applied applied, Map<Destination, List<Applied>> changes) {
    List<Stored> tensors = applied.pieces().stream().map(Applied.Piece::stored).distinct().toList();
    if (tensors.size() > 1
        && tensors.stream().anyMatch(t -> changes.containsKey(new Destination(t, t.name())))) {
      throw new BakeException(
          applied.file().path(),
          applied.module().name(),
          ("%s is one module over %s, which an earlier adapter changes; bake this adapter first, or"
                  + " each into the output of the other")
              .formatted(
                  applied.module().name(),
                  String.join(", ", tensors.stream().map(Stored::name).toList())));
    }
  }

  private Placement.Strengths strengths(double strength) {
    return new Placement.Strengths() {
      @Override
      public double of(Located module) {
        return strength * further(module);
      }

      @Override
      public boolean removes(Located module) {
        return further(module) == 0;
      }

      private double further(Located module) {
        return request.component(module.role()) * (blocks == null ? 1 : blocks.of(module));
      }
    };
  }

  private void refuse(AdapterFile file, Ledger ledger, Placement placement) {
    boolean unmatched = !ledger.unmatched().isEmpty() && !request.allowUnmatched();
    if (!unmatched && placement.problems().isEmpty()) {
      return;
    }
    List<String> parts = new ArrayList<>();
    otherFamily(file).ifPresent(parts::add);
    if (unmatched) {
      parts.add(unmatched(file, ledger));
    }
    List<String> problems = placement.problems();
    if (!problems.isEmpty()) {
      parts.add(
          (problems.size() == 1
                  ? "1 module does not fit: "
                  : problems.size() + " modules do not fit: ")
              + String.join("; ", problems.subList(0, Math.min(3, problems.size())))
              + (problems.size() > 3 ? "; ..." : ""));
    }
    throw new BakeException(file.path(), null, String.join("; ", parts));
  }

  /// Some runtimes refuse a file of which they would leave too much unread.
  private void refuseUnread(AdapterFile file, Ledger ledger) {
    int unread = ledger.ignored().size() + ledger.unmatched().size();
    if (request.profile().unreadLimit().isPresent()
        && unread > request.profile().unreadLimit().getAsInt()) {
      throw new BakeException(
          file.path(),
          null,
          "%s fails on this file: it refuses files with more than %d tensors that it does not read, here there are %d, such as %s"
              .formatted(
                  request.profile().id(),
                  request.profile().unreadLimit().getAsInt(),
                  unread,
                  ledger.ignored().isEmpty()
                      ? ledger.unmatched().getFirst()
                      : ledger.ignored().getLast()));
    }
  }

  /// Says so when adapter and base are of two families that we know.
  private Optional<String> otherFamily(AdapterFile file) {
    Family of = file.family();
    return of == Family.GENERIC || names.family() == Family.GENERIC || of.mayPassFor(names.family())
        ? Optional.empty()
        : Optional.of(
            "this adapter is for %s, the base is %s".formatted(of.id(), names.family().id()));
  }

  private String unmatched(AdapterFile file, Ledger ledger) {
    List<String> gone = ledger.unmatched();
    List<String> modules =
        file.modules().stream()
            .filter(m -> m.tensors().stream().anyMatch(t -> gone.contains(t.name())))
            .map(AdapterModule::name)
            .toList();
    StringBuilder text = new StringBuilder();
    if (modules.isEmpty()) {
      text.append(
          "%d of %d tensors have keys that no dialect writes: "
              .formatted(gone.size(), file.file().tensors().size()));
      text.append(String.join(", ", gone.subList(0, Math.min(3, gone.size()))));
      text.append(gone.size() > 3 ? ", ..." : "");
    } else {
      text.append(
          "%d of %d modules have no place in the base: "
              .formatted(modules.size(), file.modules().size()));
      List<String> shown = new ArrayList<>();
      for (String module : modules.subList(0, Math.min(3, modules.size()))) {
        List<String> near = names.nearest(module, 1);
        shown.add(near.isEmpty() ? module : module + " (nearest: " + near.getFirst() + ")");
      }
      text.append(String.join(", ", shown));
      text.append(modules.size() > 3 ? ", ..." : "");
    }
    return text.append("; --allow-unmatched leaves them out").toString();
  }

  private void warn(BakeRequest.Use use, Ledger ledger, Placement placement) {
    warnings.addAll(placement.warnings());
    String name = String.valueOf(use.file().path().getFileName());
    Profile profile = request.profile();
    int dropped = ledger.ignored().size() - use.file().ignored().size();
    if (dropped > 0 && placement.warnings().isEmpty()) {
      warnings.add(
          "%s: %s does not read %d tensors, such as %s"
              .formatted(name, profile.id(), dropped, ledger.ignored().getLast()));
    }
    if (!use.file().ignored().isEmpty()) {
      warnings.add(
          "%s: %d tensors belong to no layer and are left out"
              .formatted(name, use.file().ignored().size()));
    }
    if (!ledger.unmatched().isEmpty()) {
      warnings.add(
          "%s: %d tensors have no place in the base and are left out"
              .formatted(name, ledger.unmatched().size()));
    }
    if (ledger.filtered() > 0) {
      warnings.add("%s: weights of 0 remove %d tensors".formatted(name, ledger.filtered()));
    }
    if (use.strength() == 0) {
      warnings.add("%s: strength 0".formatted(name));
    }
  }
}
