package radiata.parity;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.function.LongConsumer;
import radiata.adapter.dialect.Content;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Converted;
import radiata.adapter.dialect.ConvertedFile;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.bake.Applied;
import radiata.bake.Decomposed;
import radiata.bake.ModelFiles;
import radiata.bake.Rendition;
import radiata.bake.Step;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.names.NameTable;
import radiata.names.Rows;
import radiata.pipeline.Budget;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// An adapter made anew so that ComfyUI bakes at strength 1 what the definition bakes of the
/// original. ComfyUI 0.3.64 divides an output-axis magnitude by the norm of W where the definition
/// divides by that of V = W + delta, so the file gets `m' = m (norm(W) + 2^-23) / norm(V)`, which
/// holds for this base alone. Magnitudes that it would not read, or scramble, get the key and the
/// shape that it reads; an alpha of 0 becomes the rank.
///
/// @param adapter the new adapter
/// @param rewritten the modules whose numbers, not only names or shapes, are new
/// @param check what ComfyUI makes of it, held against the definition of the original
public record ComfyExport(Converted adapter, List<String> rewritten, ParityReport check) {
  private static final Profile COMFYUI = Profiles.COMFYUI;

  /// Dialects whose names ComfyUI looks up (ComfyUI 0.3.64 `comfy/lora.py`), and which hold every
  /// algorithm.
  private static final List<Dialect> READ =
      List.of(Dialect.COMFYUI, Dialect.KOHYA_DIFFUSERS, Dialect.LYCORIS);

  /// Weights alive at once while a magnitude is worked out.
  private static final int LIVE = 6;

  private static final String KEY = "radiata.for";
  private static final String NOTE =
      "ComfyUI at strength 1, over the base it was made with: there it bakes what the original"
          + " bakes by definition; other strengths, bases and runtimes give something else";

  public ComfyExport {
    rewritten = List.copyOf(rewritten);
  }

  /// What the user allows.
  ///
  /// @param drop whether what the file form cannot hold is left out
  /// @param allowUnmatched whether modules that the base does not have are left out
  public record Request(boolean drop, boolean allowUnmatched) {}

  /// Makes the adapter, in memory but for its factors, and checks it.
  ///
  /// @param progress told of the bytes of every weight that the check has computed
  /// @throws radiata.adapter.file.AdapterException if the form of ComfyUI cannot hold the file
  /// @throws radiata.bake.BakeException if the adapter does not belong to this base
  public static ComfyExport of(
      Checkpoint base, AdapterFile file, Request request, int threads, LongConsumer progress)
      throws IOException {
    Converted renamed = renamed(file, ModelFiles.names(base), request.drop());
    SequencedMap<String, Content> tensors = new LinkedHashMap<>(renamed.tensors());
    List<String> rewritten = new ArrayList<>();
    try (AdapterFile made = AdapterFile.in(new ConvertedFile(file.path(), renamed))) {
      IdentityHashMap<AdapterModule, Content> magnitudes =
          magnitudes(base, made, request.allowUnmatched(), threads);
      for (AdapterModule module : made.modules()) {
        boolean scaled =
            rank(module).map(rank -> replace(module, "alpha", rank, tensors)).isPresent();
        flatten(module, tensors);
        Content magnitude = magnitudes.get(module);
        if (magnitude != null) {
          replace(module, Magnitude.DORA_SCALE.key(), magnitude, tensors);
        }
        if (scaled || magnitude instanceof Content.Computed) {
          rewritten.add(module.name());
        }
      }
    }
    Map<String, String> metadata = new LinkedHashMap<>(renamed.metadata());
    metadata.put(KEY, NOTE);
    Converted adapter =
        new Converted(
            renamed.dialect(),
            tensors,
            metadata,
            null,
            renamed.modules(),
            renamed.notes(),
            renamed.dropped());
    try (AdapterFile made = AdapterFile.in(new ConvertedFile(file.path(), adapter))) {
      ParityReport check =
          Parity.of(base, file, made, COMFYUI, request.allowUnmatched()).run(threads, progress);
      return new ComfyExport(adapter, rewritten, check);
    }
  }

  /// The adapter under names that ComfyUI reads, its own before others.
  private static Converted renamed(AdapterFile file, NameTable names, boolean drop)
      throws IOException {
    AdapterException first = null;
    for (Dialect dialect : READ) {
      try {
        return Conversion.of(file, names, new Conversion.Request(dialect, null, false));
      } catch (AdapterException e) {
        first = first == null ? e : first;
      }
    }
    if (drop || first == null) {
      return Conversion.of(file, names, new Conversion.Request(READ.getFirst(), null, true));
    }
    throw first;
  }

  private static Content replace(
      AdapterModule module, String part, Content by, Map<String, Content> tensors) {
    tensors.put(Objects.requireNonNull(module.parts().get(part)).name(), by);
    return by;
  }

  /// ComfyUI multiplies the factors of LoHa as matrices, also those that OneTrainer stores with a
  /// kernel.
  private static void flatten(AdapterModule module, Map<String, Content> tensors) {
    module
        .parts()
        .forEach((part, tensor) -> {
          Content content = Objects.requireNonNull(tensors.get(tensor.name()));
          if (part.startsWith("hada_w") && content.shape().rank() > 2) {
            tensors.put(tensor.name(), new Content.Shaped(content, content.shape().matrix()));
          }
        });
  }

