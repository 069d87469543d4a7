package radiata.cli.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import radiata.cli.command.InspectCommand.Extras;
import radiata.cli.command.InspectCommand.Measured;
import radiata.cli.measure.Statistics;
import radiata.cli.report.Console;
import radiata.cli.report.Sizes;
import radiata.cli.report.Table;
import radiata.cli.report.Text;
import radiata.names.Family;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Hashes;

/// One screen about a file.
///
/// @param againstBase whether the places of modules are those in a base that was named
record InspectScreen(
    Console console, Inspection inspection, @Nullable AdapterListing adapter, boolean againstBase) {
  private static final int SHOWN = 12;

  /// The metadata that tell most about a file, in the order in which they are shown; the others
  /// follow in the file's.
  private static final List<String> TELLING =
      List.of(
          "modelspec.title",
          "modelspec.architecture",
          "ss_output_name",
          "ss_base_model_version",
          "ss_sd_model_name",
          "ss_network_module",
          "ss_network_args",
          "ss_network_dim",
          "ss_network_alpha");

  /// Modules that are alike.
  private record Group(String algorithm, String rank, String alpha, String scale, String dora) {
    static Group of(ListedModule module) {
      return new Group(
          module.algorithm(),
          module.rank().isPresent() ? Integer.toString(module.rank().getAsInt()) : "-",
          number(module.alpha()),
          number(module.scale()),
          module.dora() == null ? "?" : module.dora());
    }

    private static String number(OptionalDouble value) {
      return value.isPresent() ? InspectScreen.number(value.getAsDouble()) : "-";
    }
  }

  void show(Extras extras) {
    console.heading("%s: %s".formatted(Text.safe(inspection.path().toString()), what()));
    line(
        "tensors",
        "%s, %s parameters, %s (%s)"
            .formatted(
                Sizes.plural(inspection.tensors().size(), "tensor"),
                Sizes.count(inspection.parameters()),
                Sizes.bytes(inspection.bytes()),
                inspection.dtypes().entrySet().stream()
                    .map(entry -> entry.getValue() + " " + entry.getKey())
                    .collect(Collectors.joining(", "))));
    if (inspection.container().startsWith("torch")) {
      line("format", inspection.container() + ", read without executing it");
    }
    if (adapter != null) {
      adapter(adapter);
    }
    if (inspection.kind() == Inspection.Kind.CHECKPOINT) {
      line("layout", CheckpointParts.layout(inspection.model()));
      optional(
          "parts",
          String.join(", ", CheckpointParts.components(inspection.model(), inspection.table())));
    }
    optional("made by", ProvenanceView.line(inspection.model()));
    Hashes hashes = extras.hashes();
    if (hashes != null) {
      line("sha256", hashes.sha256());
      line("autov2", hashes.autov2());
      optional("autov3", hashes.autov3().orElse(""));
      line("legacy", hashes.legacy());
    }
    if (adapter != null) {
      groups(adapter.modules());
      names("Modules without a place", placeless(adapter));
      names("Unrecognised keys", adapter.unrecognised());
    }
    names("Left out: no tensors", inspection.leftOut());
    metadata(ProvenanceView.without(inspection.model().metadata()));
    if (extras.measured() != null) {
      statistics(extras.measured());
    } else if (extras.keys() || inspection.kind() == Inspection.Kind.EMBEDDING) {
      keys(inspection.tensors());
    }
  }

  private String what() {
    return switch (inspection.kind()) {
      case ADAPTER -> "an adapter" + made();
      case CHECKPOINT -> "a checkpoint of family " + inspection.table().family().id();
      case EMBEDDING -> "a textual-inversion embedding";
      case UNKNOWN -> "neither a known adapter nor a known model";
    };
  }

  private String made() {
    if (adapter == null) {
      return "";
    }
    String family = adapter.family() == Family.GENERIC ? "" : " for " + adapter.family().id();
    boolean dora = adapter.modules().stream().anyMatch(ListedModule::hasDora);
    String algorithms =
        adapter.modules().stream()
            .map(ListedModule::algorithm)
            .distinct()
            .collect(Collectors.joining(", "));
    return Text.safe("%s (%s%s)".formatted(family, algorithms, dora ? " with DoRA" : ""));
  }

  private void adapter(AdapterListing listing) {
    line("dialect", listing.dialect());
    line("writer", listing.writer());
    String label = "because";
    for (String reason : listing.because().stream().limit(SHOWN).toList()) {
      line(label, reason);
      label = "";
    }
    if (listing.because().size() > SHOWN) {
      line("", "... and %d more; --json lists all".formatted(listing.because().size() - SHOWN));
    }
    if (knowsPlaces(listing) && !listing.modules().isEmpty()) {
      line(
          "fit",
          "%d of %s have a place in %s"
              .formatted(
                  listing.modules().size() - placeless(listing).size(),
                  Sizes.plural(listing.modules().size(), "module"),
                  againstBase ? "the base" : listing.family().id()));
    }
  }

  private void line(String label, String text) {
    console.say("  %-8s %s".formatted(label, Text.safe(text)));
  }

  private void optional(String label, String text) {
    if (!text.isEmpty()) {
      line(label, text);
    }
  }

  private void groups(List<ListedModule> modules) {
    Map<Group, Integer> counts = new LinkedHashMap<>();
    modules.forEach(module -> counts.merge(Group.of(module), 1, Integer::sum));
    List<Map.Entry<Group, Integer>> entries = new ArrayList<>(counts.entrySet());
    entries.sort(Map.Entry.<Group, Integer>comparingByValue().reversed());
    Table table = new Table("modules", "algorithm", "rank", "alpha", "scale", "DoRA axis");
    for (Map.Entry<Group, Integer> entry : entries.stream().limit(SHOWN).toList()) {
      Group group = entry.getKey();
      table.row(
          entry.getValue(), group.algorithm, group.rank, group.alpha, group.scale, group.dora);
    }
    section(table);
    if (entries.size() > SHOWN) {
      console.say("... and %d more kinds; --json lists all".formatted(entries.size() - SHOWN));
    }
  }

  private boolean knowsPlaces(AdapterListing listing) {
    return againstBase || listing.family().hasTable();
  }

  private List<String> placeless(AdapterListing listing) {
    return knowsPlaces(listing)
        ? listing.modules().stream()
            .map(ListedModule::name)
            .filter(name -> !listing.targets().containsKey(name))
            .toList()
        : List.of();
  }

  private void names(String title, List<String> names) {
    if (names.isEmpty()) {
      return;
    }
    console.say("");
    console.heading("%s (%d)".formatted(title, names.size()));
    names.stream().limit(SHOWN).forEach(name -> console.say("  " + Text.safe(name)));
    if (names.size() > SHOWN) {
      console.say("  ... and %d more; --json lists all".formatted(names.size() - SHOWN));
    }
  }

  private void metadata(Map<String, String> metadata) {
    Table table = new Table("metadata", "value");
    Stream.concat(TELLING.stream().filter(metadata::containsKey), metadata.keySet().stream())
        .distinct()
        .limit(SHOWN)
        .forEach(
            key -> table.row(Text.cut(key, 30), Text.cut(String.valueOf(metadata.get(key)), 46)));
    section(table);
    if (metadata.size() > SHOWN) {
      console.say(
          "... and %d more; radiata metadata show lists all".formatted(metadata.size() - SHOWN));
    }
  }

  private void keys(List<Stored> tensors) {
    Table table = new Table("tensor", "dtype", "shape", "size");
    for (Stored stored : tensors) {
      table.row(
          Models.label(stored),
          stored.info().dtype(),
          stored.info().shape(),
          Sizes.bytes(stored.info().bytes()));
    }
    section(table);
  }

  private void statistics(List<Measured> measured) {
    Table table =
        new Table("tensor", "dtype", "shape", "min", "max", "mean", "deviation", "NaN", "inf");
    for (Measured each : measured) {
      String label = Models.label(each.stored());
      Object dtype = each.stored().info().dtype();
      Object shape = each.stored().info().shape();
      if (each.statistics().isEmpty()) {
        table.row(label, dtype, shape, "-", "-", "-", "-", "-", "-");
        continue;
      }
      Statistics of = each.statistics().get();
      table.row(
          label,
          dtype,
          shape,
          rounded(of.min()),
          rounded(of.max()),
          rounded(of.mean()),
          rounded(of.deviation()),
          of.nan(),
          of.infinite());
    }
    section(table);
  }

  private void section(Table table) {
    if (!table.isEmpty()) {
      console.say("");
      console.table(table);
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : rounded(value);
  }

  private static String rounded(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4g", value);
  }
}
