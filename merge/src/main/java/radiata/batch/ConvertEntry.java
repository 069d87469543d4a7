package radiata.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.bake.DtypeNames;
import radiata.convention.DoraAxis;
import radiata.convert.Forms;
import radiata.convert.folder.Prediction;
import radiata.safetensors.DType;
import radiata.safetensors.Shards;
import radiata.toml.TomlEntry;

/// Reads a `[[convert]]` of a manifest: inputs x forms.
final class ConvertEntry {
  private static final List<String> KEYS =
      List.of(
          "input",
          "inputs",
          "to",
          "output",
          "dtype",
          "base",
          "adapter-name",
          "drop-unsupported",
          "axis",
          "rank",
          "dylora-rank",
          "max-shard-size",
          "prediction",
          "date",
          "force");

  private ConvertEntry() {}

  /// One of its conversions.
  record Wanted(Path input, ConvertJob.Options options, String template) {
    /// The name of the output.
    ///
    /// @param number of the job
    String name(TomlEntry entry, int number) {
      Map<String, String> values = new LinkedHashMap<>();
      values.put("input", Template.stem(input));
      values.put("to", options.to().orElse("keep"));
      values.put("dtype", DtypeNames.of(options.dtype()));
      values.put("job", Integer.toString(number));
      return Template.name(entry, template, values);
    }
  }

  /// What an entry asks for, its forms running fastest.
  ///
  /// @param folder what inputs are relative to
  /// @param defaults of these, `dtype`, `date` and `force` hold where the entry says nothing else
  static List<Wanted> of(TomlEntry entry, Path folder, List<TomlEntry> defaults) {
    entry.requireKnown(KEYS);
    String template = entry.requiredText("output");
    List<Path> inputs = inputs(entry, folder);
    List<Optional<String>> forms = forms(entry);
    if ((long) inputs.size() * forms.size() > Jobs.MOST) {
      throw entry.error("inputs", "more than %,d jobs in one [[convert]]".formatted(Jobs.MOST));
    }
    List<Wanted> wanted = new ArrayList<>();
    for (Path input : inputs) {
      for (Optional<String> to : forms) {
        wanted.add(new Wanted(input, options(entry, folder, defaults, to), template));
      }
    }
    return wanted;
  }

  private static List<Path> inputs(TomlEntry entry, Path folder) {
    if (!entry.has("inputs")) {
      return List.of(entry.path("input", folder, entry.requiredText("input")));
    }
    if (entry.has("input")) {
      throw entry.error("input", "'input' and 'inputs' say the same; write one of them");
    }
    return entry.texts("inputs").stream().map(text -> entry.path("inputs", folder, text)).toList();
  }

  private static List<Optional<String>> forms(TomlEntry entry) {
    List<String> forms = entry.oneOrMore("to");
    forms.forEach(form -> entry.requireAmong("to", form, Forms.all()));
    return forms.isEmpty() ? List.of(Optional.empty()) : forms.stream().map(Optional::of).toList();
  }

  private static ConvertJob.Options options(
      TomlEntry entry, Path folder, List<TomlEntry> defaults, Optional<String> to) {
    List<TomlEntry> from = new ArrayList<>(List.of(entry));
    from.addAll(defaults);
    Optional<DType> dtype =
        Jobs.first(from, each -> each.choice("dtype", DtypeNames.all())).flatMap(DtypeNames::named);
    return new ConvertJob.Options(
        to,
        dtype,
        entry.text("base").map(text -> entry.path("base", folder, text)).orElse(null),
        entry.text("adapter-name").orElse(null),
        entry.flag("drop-unsupported").orElse(false),
        axis(entry),
        entry.integer("rank", 1),
        entry.integer("dylora-rank", 1),
        entry.text("max-shard-size").stream().mapToLong(text -> size(entry, text)).findFirst(),
        entry
            .choice("prediction", List.of("epsilon", "v"))
            .map(name -> name.equals("v") ? Prediction.V : Prediction.EPSILON),
        Jobs.first(from, each -> each.date("date")),
        Jobs.first(from, each -> each.flag("force")).orElse(false));
  }

  private static Optional<DoraAxis> axis(TomlEntry entry) {
    Optional<String> axis = entry.choice("axis", List.of("output", "input"));
    if (axis.isPresent() && !entry.has("base")) {
      throw entry.error("axis", "'axis' fits DoRA to the weights of a model: name it with 'base'");
    }
    if (axis.isEmpty() && entry.has("rank")) {
      throw entry.error("rank", "'rank' goes with 'axis'");
    }
    return axis.map(name -> name.equals("output") ? DoraAxis.OUTPUT : DoraAxis.INPUT);
  }

  private static long size(TomlEntry entry, String text) {
    try {
      return Shards.parseSize(text);
    } catch (IllegalArgumentException e) {
      throw entry.error("max-shard-size", "'max-shard-size': " + e.getMessage());
    }
  }
}
