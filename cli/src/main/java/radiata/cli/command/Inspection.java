package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.safetensors.torch.TorchFile;

/// A file or folder, opened to find out what it is. Whoever opens it closes it.
///
/// @param model its tensors
/// @param table the names of its modules, as far as it is a checkpoint
/// @param adapter its modules; also there for a file of unknown keys, null for other kinds
record Inspection(
    Path path, Kind kind, Checkpoint model, NameTable table, @Nullable AdapterFile adapter)
    implements AutoCloseable {
  /// What a file is for.
  enum Kind {
    ADAPTER,
    CHECKPOINT,
    EMBEDDING,
    UNKNOWN;

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// @param adapterName which of several named adapters of a PEFT file; null where there is only
  ///   one
  /// @throws AdapterException if it is a broken adapter
  static Inspection open(Path path, @Nullable String adapterName) throws IOException {
    Checkpoint model = Models.open(path);
    AdapterFile adapter = null;
    try {
      adapter = adapter(path, model, adapterName);
      NameTable table = Models.names(model);
      Kind kind = kind(model, table, adapter);
      if (adapter != null && kind != Kind.ADAPTER && kind != Kind.UNKNOWN) {
        adapter.close();
        adapter = null;
      }
      return new Inspection(path, kind, model, table, adapter);
    } catch (Throwable e) {
      close(adapter, e);
      close(model, e);
      throw e;
    }
  }

  private static void close(@Nullable AutoCloseable opened, Throwable why) {
    try {
      if (opened != null) {
        opened.close();
      }
    } catch (Exception e) {
      why.addSuppressed(e);
    }
  }

  private static @Nullable AdapterFile adapter(
      Path path, Checkpoint model, @Nullable String adapterName) throws IOException {
    if (model.layout() != Layout.FILE) {
      return null;
    }
    Path weights = model.parts().getFirst().file().path();
    boolean inPeftFolder = Files.isDirectory(path) && Models.isPeftWeights(weights);
    try {
      return AdapterFile.open(inPeftFolder ? path : weights, Limits.DEFAULT, adapterName);
    } catch (AdapterException e) {
      boolean broken =
          !Embeddings.isEmbedding(model)
              && (e.tensor() != null
                  || model.tensors().stream().anyMatch(stored -> stored.name().contains("lora_")));
      if (broken) {
        throw e;
      }
      return null;
    }
  }

  private static Kind kind(Checkpoint model, NameTable table, @Nullable AdapterFile adapter) {
    boolean hasModules =
        adapter != null
            && !(adapter.modules().isEmpty()
                && adapter.unsupported().isEmpty()
                && adapter.misfits().isEmpty());
    if (hasModules) {
      return Kind.ADAPTER;
    }
    if (Embeddings.isEmbedding(model)) {
      return Kind.EMBEDDING;
    }
    // Any layer looks like a module of an unknown family: then it counts that it is no adapter.
    boolean isModel =
        adapter == null ? CheckpointParts.isModel(model, table) : table.family() != Family.GENERIC;
    return isModel ? Kind.CHECKPOINT : Kind.UNKNOWN;
  }

  /// `safetensors`, `torch-zip`, `torch-legacy`, `sharded` or `folder`.
  String container() {
    if (Files.isDirectory(path)) {
      return model.layout() == Layout.SHARDED ? "sharded" : "folder";
    }
    if (model.layout() != Layout.FILE) {
      return "sharded";
    }
    return switch (model.parts().getFirst().file()) {
      case TorchFile torch when torch.format() == TorchFile.Format.ZIP -> "torch-zip";
      case TorchFile _ -> "torch-legacy";
      case TensorFile _ -> "safetensors";
    };
  }

  /// What the torch files hold beside their tensors, a phrase each.
  List<String> leftOut() {
    return model.parts().stream()
        .flatMap(part ->
            part.file() instanceof TorchFile torch ? torch.leftOut().stream() : Stream.empty())
        .toList();
  }

  List<Stored> tensors() {
    return model.tensors();
  }

  long parameters() {
    return tensors().stream().mapToLong(stored -> stored.info().shape().elements()).sum();
  }

  /// The bytes of all tensors, headers not counted.
  long bytes() {
    return tensors().stream().mapToLong(stored -> stored.info().bytes()).sum();
  }

  /// How many tensors there are of each type.
  Map<DType, Integer> dtypes() {
    Map<DType, Integer> counts = new EnumMap<>(DType.class);
    tensors().forEach(stored -> counts.merge(stored.info().dtype(), 1, Integer::sum));
    return counts;
  }

  @Override
  public void close() throws IOException {
    try (model) {
      if (adapter != null) {
        adapter.close();
      }
    }
  }
}