  /// The rank in place of an alpha of 0, which stands for it by definition and for a scale of 0 in
  /// ComfyUI.
  private static Optional<Content> rank(AdapterModule module) {
    boolean zero =
        module.alpha().equals(OptionalDouble.of(0)) && module.parts().containsKey("alpha");
    boolean scaled =
        switch (module.algorithm()) {
          case LORA, LOHA, LOKR, GLORA -> true;
          case IA3, FULL, NORM, OFT, BOFT, TLORA, WHOLE -> false;
        };
    return zero && scaled && module.rank().isPresent()
        ? Optional.of(Content.Scalar.alpha(module.rank().getAsInt()))
        : Optional.empty();
  }

  /// The new magnitudes, where a module needs one.
  private static IdentityHashMap<AdapterModule, Content> magnitudes(
      Checkpoint base, AdapterFile made, boolean allowUnmatched, int threads) throws IOException {
    Rendition exact = Rendition.of(base, made, 1, Profiles.EXACT, allowUnmatched);
    Budget budget = Rendition.budget();
    List<List<Part>> parts =
        Workers.map(
            exact.changes(),
            threads,
            change -> {
              try (Budget.Share _ = budget.take(cost(change))) {
                return parts(change);
              }
            });
    IdentityHashMap<AdapterModule, double[]> values = new IdentityHashMap<>();
    IdentityHashMap<AdapterModule, Part> kinds = new IdentityHashMap<>();
    for (Part part : parts.stream().flatMap(List::stream).toList()) {
      kinds.put(part.module(), part);
      double[] all =
          values.computeIfAbsent(part.module(), _ -> new double[(int) part.shape().elements()]);
      part.into(all);
    }
    IdentityHashMap<AdapterModule, Content> magnitudes = new IdentityHashMap<>();
    kinds.forEach((module, part) -> {
      TensorInfo stored = Objects.requireNonNull(module.parts().get(Magnitude.DORA_SCALE.key()));
      Content old = new Content.Stored(made.file(), stored, part.shape());
      if (part.isNew()) {
        magnitudes.put(
            module,
            Content.Computed.of(
                Objects.requireNonNull(values.get(module)), DType.F32, part.shape()));
      } else if (!stored.shape().equals(part.shape())) {
        magnitudes.put(module, old);
      }
    });
    return magnitudes;
  }

  /// Doubles of the weights that are held at once.
  private static long cost(Step.Change change) {
    return change.applied().stream()
            .mapToLong(applied -> applied.whole().elements())
            .max()
            .orElse(0)
        * (LIVE * Double.BYTES);
  }

  private static List<Part> parts(Step.Change change) throws IOException {
    List<Part> parts = new ArrayList<>();
    for (Applied applied : change.applied()) {
      try (Arena arena = Arena.ofConfined()) {
        Doubles on = new Doubles(arena);
        Decomposed.of(change, applied, on)
            .ifPresent(module -> parts.add(Part.of(applied, module, on)));
      }
    }
    return parts;
  }

  /// The magnitude of a module, or of the outputs that one tensor of the base has.
  ///
  /// @param shape of the module's whole magnitude, with the dimensions of the weight
  /// @param start the first of the values' places in it
  /// @param isNew whether the values are others than the file's
  private record Part(
      AdapterModule module, Shape shape, long start, List<Double> values, boolean isNew) {
    static Part of(Applied applied, Decomposed at, Doubles on) {
      DoraAxis axis = at.dora().axis();
      Shape whole = along(axis, applied.whole());
      DoraAxis seen = COMFYUI.axis(axis, whole, applied.whole());
      double epsilon = COMFYUI.epsilon(DType.F32);
      DoubleTensor theirs =
          seen == DoraAxis.OUTPUT
              ? on.norm(at.weight(), seen, epsilon)
              : on.norm(at.moved(), seen, epsilon);
      DoubleTensor factor = on.ratio(theirs, on.norm(at.moved(), axis, 0), true);
      DoubleTensor magnitude = on.reshape(at.dora().magnitude(), along(axis, at.weight().shape()));
      DoubleTensor values = on.times(magnitude, factor);
      List<Double> list = new ArrayList<>();
      for (long i = 0; i < values.shape().elements(); i++) {
        list.add(values.at(i));
      }
      Rows rows = at.rows();
      return new Part(
          applied.module(),
          whole,
          axis == DoraAxis.OUTPUT ? rows.start() : 0,
          list,
          seen == DoraAxis.OUTPUT);
    }

    private static Shape along(DoraAxis axis, Shape weight) {
      long[] dims = new long[weight.rank()];
      Arrays.fill(dims, 1);
      int at = axis == DoraAxis.OUTPUT ? 0 : 1;
      dims[at] = weight.dim(at);
      return Shape.of(dims);
    }

    void into(double[] all) {
      for (int i = 0; i < values.size(); i++) {
        all[Math.toIntExact(start + i)] = values.get(i);
      }
    }
  }
}
