package radiata.train.engine;

import ai.djl.pytorch.jni.Libtorch;

/// The thread's gradient mode. A new thread records; here nothing is recorded but inside
/// [#record()].
public final class Gradients {
  private Gradients() {}

  /// Puts the mode back that was there.
  public static final class Pause implements AutoCloseable {
    private final boolean before;

    private Pause(boolean on) {
      this.before = Libtorch.recording();
      Libtorch.record(on);
    }

    @Override
    public void close() {
      Libtorch.record(before);
    }
  }

  /// From here on what is computed remembers how, for a backward pass.
  public static Pause record() {
    return new Pause(true);
  }

  /// From here on nothing is remembered.
  public static Pause pause() {
    return new Pause(false);
  }

  public static boolean recording() {
    return Libtorch.recording();
  }
}
