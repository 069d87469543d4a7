package radiata.train.replay;

import java.io.IOException;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.train.engine.Torch;
import radiata.train.nn.TensorReader;

/// The files of a recorded run, open.
///
/// @param base the model
/// @param inputs what every step or part was given
/// @param expected what the program computed
record PackFiles(Checkpoint base, TensorFile inputs, TensorFile expected) implements AutoCloseable {
  static PackFiles open(Pack pack) throws IOException {
    Checkpoint base = Checkpoint.open(pack.base(), Limits.DEFAULT);
    try {
      TensorFile inputs = open(pack, "inputs.safetensors");
      try {
        return new PackFiles(base, inputs, open(pack, "expected.safetensors"));
      } catch (Throwable e) {
        inputs.close();
        throw e;
      }
    } catch (Throwable e) {
      base.close();
      throw e;
    }
  }

  private static TensorFile open(Pack pack, String name) throws IOException {
    return TensorFile.open(pack.folder().resolve(name), Limits.DEFAULT);
  }

  /// The adapter before the first step.
  static AdapterFile first(Pack pack) throws IOException {
    return AdapterFile.open(
        pack.folder().resolve("initial_adapter.safetensors"), Limits.DEFAULT, null);
  }

  /// @param dtype that everything runs in
  Given given(Torch torch, DType dtype) {
    return new Given(new TensorReader(torch, inputs), dtype);
  }

  /// Compares with what was computed.
  Comparison comparison(Pack pack, Torch torch) {
    return new Comparison(pack, new Given(new TensorReader(torch, expected), DType.F64));
  }

  @Override
  public void close() throws IOException {
    try (base;
        inputs) {
      expected.close();
    }
  }
}
