package radiata.train.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import radiata.convention.DoraAxis;
import radiata.toml.TomlEntry;
import radiata.train.adapter.Blueprint;
import radiata.train.adapter.Blueprint.Algorithm;
import radiata.train.adapter.Targets;
import radiata.train.config.AdapterSection.NormGradient;

/// Reads the keys of the adapter, those in `network_args` included.
final class AdapterReader {
  private static final int MOST_RANK = 1 << 16;
  private static final double MOST_ALPHA = 1e6;

  /// In sd-scripts it is 4, for want of a better one.
  private static final int RANK = 16;

  /// As PEFT has it.
  private static final int LANGUAGE_RANK = 8;

  private final Keys keys;

  AdapterReader(Keys keys) {
    this.keys = keys;
  }

  AdapterSection read(boolean language) {
    keys.other("network_args", true, this::arguments);
    Algorithm algorithm = algorithm();
    int rank = keys.whole("network_dim", 1, MOST_RANK, language ? LANGUAGE_RANK : RANK);
    // sd-scripts takes 1, PEFT the rank; 0 is the rank in both of LyCORIS and sd-scripts.
    double alpha = orRank(keys.number("network_alpha", 0, MOST_ALPHA, language ? rank : 1), rank);
    int convRank = keys.whole("conv_dim", 0, MOST_RANK, 0);
    double convAlpha = orRank(keys.number("conv_alpha", 0, MOST_ALPHA, 1), convRank);
    boolean lokr = algorithm == Algorithm.LOKR;
    for (String key : List.of("factor", "decompose_both")) {
      if (!lokr && keys.has(key)) {
        keys.mistake(key, "it is for algorithm = \"lokr\"");
      }
    }
    Optional<DoraAxis> dora = dora();
    if (dora.isEmpty() && keys.has("norm_gradient")) {
      keys.mistake("norm_gradient", "it is for DoRA: dora = \"output\" or \"input\"");
    }
    keys.requireOne("preset", "targets");
    Blueprint blueprint =
        new Blueprint(
            algorithm,
            rank,
            alpha,
            convRank,
            convAlpha,
            dora,
            keys.flag("rs_lora", false),
            keys.other("factor", -1, AdapterReader::factor),
            keys.flag("decompose_both", false));
    return new AdapterSection(
        blueprint,
        keys.choice("norm_gradient", NormGradient.class, NormGradient.DETACHED),
        keys.other("preset", "full", AdapterReader::preset),
        keys.texts("targets"),
        from(),
        !keys.flag("network_train_text_encoder_only", false),
        textEncoder(language));
  }

  private static double orRank(double alpha, int rank) {
    return alpha == 0 ? rank : alpha;
  }

  private static int factor(Keys.Place place) {
    int factor = Keys.whole(place, -1, MOST_RANK);
    if (factor == 0) {
      throw place.error("0 divides nothing; -1 chooses by itself");
    }
    return factor;
  }

  private static String preset(Keys.Place place) {
    String preset = place.text();
    place.table().requireAmong(place.key(), preset, Targets.presets());
    return preset;
  }

  private Optional<Path> from() {
    return keys.existing("network_weights");
  }

  /// `networks.lora` and `lycoris.kohya` are what `network_module` names in sd-scripts; which
  /// algorithm it is, `algorithm` says.
  private Algorithm algorithm() {
    keys.other("network_module", "", AdapterReader::module);
    return keys.other(
        "algorithm",
        Algorithm.LORA,
        place -> {
          String name = place.text().toLowerCase(Locale.ROOT);
          List<String> all = List.of("lora", "locon", "loha", "lokr");
          place.table().requireAmong(place.key(), name, all);
          return name.equals("locon")
              ? Algorithm.LORA
              : Algorithm.valueOf(name.toUpperCase(Locale.ROOT));
        });
  }

  private static String module(Keys.Place place) {
    String module = place.text();
    place.table().requireAmong(place.key(), module, List.of("networks.lora", "lycoris.kohya"));
    return module;
  }

  /// `dora = "output"`, or in LyCORIS' words `dora_wd = true`, `wd_on_output = true`.
  private Optional<DoraAxis> dora() {
    keys.requireOne("dora", "dora_wd");
    boolean lycoris = keys.flag("dora_wd", false);
    boolean output = keys.flag("wd_on_output", true);
    if (keys.has("wd_on_output") && !lycoris) {
      keys.mistake("wd_on_output", "it is for dora_wd = true; dora names the axis itself");
    }
    if (lycoris) {
      return Optional.of(output ? DoraAxis.OUTPUT : DoraAxis.INPUT);
    }
    return keys.other(
        "dora",
        Optional.empty(),
        place ->
            switch (place.text()) {
              case "none" -> Optional.empty();
              case "output" -> Optional.of(DoraAxis.OUTPUT);
              case "input" -> Optional.of(DoraAxis.INPUT);
              default ->
                  throw place.error("'%s' is none of none, output, input".formatted(place.text()));
            });
  }

  private boolean textEncoder(boolean language) {
    keys.requireOne("text_encoder", "network_train_unet_only", "network_train_text_encoder_only");
    boolean otherwise = !keys.flag("network_train_unet_only", false);
    if (language && keys.flag("text_encoder", false)) {
      keys.mistake("text_encoder", "a language model has no text encoder");
    }
    return !language && keys.flag("text_encoder", otherwise);
  }

  /// `["conv_dim=4", "algo=loha"]`: each becomes a key, as if it stood by itself.
  private boolean arguments(Keys.Place place) {
    for (String argument : place.table().texts(place.key())) {
      int equals = argument.indexOf('=');
      if (equals <= 0) {
        throw place.error("'%s' is not of the form key=value".formatted(argument));
      }
      String key = argument.substring(0, equals).strip();
      String name = Spellings.of(key);
      keys.add(name, new Keys.Place(argument(place, key, argument.substring(equals + 1)), key));
    }
    return true;
  }

  /// A table of one key, which stands where the list stands: so its mistakes name that place.
  private static TomlEntry argument(Keys.Place place, String key, String value) {
    String text = value.strip();
    boolean plain = text.matches("(?i)true|false|[-+]?[0-9.]+(e[-+]?[0-9]+)?");
    String toml = plain ? text.toLowerCase(Locale.ROOT) : "'" + text + "'";
    TomlPosition at = place.table().at(place.key());
    TomlParseResult table =
        Toml.parse(
            "\n".repeat(at.line() - 1)
                + " ".repeat(at.column() - 1)
                + "'%s' = %s".formatted(key, toml));
    if (table.hasErrors()) {
      throw place.error("'%s=%s' cannot be read".formatted(key, value));
    }
    return new TomlEntry(place.table().file(), place.key(), table, at);
  }
}
