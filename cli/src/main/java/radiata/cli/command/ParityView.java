package radiata.cli.command;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.cli.report.Table;
import radiata.cli.report.Text;
import radiata.convention.Profiles;
import radiata.parity.ComfyExport;
import radiata.parity.Departure;
import radiata.parity.ModuleParity;
import radiata.parity.ParityReport;
import radiata.parity.RuntimeParity;
import radiata.parity.Summary;
import radiata.parity.Verdict;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.provenance.Recipe;

/// Shows how far runtimes are apart, for a reader or as a document.
record ParityView(Checkpoint base, AdapterFile file, Console console) {
  private static final int SHOWN = 20;

  void show(ParityReport report, boolean layers) {
    if (console.json()) {
      console.document(document(report));
      return;
    }
    head(report);
    table(report);
    reasons(report);
    if (layers) {
      layers(report);
    }
  }

  private void head(ParityReport report) {
    console.heading(
        "%s over %s, strength %s"
            .formatted(
                Text.safe(String.valueOf(file.path().getFileName())),
                Text.safe(String.valueOf(base.path().getFileName())),
                Recipe.number(report.strength())));
    console.say(
        "  %s, %s"
            .formatted(
                file.family().id(), Sizes.plural(report.modules().size(), "changed module")));
    file.because().forEach(why -> console.say("  " + Text.safe(why)));
    if (!report.unmatched().isEmpty()) {
      console.warn(
          "%s have no place in the base and are left out"
              .formatted(Sizes.plural(report.unmatched().size(), "tensor")));
    }
  }

  private void table(ParityReport report) {
    Table table =
        new Table(
            "runtime", "same", "rounding", "differ", "left out", "max abs", "of change", "verdict");
    for (RuntimeParity runtime : report.runtimes()) {
      String id = runtime.profile().id();
      if (runtime.refused().isPresent()) {
        table.row(id, "-", "-", "-", "-", "-", "-", "refuses the file");
        continue;
      }
      Summary of = Summary.of(report, id);
      table.row(
          id,
          of.count(Verdict.SAME),
          of.count(Verdict.ROUNDING),
          of.count(Verdict.DIFFERENT) + of.count(Verdict.BROKEN),
          of.count(Verdict.SKIPPED),
          number(of.maxAbs()),
          percent(of.relative()),
          words(of));
    }
    console.table(table);
  }

  private static String words(Summary of) {
    return switch (of.verdict()) {
      case SAME -> "the same";
      case ROUNDING -> "the same but for rounding";
      case DIFFERENT -> "differs";
      case SKIPPED ->
          of.count(Verdict.SKIPPED) == of.counts().values().stream().mapToInt(n -> n).sum()
              ? "leaves the base as it is"
              : of.count(Verdict.DIFFERENT) > 0 ? "differs" : "leaves some out";
      case BROKEN -> "not a number";
    };
  }

  /// Why, once for all runtimes that say the same.
  private void reasons(ParityReport report) {
    Map<List<String>, List<String>> said = new LinkedHashMap<>();
    for (RuntimeParity runtime : report.runtimes()) {
      List<String> lines = reasons(report, runtime);
      if (!lines.isEmpty()) {
        said.computeIfAbsent(lines, key -> new ArrayList<>()).add(runtime.profile().id());
      }
    }
    said.forEach((lines, runtimes) -> {
      console.say(String.join(", ", runtimes));
      lines.forEach(line -> console.say("  " + Text.safe(line)));
    });
  }

  private static List<String> reasons(ParityReport report, RuntimeParity runtime) {
    if (runtime.refused().isPresent()) {
      return List.of(withoutName(runtime.refused().get(), runtime));
    }
    Summary of = Summary.of(report, runtime.profile().id());
    List<String> lines = new ArrayList<>();
    of.because()
        .forEach(
            (why, modules) -> lines.add("%s (%s)".formatted(why, Sizes.plural(modules, "module"))));
    if (!lines.isEmpty()) {
      of.worst().ifPresent(module -> lines.add("most in " + module.module().name()));
    }
    return lines;
  }

  /// A reason begins with the runtime's name, which stands above it.
  private static String withoutName(String why, RuntimeParity runtime) {
    String name = runtime.profile().id() + " ";
    return why.startsWith(name) ? why.substring(name.length()) : why;
  }

  private void layers(ParityReport report) {
    List<String> runtimes =
        report.runtimes().stream()
            .filter(each -> each.refused().isEmpty())
            .map(each -> each.profile().id())
            .toList();
    List<String> headings = new ArrayList<>(List.of("module", "change"));
    headings.addAll(runtimes);
    headings.add("pairwise");
    console.heading("Largest distance from exact, by module");
    Table table = new Table(headings.toArray(String[]::new));
    for (ModuleParity module : report.modules()) {
      List<Object> row = new ArrayList<>();
      row.add(module.module().name() + (module.module().bias() ? " (bias)" : ""));
      row.add(number(module.change().maxAbs()));
      runtimes.forEach(id -> row.add(distance(departure(module, id))));
      row.add(number(module.pairwise()));
      table.row(row.toArray());
    }
    console.table(table);
  }

  private static String distance(Departure departure) {
    return departure.verdict() == Verdict.SAME ? "-" : number(departure.gap().maxAbs());
  }

