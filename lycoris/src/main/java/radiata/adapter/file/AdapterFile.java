package radiata.adapter.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.names.Dialect;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// An open adapter file: its keys grouped by module, the algorithm of each decided from the keys.
/// Of the data only scalars of up to eight bytes have been read. Whoever opens it closes it.
public final class AdapterFile implements AutoCloseable {
  private AdapterFile() {}

  /// @param adapterName which of several named adapters of a PEFT file; null where there is only
  ///   one
  /// @throws AdapterException if this is no adapter, or a broken one
  public static AdapterFile open(Path path, Limits limits, @Nullable String adapterName)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  public Path path() {
    throw new UnsupportedOperationException();
  }

  public TensorFile file() {
    throw new UnsupportedOperationException();
  }

  public Map<String, String> metadata() {
    throw new UnsupportedOperationException();
  }

  public Dialect dialect() {
    throw new UnsupportedOperationException();
  }

  /// Who wrote it: lycoris, sd-scripts, diffusers, peft, onetrainer, ai-toolkit, simpletuner,
  /// comfyui, radiata, unknown.
  public String writer() {
    throw new UnsupportedOperationException();
  }

  /// Why we think so.
  public List<String> because() {
    throw new UnsupportedOperationException();
  }

  public List<AdapterModule> modules() {
    throw new UnsupportedOperationException();
  }

  /// Tensors that are no part of any layer and that every runtime ignores: `bundle_emb.*`.
  public List<TensorInfo> ignored() {
    throw new UnsupportedOperationException();
  }

  /// Tensors whose keys nobody knows.
  public List<TensorInfo> unrecognised() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() throws IOException {}
}
