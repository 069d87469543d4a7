package radiata.adapter.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import radiata.names.Dialect;
import radiata.names.Families;
import radiata.names.Family;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// An open adapter file: its keys grouped by module, the algorithm of each decided from the keys.
/// Of the data only scalars of up to eight bytes, and the few of a `reshape_weight`, have been
/// read. Whoever opens it closes it.
///
/// Every tensor of the file is in exactly one of [#modules], [#unsupported], [#misfits], [#ignored]
/// and [#unrecognised].
public final class AdapterFile implements AutoCloseable {
  /// The names that PEFT gives the weights in its folder, the first of them when it writes.
  public static final List<String> PEFT_WEIGHTS =
      List.of("adapter_model.safetensors", "adapter_model.bin");

  /// The file of PEFT's settings.
  public static final String CONFIG = "adapter_config.json";

  /// The key of the metadata under which diffusers keeps PEFT's settings.
  public static final String SETTINGS = "lora_adapter_metadata";

  private final TensorFile file;
  private final @Nullable Path config;
  private final @Nullable String adapterName;
  private final Dialect dialect;
  private final String writer;
  private final List<String> because;
  private final List<AdapterModule> modules;
  private final List<Unsupported> unsupported;
  private final List<Misfit> misfits;
  private final List<TensorInfo> ignored;
  private final List<TensorInfo> unrecognised;

  private AdapterFile(TensorFile file, @Nullable Path config, @Nullable String adapterName)
      throws IOException {
    this.file = file;
    this.config = config;
    this.adapterName = adapterName;
    Grouping grouping = Grouping.of(file, adapterName);
    Matcher matcher = new Matcher(file, Settings.of(file, config));
    List<AdapterModule> read = new ArrayList<>();
    List<Unsupported> known = new ArrayList<>();
    List<Misfit> broken = new ArrayList<>();
    List<TensorInfo> unknown = new ArrayList<>(grouping.unknown());
    List<String> reasons = new ArrayList<>();
    for (Group group : grouping.groups()) {
      switch (matcher.match(group)) {
        case Match.Read(List<AdapterModule> parts) -> read.addAll(parts);
        case Match.Known(Unsupported module) -> known.add(module);
        case Match.Broken(Misfit module) -> broken.add(module);
        case Match.Unknown(List<TensorInfo> tensors) -> unknown.addAll(tensors);
      }
    }
    this.modules = List.copyOf(read);
    this.unsupported = List.copyOf(known);
    this.misfits = List.copyOf(broken);
    this.ignored = List.copyOf(grouping.ignored());
    this.unrecognised = List.copyOf(unknown);
    boolean isEmpty = modules.isEmpty() && unsupported.isEmpty() && misfits.isEmpty();
    if (isEmpty) {
      OtherFile.refuse(file);
    }
    Origin origin =
        Origin.of(
            file, config != null, Files.exists(file.path().resolveSibling("lycoris_config.json")));
    Dialects dialects = Dialects.of(keys(), origin.writer());
    this.dialect = dialects.dialect();
    this.writer = origin.writer();
    if (!isEmpty) {
      reasons.add(dialects.because());
    }
    reasons.add(origin.because());
    reasons.addAll(grouping.because());
    OtherFile.positions(unknown).ifPresent(reasons::add);
    if (config == null
        && dialect == Dialect.PEFT
        && modules.stream().anyMatch(m -> m.alpha().isEmpty())) {
      reasons.add(
          "PEFT keeps alpha in %s, which is not beside the file: the scale is taken as 1"
              .formatted(CONFIG));
    }
    this.because = List.copyOf(reasons);
  }

