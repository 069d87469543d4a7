package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.Option;
import radiata.cli.measure.Difference;
import radiata.pipeline.Workers;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Progress;
import radiata.cli.report.Sizes;
import radiata.cli.report.Table;
import radiata.cli.report.Text;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.TensorInfo;

/// `compare`: which tensors of two models differ, and by how much.
final class CompareCommand implements Command {
  private static final int DIFFERENT = 1;
  private static final int SHOWN = 20;
  private static final Option ATOL =
      Flags.value("atol", "X", "absolute tolerance (default 0: equal bits)");
  private static final Option RTOL =
      Flags.value("rtol", "X", "relative tolerance: |a - b| <= atol + rtol * |b| is equal");

  /// Two tensors of one name that differ.
  private record Changed(String label, TensorInfo a, TensorInfo b, Difference by) {
    boolean reshaped() {
      return !a.shape().equals(b.shape());
    }
  }

  private record Pair(String label, Stored a, Stored b) {}

  private record Outcome(
      int compared, List<String> missing, List<String> added, List<Changed> changed) {
    boolean equal() {
      return missing.isEmpty() && added.isEmpty() && changed.isEmpty();
    }
  }

  @Override
  public String name() {
    return "compare";
  }

  @Override
  public String summary() {
    return "Compares the tensors of two models or adapters, in any layout; exit code 1 if they differ.";
  }

  @Override
  public List<String> usage() {
    return List.of("A B [--atol X] [--rtol X]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("compare a.safetensors b.safetensors", "are they the same bit for bit"),
        new Example(
            "compare fp16.safetensors fp32/ --rtol 1e-3",
            "a file and a folder of shards, roughly"));
  }

  @Override
  public List<Section> sections() {
    return List.of(Section.of("Tolerance", ATOL, RTOL));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Metadata and the order of tensors are not compared. max rel is |a - b| / max(|a|, |b|)."
            + " Tensors of different dtypes are compared by value.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    List<String> paths = arguments.words("A", "B");
    Difference.Tolerance tolerance =
        new Difference.Tolerance(tolerance(arguments, ATOL), tolerance(arguments, RTOL));
    try (Checkpoint a = Models.open(Arguments.path(paths.get(0)));
        Checkpoint b = Models.open(Arguments.path(paths.get(1)))) {
      Outcome outcome = compare(a, b, tolerance, console);
      if (console.json()) {
        console.document(document(outcome));
      } else {
        report(outcome, console);
      }
      return outcome.equal() ? 0 : DIFFERENT;
    }
  }

  private static double tolerance(Arguments arguments, Option option) {
    double value = arguments.number(option).orElse(0);
    if (value < 0) {
      throw new UsageException(
          "--%s: a tolerance cannot be negative".formatted(option.getLongOpt()));
    }
    return value;
  }

  private static Outcome compare(
      Checkpoint a, Checkpoint b, Difference.Tolerance tolerance, Console console)
      throws IOException {
    Map<String, Stored> left = labelled(a);
    Map<String, Stored> right = labelled(b);
    List<String> missing =
        left.keySet().stream().filter(label -> !right.containsKey(label)).toList();
    List<String> added = right.keySet().stream().filter(label -> !left.containsKey(label)).toList();
    List<Pair> pairs =
        left.entrySet().stream()
            .filter(entry -> right.containsKey(entry.getKey()))
            .map(entry -> pair(entry.getKey(), entry.getValue(), right))
            .toList();
    long bytes = pairs.stream().mapToLong(pair -> pair.a().info().bytes()).sum();
    try (Progress progress = console.progress("comparing", bytes)) {
      List<Changed> changed =
          Workers.map(
                  pairs,
                  console.threads(),
                  pair -> {
                    Optional<Changed> found = changed(pair, tolerance);
                    progress.add(pair.a().info().bytes());
                    return found;
                  })
              .stream()
              .flatMap(Optional::stream)
              .toList();
      return new Outcome(pairs.size(), missing, added, changed);
    }
  }

