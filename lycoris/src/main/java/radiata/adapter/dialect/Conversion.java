package radiata.adapter.dialect;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Algorithm;
import radiata.names.Dialect;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.names.NamingException;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;

/// Brings an adapter file into another dialect, exactly: every number stays, only names, shapes and
/// the place of alpha change. What the dialect cannot hold is refused with the way out.
public final class Conversion {
  private final AdapterFile file;
  private final NameTable names;
  private final Request request;
  private final Form form;
  private final Speller speller;
  private final Map<String, Optional<Remembered.Spelling>> lost = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();
  private final List<String> dropped = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final SequencedMap<String, String> renamed = new LinkedHashMap<>();
  private final Set<Algorithm> algorithms = EnumSet.noneOf(Algorithm.class);
  private int modules;

  /// What is wanted.
  ///
  /// @param to the dialect
  /// @param dtype of the floats but alpha; null to keep each
  /// @param drop whether what the dialect cannot hold is left out
  /// @param ranks how many ranks of every low-rank pair are kept, alpha as it is; empty for all
  public record Request(Dialect to, @Nullable DType dtype, boolean drop, OptionalInt ranks) {
    /// All ranks.
    public Request(Dialect to, @Nullable DType dtype, boolean drop) {
      this(to, dtype, drop, OptionalInt.empty());
    }

    /// Whether a scale may be folded into a factor where that rounds.
    boolean mayRound() {
      return dtype == DType.F32 || dtype == DType.F64;
    }
  }

  private Conversion(AdapterFile file, NameTable names, Request request) {
    this.file = file;
    this.names = names;
    this.request = request;
    this.form = Form.of(request.to(), names.family());
    this.speller =
        new Speller(
            form,
            request.mayRound(),
            Remembered.of(file.metadata(), request.to(), keepsAlphas(file.dialect())));
  }

  private boolean keepsAlphas(Dialect dialect) {
    return dialect != Dialect.UNKNOWN
        && Form.of(dialect, names.family()).alphas() == Form.Alphas.TENSORS;
  }

  /// Plans the conversion; of the data only what decides the layout of fused weights is read.
  ///
  /// @param names those of the base the adapter is for, or of its family
  /// @throws AdapterException if the dialect cannot hold the file, or modules have no place
  public static Converted of(AdapterFile file, NameTable names, Request request)
      throws IOException {
    return new Conversion(file, names, request).run();
  }

  private Converted run() throws IOException {
    refuseUnread();
    Map<String, List<AdapterModule>> byName = new LinkedHashMap<>();
    for (AdapterModule module : file.modules()) {
      byName.computeIfAbsent(module.name(), key -> new ArrayList<>()).add(module);
    }
    Map<Located, Map<String, Layer>> waiting = new LinkedHashMap<>();
    for (Map.Entry<String, List<AdapterModule>> entry : byName.entrySet()) {
      Layer layer = Layer.of(file.file(), entry.getValue());
      try {
        requireOwnWeight(entry.getValue().getFirst());
        place(kept(folded(layer, entry.getValue().getFirst())), find(entry.getKey()), waiting);
      } catch (Unwritable e) {
        problem(layer, e);
      }
    }
    for (Map.Entry<Located, Map<String, Layer>> entry : waiting.entrySet()) {
      join(entry.getKey(), entry.getValue());
    }
    carryOthers();
    return finish();
  }

  private static void requireOwnWeight(AdapterModule module) {
    if (module.wrapped().isPresent()) {
      throw new Unwritable(
          "it is LoRA on a parameter of its module (target_parameters), which PEFT alone reads; bake it");
    }
  }

  private Layer folded(Layer layer, AdapterModule module) {
    return layer.parts().containsKey(ExplicitScale.PART)
        ? ExplicitScale.folded(layer, module, request.mayRound())
        : layer;
  }

  /// The first ranks of a pair: a DyLoRA is trained at every rank.
  private Layer kept(Layer layer) {
    boolean cut =
        request.ranks().isPresent()
            && layer.algorithm() == Algorithm.LORA
            && layer.parts().containsKey(Layer.UP)
            && !layer.parts().containsKey(Layer.MID)
            && layer.rank().orElse(0) > request.ranks().getAsInt();
    return cut ? Blocks.first(layer, request.ranks().getAsInt()) : layer;
  }

  private void refuseUnread() {
    if (!file.unsupported().isEmpty() || !file.misfits().isEmpty()) {
      String name =
          file.misfits().isEmpty()
              ? file.unsupported().getFirst().name()
              : file.misfits().getFirst().name();
      throw new AdapterException(
          file.path(),
          name,
          "%d modules cannot be read, such as %s; inspect says why"
              .formatted(file.unsupported().size() + file.misfits().size(), name));
    }
  }

  private Located find(String name) {
    try {
      return names
          .find(name)
          .orElseThrow(() ->
              new Unwritable(
                  "no such module is known in a model of the family %s; name the model with --base"
                      .formatted(names.family().id())));
    } catch (NamingException e) {
      throw new Unwritable(String.valueOf(e.getMessage()));
    }
  }

  /// Writes a layer under the name the dialect has for it, or for the parts of it; a layer that is
  /// part of a fused one waits for the others.
  private void place(Layer layer, Located at, Map<Located, Map<String, Layer>> waiting)
      throws IOException {
    Optional<String> name = names.name(at, request.to());
    if (name.isPresent()) {
      write(layer, name.get());
      return;
    }
    List<NameTable.Part> parts = names.parts(at, layer.weightShape());
    if (!parts.isEmpty()) {
      split(layer, parts);
      return;
    }
    Located whole = names.fused(at).orElse(null);
    if (whole == null || names.name(whole, request.to()).isEmpty()) {
      throw new Unwritable(
          "%s has no name for this layer; %s"
              .formatted(
                  request.to().id(),
                  form.textEncoders()
                      ? "another dialect may"
                      : "a PEFT folder holds one model; convert to diffusers for text encoders beside it"));
    }
    waiting.computeIfAbsent(whole, key -> new LinkedHashMap<>()).put(at.path(), layer);
  }