  /// Opens a `.safetensors` or torch file, or a PEFT folder with `adapter_model.safetensors` or
  /// `adapter_model.bin`, and `adapter_config.json`. A PEFT file given by name takes
  /// `<stem>_config.json` or `adapter_config.json` beside it.
  ///
  /// @param adapterName which of several named adapters of a PEFT file; null where there is only
  ///   one
  /// @throws AdapterException if this is no adapter, or a broken one
  /// @throws radiata.safetensors.SafetensorsException if the file is no sound file of tensors
  public static AdapterFile open(Path path, Limits limits, @Nullable String adapterName)
      throws IOException {
    if (Files.isDirectory(path)) {
      Path weights =
          PEFT_WEIGHTS.stream()
              .map(path::resolve)
              .filter(Files::exists)
              .findFirst()
              .orElseThrow(() -> OtherFile.folder(path));
      Path config = path.resolve(CONFIG);
      if (!Files.exists(config)) {
        throw new AdapterException(
            path, null, "holds %s but no %s".formatted(weights.getFileName(), CONFIG));
      }
      return of(TensorFile.open(weights, limits), config, adapterName);
    }
    TensorFile file = TensorFile.open(path, limits);
    return of(file, configBeside(file), adapterName);
  }

  /// Opens weights whose PEFT settings lie elsewhere.
  ///
  /// @throws AdapterException if this is no adapter, or a broken one
  public static AdapterFile open(Path weights, Path config, Limits limits) throws IOException {
    return of(TensorFile.open(weights, limits), config, null);
  }

  /// The adapter in a file that is open, whatever its container. It is closed together with it.
  ///
  /// @throws AdapterException if this is no adapter, or a broken one
  public static AdapterFile in(TensorFile file) throws IOException {
    return of(file, null, null);
  }

  private static AdapterFile of(
      TensorFile file, @Nullable Path config, @Nullable String adapterName) throws IOException {
    try {
      return new AdapterFile(file, config, adapterName);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  private static @Nullable Path configBeside(TensorFile file) {
    if (file.tensors().stream().noneMatch(each -> each.name().startsWith(Dialect.PEFT_PREFIX))) {
      return null;
    }
    String name = String.valueOf(file.path().getFileName());
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    return Stream.of(stem + "_config.json", CONFIG)
        .map(file.path()::resolveSibling)
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(null);
  }

  /// The names of the tensors that belong to a module.
  private List<String> keys() {
    return Stream.of(
            modules.stream().map(AdapterModule::tensors),
            unsupported.stream().map(Unsupported::tensors),
            misfits.stream().map(Misfit::tensors))
        .flatMap(all -> all)
        .flatMap(List::stream)
        .map(TensorInfo::name)
        .toList();
  }

  /// The file of the tensors; in a PEFT folder the one inside it.
  public Path path() {
    return file.path();
  }

  public TensorFile file() {
    return file;
  }

  /// The configuration that was read with it: that of PEFT.
  public Optional<Path> config() {
    return Optional.ofNullable(config);
  }

  /// Which of several named adapters of the file this is, where one was asked for.
  public Optional<String> adapterName() {
    return Optional.ofNullable(adapterName);
  }

  public Map<String, String> metadata() {
    return file.metadata();
  }

  public Dialect dialect() {
    return dialect;
  }

  /// The family of models that its names and shapes tell.
  public Family family() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (AdapterModule module : modules) {
      shapes.merge(module.name(), module.madeFor(), (weight, bias) -> weight);
    }
    unsupported.forEach(module -> shapes.putIfAbsent(module.name(), Shape.SCALAR));
    misfits.forEach(module -> shapes.putIfAbsent(module.name(), Shape.SCALAR));
    return Families.guess(shapes.keySet(), name -> shapes.getOrDefault(name, Shape.SCALAR));
  }

  /// Who wrote it: lycoris, sd-scripts, diffusers, peft, onetrainer, ai-toolkit, simpletuner,
  /// comfyui, radiata, unknown.
  public String writer() {
    return writer;
  }

  /// Why we think so, and what else was noticed.
  public List<String> because() {
    return because;
  }

  public List<AdapterModule> modules() {
    return modules;
  }

  /// Modules of algorithms that are known by their keys, but not computed.
  public List<Unsupported> unsupported() {
    return unsupported;
  }

  /// Modules whose factors do not multiply.
  public List<Misfit> misfits() {
    return misfits;
  }

  /// Tensors that are no part of any layer and that every runtime ignores: `bundle_emb.*`; and the
  /// tensors of named adapters that were not chosen.
  public List<TensorInfo> ignored() {
    return ignored;
  }

  /// Tensors whose keys nobody knows, or that lack the rest of their module.
  public List<TensorInfo> unrecognised() {
    return unrecognised;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
