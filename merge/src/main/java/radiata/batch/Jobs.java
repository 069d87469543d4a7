package radiata.batch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import radiata.bake.BakeRequest;
import radiata.bake.DtypeNames;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.provenance.Recipe;
import radiata.toml.TomlEntry;

/// Makes the jobs of a manifest from its tables.
final class Jobs {
  /// More would be a mistake in a grid.
  static final int MOST = 100_000;

  private static final List<String> OPTIONS =
      List.of(
          "runtime",
          "dtype",
          "unet",
          "te",
          "blocks",
          "adapter-name",
          "allow-unmatched",
          "rounding",
          "seed",
          "hashes",
          "date",
          "verify",
          "force");
  private static final List<String> GRID = with("bases", "adapters", "strengths", "output");
  private static final List<String> BAKE = with("base", "adapters", "output");

  private final Path folder;
  private final Path outputs;
  private final List<TomlEntry> defaults;
  private final List<Job> all = new ArrayList<>();

  /// @param folder what inputs are relative to
  /// @param outputs what outputs are relative to
  /// @param defaults tables of options that hold where a job says nothing else
  Jobs(Path folder, Path outputs, List<TomlEntry> defaults) {
    this.folder = folder;
    this.outputs = outputs;
    this.defaults = defaults;
    defaults.forEach(entry -> entry.requireKnown(OPTIONS));
  }

  private static List<String> with(String... keys) {
    return Stream.concat(Stream.of(keys), OPTIONS.stream()).toList();
  }

  List<Job> all() {
    return all;
  }

  void grid(TomlEntry entry) {
    entry.requireKnown(GRID);
    BakeJob.Options options = options(entry);
    String template = entry.requiredText("output");
    List<Path> bases =
        entry.texts("bases").stream().map(text -> entry.path("bases", folder, text)).toList();
    List<List<String>> adapters = entry.lists("adapters");
    List<Double> strengths = entry.numbers("strengths");
    if ((long) bases.size() * adapters.size() * strengths.size() > MOST) {
      throw entry.error("bases", "more than %,d jobs in one grid".formatted(MOST));
    }
    for (Path base : bases) {
      for (List<String> stack : adapters) {
        for (double strength : strengths) {
          add(entry, base, uses(entry, stack, strength), strength, options, template);
        }
      }
    }
  }

  /// Every input to every form.
  void convert(TomlEntry entry) {
    for (ConvertEntry.Wanted wanted : ConvertEntry.of(entry, folder, defaults)) {
      int number = all.size() + 1;
      String name = wanted.name(entry, number);
      Path output = entry.path("output", outputs, name);
      all.add(
          new ConvertJob(number, entry.place(), wanted.input(), wanted.options(), output, name));
    }
  }

  void bake(TomlEntry entry) {
    entry.requireKnown(BAKE);
    Path base = entry.path("base", folder, entry.requiredText("base"));
    List<BakeJob.Use> uses = uses(entry, entry.texts("adapters"), 1);
    double strength = uses.getFirst().strength();
    add(entry, base, uses, strength, options(entry), entry.requiredText("output"));
  }

  private void add(
      TomlEntry entry,
      Path base,
      List<BakeJob.Use> uses,
      double strength,
      BakeJob.Options options,
      String template) {
    requireStrength(entry, uses, options);
    int number = all.size() + 1;
    Map<String, String> values = new LinkedHashMap<>();
    values.put("base", Template.stem(base));
    values.put(
        "adapter",
        String.join("+", uses.stream().map(use -> Template.stem(use.adapter())).toList()));
    values.put("strength", Recipe.number(strength));
    values.put("runtime", options.profile().id());
    values.put("dtype", DtypeNames.of(options.dtype()));
    values.put("job", Integer.toString(number));
    String name = Template.name(entry, template, values);
    Path output = entry.path("output", outputs, name);
    all.add(new BakeJob(number, entry.place(), base, uses, options, output, name));
  }

  private static void requireStrength(
      TomlEntry entry, List<BakeJob.Use> uses, BakeJob.Options options) {
    if (options.profile().onlyStrength().isEmpty()) {
      return;
    }
    double only = options.profile().onlyStrength().getAsDouble();
    boolean other = options.unet() != only || options.textEncoder() != only;
    if (other
        || options.blocks() != null
        || uses.stream().anyMatch(use -> use.strength() != only)) {
      throw entry.error(
          "runtime",
          "runtime %s knows strength %s only"
              .formatted(options.profile().id(), Recipe.number(only)));
    }
  }

  private List<BakeJob.Use> uses(TomlEntry entry, List<String> texts, double strength) {
    List<BakeJob.Use> uses = new ArrayList<>();
    for (String text : texts) {
      Path whole = entry.path("adapters", folder, text);
      int colon = text.lastIndexOf(':');
      String number = text.substring(colon + 1);
      boolean has =
          colon > 0
              && number.matches("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?")
              && !Files.exists(whole);
      uses.add(
          has
              ? new BakeJob.Use(
                  entry.path("adapters", folder, text.substring(0, colon)),
                  strength * Double.parseDouble(number))
              : new BakeJob.Use(whole, strength));
    }
    return uses;
  }

  private BakeJob.Options options(TomlEntry entry) {
    List<TomlEntry> from = new ArrayList<>(List.of(entry));
    from.addAll(defaults);
    List<String> runtimes = Profiles.ALL.stream().map(Profile::id).toList();
    String runtime = first(from, each -> each.choice("runtime", runtimes)).orElse("exact");
    return new BakeJob.Options(
        Profiles.named(runtime).orElseThrow(),
        first(from, each -> each.choice("dtype", DtypeNames.all())).flatMap(DtypeNames::named),
        first(from, each -> number(each, "unet")).orElse(1.0),
        first(from, each -> number(each, "te")).orElse(1.0),
        first(from, each -> each.text("blocks")).orElse(null),
        first(from, each -> each.text("adapter-name")).orElse(null),
        first(from, each -> each.flag("allow-unmatched")).orElse(false),
        new BakeRequest.Writing(
            first(from, each -> each.flag("hashes")).orElse(false),
            first(from, each -> each.date("date")),
            seed(from)),
        first(from, each -> each.flag("verify")).orElse(false),
        first(from, each -> each.flag("force")).orElse(false));
  }

  /// The seed of stochastic rounding, 0 where none is given; empty for rounding to the nearest.
  private static OptionalLong seed(List<TomlEntry> from) {
    Optional<Long> seed = first(from, each -> each.whole("seed"));
    boolean stochastic =
        first(from, each -> each.choice("rounding", List.of("nearest", "stochastic")))
            .filter("stochastic"::equals)
            .isPresent();
    if (seed.isPresent() && !stochastic) {
      throw from.getFirst().error("seed", "'seed' is for rounding = \"stochastic\"");
    }
    return stochastic ? OptionalLong.of(seed.orElse(0L)) : OptionalLong.empty();
  }

  private static Optional<Double> number(TomlEntry entry, String key) {
    return entry.number(key).stream().boxed().findFirst();
  }

  interface Option<T> {
    Optional<T> of(TomlEntry entry);
  }

  static <T> Optional<T> first(List<TomlEntry> entries, Option<T> option) {
    return entries.stream().flatMap(entry -> option.of(entry).stream()).findFirst();
  }
}
