package radiata.pipeline;

import java.util.concurrent.Semaphore;

/// A bound on the memory that workers hold together. A piece of work larger than all of it runs alone.
public final class Budget {
  private static final int UNIT = 1 << 16;

  private final int units;
  private final Semaphore free;

  public Budget(long bytes) {
    this.units = (int) Math.max(1, Math.min(Integer.MAX_VALUE, bytes / UNIT));
    this.free = new Semaphore(units, true);
  }

  /// What is held until it is closed.
  public interface Share extends AutoCloseable {
    @Override
    void close();
  }

  /// Waits until that much is free.
  public Share take(long bytes) {
    int wanted = (int) Math.min(units, bytes / UNIT + 1);
    free.acquireUninterruptibly(wanted);
    return () -> free.release(wanted);
  }
}