  private void split(Layer layer, List<NameTable.Part> parts) throws IOException {
    List<@Nullable Layer> layers =
        Relayout.split(layer, parts.stream().map(NameTable.Part::runs).toList());
    for (int i = 0; i < parts.size(); i++) {
      Layer part = layers.get(i);
      if (part != null) {
        Located at = parts.get(i).module();
        write(part, nameOf(at));
      }
    }
  }

  private String nameOf(Located at) {
    return names
        .name(at, request.to())
        .orElseThrow(
            () -> new Unwritable("%s has no name for %s".formatted(request.to().id(), at.path())));
  }

  private void join(Located whole, Map<String, Layer> layers) throws IOException {
    Layer any = layers.values().iterator().next();
    try {
      List<Relayout.Part> parts = new ArrayList<>();
      for (NameTable.Part part : names.parts(whole, names.fusedShape(whole, any.inputs()))) {
        parts.add(new Relayout.Part(layers.get(part.module().path()), part.runs()));
      }
      Layer joined =
          parts.size() == 1
              ? Relayout.rows(any, parts.getFirst().runs())
              : Relayout.join(parts, request.mayRound());
      write(joined, nameOf(whole));
    } catch (Unwritable e) {
      layers.values().forEach(layer -> problem(layer, e));
    }
  }

  private void write(Layer layer, String name) throws IOException {
    speller.write(layer, name);
    renamed.put(layer.name(), name);
    modules++;
    if (layer.hasWeight() && layer.algorithm() != Algorithm.WHOLE) {
      algorithms.add(layer.algorithm());
    }
    lost.putAll(Losses.of(layer, form, keepsAlphas(file.dialect())));
  }

  private void problem(Layer layer, Unwritable why) {
    if (request.drop()) {
      layer.parts().values().forEach(this::drop);
    } else {
      problems.add(layer.name() + ": " + why.getMessage());
    }
  }

  private void drop(Content content) {
    if (content instanceof Content.Stored stored) {
      dropped.add(stored.tensor().name());
    }
  }

  /// What belongs to no layer, and suffixes that nobody knows.
  private void carryOthers() {
    List<TensorInfo> others = new ArrayList<>(file.ignored());
    others.addAll(file.unrecognised());
    for (TensorInfo tensor : others) {
      if (form.others()) {
        speller.tensors().put(moved(tensor.name()), Content.Stored.of(file.file(), tensor));
      } else if (request.drop()) {
        dropped.add(tensor.name());
      } else {
        problems.add(
            tensor.name()
                + ": %s cannot hold what belongs to no layer".formatted(request.to().id()));
      }
    }
    if (form.others() && !others.isEmpty()) {
      notes.add("%d tensors that no layer reads are carried over".formatted(others.size()));
    }
  }

  /// The key under the module's new name, where it begins with a module's name.
  private String moved(String key) {
    for (int dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
      String to = renamed.get(key.substring(0, dot));
      if (to != null) {
        return to + key.substring(dot);
      }
    }
    return key;
  }

  private Converted finish() throws IOException {
    if (speller.settings().mixesDora() && !form.mixesDora()) {
      problems.add(
          "%s wants a magnitude on every layer or on none, and here some have one"
              .formatted(request.to().id()));
    }
    if (!form.mixesAlgorithms() && algorithms.size() > 1) {
      problems.add("%s holds one algorithm, and here are several".formatted(request.to().id()));
    }
    String config = config();
    if (!problems.isEmpty()) {
      throw new AdapterException(
          file.path(),
          null,
          "cannot be written as %s: %s%s%s"
              .formatted(
                  request.to().id(),
                  String.join("; ", problems.subList(0, Math.min(3, problems.size()))),
                  problems.size() > 3 ? "; and %d more".formatted(problems.size() - 3) : "",
                  "; --drop-unsupported leaves out what it cannot hold"));
    }
    if (modules == 0) {
      throw new AdapterException(
          file.path(), null, "nothing of it can be written as %s".formatted(request.to().id()));
    }
    return new Converted(
        request.to(), cast(speller.tensors()), metadata(), config, modules, notes, dropped);
  }

  private @Nullable String config() {
    if (request.to() != Dialect.PEFT || !problems.isEmpty()) {
      return null;
    }
    try {
      return speller.settings().peft();
    } catch (Unwritable e) {
      problems.add(String.valueOf(e.getMessage()));
      return null;
    }
  }

  private SequencedMap<String, Content> cast(SequencedMap<String, Content> tensors) {
    DType to = request.dtype();
    if (to == null) {
      return tensors;
    }
    SequencedMap<String, Content> cast = new LinkedHashMap<>();
    tensors.forEach((key, content) -> {
      boolean floats = content.dtype().computable() && !key.endsWith("." + Layer.ALPHA);
      cast.put(key, floats && content.dtype() != to ? new Content.Scaled(content, 1, to) : content);
    });
    return cast;
  }

  private Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>(file.metadata());
    metadata.remove(AdapterFile.SETTINGS);
    metadata.remove(Remembered.METADATA);
    if (request.to() == Dialect.DIFFUSERS) {
      metadata.put(AdapterFile.SETTINGS, speller.settings().diffusers());
    }
    Remembered.text(file.dialect(), lost)
        .ifPresent(text -> metadata.put(Remembered.METADATA, text));
    metadata.putIfAbsent("format", "pt");
    return metadata;
  }
}
