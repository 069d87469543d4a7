package radiata.safetensors.provenance;

import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.time.temporal.TemporalAccessor;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import radiata.safetensors.HashKeys;

/// The metadata of an output that is made from a model: those of the model, less what is not true
/// of the output, and with what the output's readers want.
///
/// @param parents the titles of all that went into it, the model itself included
/// @param date what `modelspec.date` becomes; without it the output has none, since a clock would
///   give other bytes every time
/// @param sameData whether the data section is that of the model, byte for byte
/// @param sameDtypes whether every tensor keeps its dtype
/// @param hashes whether hashes of the data are renewed afterwards, with [HashKeys#renewed]; if not
///   they are left out
public record DerivedMetadata(
    List<String> parents,
    Optional<String> date,
    boolean sameData,
    boolean sameDtypes,
    boolean hashes) {
  private static final String SPEC = "modelspec.";

  /// The key of the date.
  public static final String DATE = SPEC + "date";

  private static final DateTimeFormatter ISO =
      DateTimeFormatter.ofPattern("uuuu-MM-dd['T'HH:mm[:ss][XXX]]", Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);
  private static final String MERGED_FROM = SPEC + "merged_from";
  private static final List<String> DTYPES = List.of(SPEC + "unet_dtype", SPEC + "vae_dtype");

  public DerivedMetadata {
    parents = List.copyOf(parents);
  }

  /// Whether a text is a date, with or without a time, as ISO 8601 writes it: `2026-05-12`,
  /// `2026-05-12T10:00:00Z`.
  public static boolean isDate(String text) {
    try {
      TemporalAccessor _ = ISO.parse(text);
      return true;
    } catch (DateTimeParseException e) {
      return false;
    }
  }

  /// The title of a model or adapter, by ModelSpec or as sd-scripts names it.
  public static Optional<String> title(Map<String, String> metadata) {
    return Optional.ofNullable(
        metadata.getOrDefault(SPEC + "title", metadata.get("ss_output_name")));
  }

  public Map<String, String> of(Map<String, String> model) {
    Map<String, String> derived =
        new LinkedHashMap<>(
            hashes ? HashKeys.reserved(model) : sameData ? model : HashKeys.without(model));
    derived.remove(Provenance.KEY);
    derived.remove(DATE);
    if (!sameDtypes) {
      derived.keySet().removeAll(DTYPES);
    }
    if (derived.containsKey(SPEC + "sai_model_spec")) {
      mergedFrom(derived);
    }
    date.ifPresent(value -> derived.put(DATE, value));
    // transformers 4.x refuses metadata that do not say so, though it takes a file without any.
    derived.putIfAbsent("format", "pt");
    return derived;
  }

  /// Appends the parents, as sd-scripts joins them: titles with a comma and a space.
  private void mergedFrom(Map<String, String> derived) {
    String before = derived.getOrDefault(MERGED_FROM, "");
    Set<String> all = new LinkedHashSet<>();
    if (!before.isEmpty()) {
      all.addAll(List.of(before.split(", ")));
    }
    all.addAll(parents);
    if (!all.isEmpty()) {
      derived.put(MERGED_FROM, String.join(", ", all));
    }
  }
}
