package radiata.cli.report;

import java.io.PrintStream;
import java.util.function.IntSupplier;

/// How far a long piece of work has come: on a terminal one line that is redrawn, with rate and
/// time left; elsewhere a line for every tenth. Safe for use by several threads.
public final class Progress implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000;

  /// What is over within a second needs no progress.
  private static final long GRACE_NANOS = 1_000_000_000;

  private final PrintStream err;
  private final String what;
  private final long total;
  private final boolean silent;
  private final boolean redraws;
  private final IntSupplier width;
  private final long start = System.nanoTime();
  private long done;
  private long drawn;
  private int tenths;
  private boolean open;

  Progress(
      PrintStream err,
      String what,
      long total,
      boolean silent,
      boolean redraws,
      IntSupplier width) {
    this.err = err;
    this.what = what;
    this.total = total;
    this.silent = silent;
    this.redraws = redraws;
    this.width = width;
  }

  /// Counts `bytes` more as done.
  public synchronized void add(long bytes) {
    done += bytes;
    long now = System.nanoTime();
    if (silent || total <= 0 || now - start < GRACE_NANOS) {
      return;
    }
    if (redraws) {
      if (now - drawn >= REDRAW_NANOS) {
        drawn = now;
        draw();
      }
    } else {
      int reached = (int) Math.min(10, done / Math.max(1, total / 10));
      if (reached > tenths) {
        tenths = reached;
        err.print(
            "%s: %d %%, %s%n".formatted(what, reached * 10, Sizes.bytes(done)).replace("\r", ""));
      }
    }
  }

  private void draw() {
    double seconds = Math.max(1e-3, (System.nanoTime() - start) / 1e9);
    long rate = (long) (done / seconds);
    long left = rate == 0 ? 0 : Math.max(0, total - done) / rate;
    String line =
        "%s  %3d %%  %s of %s  %s/s  %s left"
            .formatted(
                what,
                Math.min(100, 100 * done / total),
                Sizes.bytes(done),
                Sizes.bytes(total),
                Sizes.bytes(rate),
                Sizes.duration(left));
    err.print("\r\u001b[K" + Text.cut(line, width.getAsInt() - 1));
    err.flush();
    open = true;
  }

  /// Takes the line off the terminal, so that what follows starts clean.
  @Override
  public synchronized void close() {
    if (open) {
      err.print("\r\u001b[K");
      err.flush();
      open = false;
    }
  }
}