  private static Map<String, Stored> labelled(Checkpoint model) {
    Map<String, Stored> tensors = new LinkedHashMap<>();
    model.tensors().forEach(stored -> tensors.put(Models.label(stored), stored));
    return tensors;
  }

  private static Pair pair(String label, Stored a, Map<String, Stored> right) {
    Stored b = right.get(label);
    if (b == null) {
      throw new IllegalStateException(label);
    }
    return new Pair(label, a, b);
  }

  private static Optional<Changed> changed(Pair pair, Difference.Tolerance tolerance)
      throws IOException {
    TensorInfo a = pair.a().info();
    TensorInfo b = pair.b().info();
    if (!a.shape().equals(b.shape())) {
      Difference unknown = new Difference(false, Double.NaN, Double.NaN, Double.NaN);
      return Optional.of(new Changed(pair.label(), a, b, unknown));
    }
    Difference by =
        Difference.between(pair.a().part().file(), a, pair.b().part().file(), b, tolerance);
    return by.equal() ? Optional.empty() : Optional.of(new Changed(pair.label(), a, b, by));
  }

  private static JsonObject document(Outcome outcome) {
    JsonObject document = Json.document();
    document.addProperty("equal", outcome.equal());
    document.add("missing", Json.texts(outcome.missing()));
    document.add("added", Json.texts(outcome.added()));
    document.add("changed", Json.array(outcome.changed(), CompareCommand::element));
    return document;
  }

  private static JsonElement element(Changed changed) {
    JsonObject element = new JsonObject();
    element.addProperty("tensor", changed.label());
    element.add("max_abs", Json.number(changed.by().maxAbs()));
    element.add("max_rel", Json.number(changed.by().maxRel()));
    element.add("cosine", Json.number(changed.by().cosine()));
    element.add("a", side(changed.a()));
    element.add("b", side(changed.b()));
    return element;
  }

  private static JsonObject side(TensorInfo tensor) {
    JsonObject side = new JsonObject();
    side.addProperty("dtype", tensor.dtype().name());
    side.add("shape", Json.shape(tensor.shape()));
    return side;
  }

  private static void report(Outcome outcome, Console console) {
    list(console, "only in A", outcome.missing());
    list(console, "only in B", outcome.added());
    if (!outcome.changed().isEmpty()) {
      console.heading(Sizes.plural(outcome.changed().size(), "tensor") + " changed");
      Table table = new Table("tensor", "max abs", "max rel", "cosine", "types");
      outcome.changed().stream()
          .limit(SHOWN)
          .forEach(changed ->
              table.row(
                  changed.label(),
                  number(changed.by().maxAbs()),
                  number(changed.by().maxRel()),
                  "%.6f".formatted(changed.by().cosine()),
                  types(changed)));
      console.table(table);
      more(console, outcome.changed().size());
    }
    console.say(
        outcome.equal()
            ? "equal: " + Sizes.plural(outcome.compared(), "tensor")
            : "different: %d of %s changed, %d only in A, %d only in B"
                .formatted(
                    outcome.changed().size(),
                    Sizes.plural(outcome.compared(), "common tensor"),
                    outcome.missing().size(),
                    outcome.added().size()));
  }

  private static String number(double value) {
    return "%.3g".formatted(value);
  }

  private static String types(Changed changed) {
    TensorInfo a = changed.a();
    TensorInfo b = changed.b();
    if (changed.reshaped()) {
      return a.shape() + " / " + b.shape();
    }
    return a.dtype() == b.dtype() ? a.dtype().name() : a.dtype() + " / " + b.dtype();
  }

  private static void list(Console console, String title, List<String> labels) {
    if (!labels.isEmpty()) {
      console.heading(Sizes.plural(labels.size(), "tensor") + " " + title);
      labels.stream().limit(SHOWN).forEach(label -> console.say("  " + Text.safe(label)));
      more(console, labels.size());
    }
  }

  private static void more(Console console, int all) {
    if (all > SHOWN) {
      console.say("  and " + (all - SHOWN) + " more; --json lists all");
    }
  }
}