  private static Departure departure(ModuleParity module, String runtime) {
    return Objects.requireNonNull(module.departures().get(runtime));
  }

  void show(ComfyExport export, Path output) {
    List<ModuleParity> left =
        export.check().modules().stream().filter(module -> !module.agrees()).toList();
    if (console.json()) {
      JsonObject document = Json.document();
      document.addProperty("output", output.toString());
      document.addProperty("for", "comfyui");
      document.add("strength", Json.number(1));
      document.add("rewritten", Json.texts(export.rewritten()));
      document.add("dropped", Json.texts(export.adapter().dropped()));
      document.add("modules", Json.array(export.check().modules(), ParityView::document));
      document.add(
          "cannot",
          Json.array(
              left,
              module -> {
                JsonObject each = new JsonObject();
                each.addProperty("name", module.module().name());
                each.add("because", Json.texts(departure(module, "comfyui").because()));
                return each;
              }));
      console.document(document);
      return;
    }
    Summary of = Summary.of(export.check(), "comfyui");
    console.say(
        "%s: %s rewritten; at strength 1 ComfyUI bakes %d of %s as the definition has them"
            .formatted(
                Text.safe(output.toString()),
                Sizes.plural(export.rewritten().size(), "module"),
                of.count(Verdict.SAME) + of.count(Verdict.ROUNDING),
                Sizes.plural(export.check().modules().size(), "module")));
    for (ModuleParity module : left.subList(0, Math.min(SHOWN, left.size()))) {
      console.warn(
          "%s cannot be made so: ComfyUI %s"
              .formatted(
                  module.module().name(),
                  String.join("; ", departure(module, "comfyui").because())));
    }
    if (left.size() > SHOWN) {
      console.warn("and %d more; --json lists all".formatted(left.size() - SHOWN));
    }
    if (!export.adapter().dropped().isEmpty()) {
      console.say(
          "left out: "
              + Sizes.plural(export.adapter().dropped().size(), "tensor")
              + ": "
              + Text.safe(String.join(", ", export.adapter().dropped())));
    }
  }

  private JsonObject document(ParityReport report) {
    JsonObject document = Json.document();
    document.addProperty("base", base.path().toString());
    document.add("strength", Json.number(report.strength()));
    JsonObject adapter = new JsonObject();
    adapter.addProperty("path", file.path().toString());
    adapter.addProperty("dialect", file.dialect().id());
    adapter.addProperty("family", file.family().id());
    adapter.addProperty("writer", file.writer());
    adapter.add("because", Json.texts(file.because()));
    document.add("adapter", adapter);
    List<String> runtimes = new ArrayList<>(List.of(Profiles.EXACT.id()));
    report.runtimes().forEach(runtime -> runtimes.add(runtime.profile().id()));
    document.add("runtimes", Json.texts(runtimes));
    document.add("verdicts", Json.array(report.runtimes(), runtime -> document(report, runtime)));
    document.add("unmatched", Json.texts(report.unmatched()));
    document.add("modules", Json.array(report.modules(), ParityView::document));
    return document;
  }

  private static JsonObject document(ParityReport report, RuntimeParity runtime) {
    JsonObject object = new JsonObject();
    object.addProperty("runtime", runtime.profile().id());
    if (runtime.refused().isPresent()) {
      object.addProperty("verdict", "refused");
      object.add("because", Json.texts(List.of(runtime.refused().get())));
      return object;
    }
    Summary of = Summary.of(report, runtime.profile().id());
    object.addProperty("verdict", of.verdict().id());
    object.add("because", Json.texts(of.because().sequencedKeySet()));
    for (Verdict verdict : Verdict.values()) {
      object.addProperty(verdict.id(), of.count(verdict));
    }
    object.add("max_abs", Json.number(of.maxAbs()));
    object.add("relative", Json.number(of.relative()));
    object.add("worst", Json.text(of.worst().map(module -> module.module().name())));
    return object;
  }

  private static JsonObject document(ModuleParity module) {
    JsonObject object = new JsonObject();
    object.addProperty("name", module.module().name());
    object.addProperty("bias", module.module().bias());
    object.add("tensors", Json.texts(module.tensors()));
    JsonObject change = new JsonObject();
    change.add("max_abs", Json.number(module.change().maxAbs()));
    change.add("norm", Json.number(module.change().norm()));
    object.add("change", change);
    JsonObject maxAbs = new JsonObject();
    JsonObject relative = new JsonObject();
    JsonObject verdicts = new JsonObject();
    module
        .departures()
        .forEach((runtime, departure) -> {
          maxAbs.add(runtime, Json.number(departure.gap().maxAbs()));
          relative.add(runtime, Json.number(departure.gap().of(module.change())));
          verdicts.addProperty(runtime, departure.verdict().id());
        });
    object.add("max_abs", maxAbs);
    object.add("relative", relative);
    object.add("verdict", verdicts);
    object.add("pairwise", Json.number(module.pairwise()));
    return object;
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1000
        ? "%.0f".formatted(value)
        : "%.3g".formatted(value);
  }

  private static String percent(double part) {
    double hundred = 100 * part;
    return hundred == 0
        ? "0 %"
        : hundred < 0.1
            ? "<0.1 %"
            : hundred < 9.95 ? "%.1f %%".formatted(hundred) : "%.0f %%".formatted(hundred);
  }
}
