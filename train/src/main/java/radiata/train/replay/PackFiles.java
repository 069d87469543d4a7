package radiata.train.replay;

import java.io.IOException;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;

/// The files of a recorded training run, open.
///
/// @param base the model
/// @param inputs what every step was given
/// @param expected what the program computed
/// @param first the adapter before the first step
record PackFiles(Checkpoint base, TensorFile inputs, TensorFile expected, AdapterFile first)
    implements AutoCloseable {
  static PackFiles open(Pack pack) throws IOException {
    Checkpoint base = Checkpoint.open(pack.base(), Limits.DEFAULT);
    try {
      TensorFile inputs = open(pack, "inputs.safetensors");
      try {
        TensorFile expected = open(pack, "expected.safetensors");
        try {
          return new PackFiles(
              base,
              inputs,
              expected,
              AdapterFile.open(
                  pack.folder().resolve("initial_adapter.safetensors"), Limits.DEFAULT, null));
        } catch (Throwable e) {
          expected.close();
          throw e;
        }
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

  @Override
  public void close() throws IOException {
    try (base;
        inputs;
        expected) {
      first.close();
    }
  }
}
