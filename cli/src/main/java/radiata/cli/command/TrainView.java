package radiata.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import radiata.cli.report.Console;
import radiata.train.log.ProgressLine;
import radiata.train.run.RunListener;

/// Shows how a run goes, and ends it in good order when the process is asked to end.
final class TrainView implements RunListener, AutoCloseable {
  private static final long SECOND = 1_000_000_000;

  private final Console console;
  private final Interrupts interrupts;
  private volatile boolean stops;
  private @Nullable ProgressLine line;
  private int steps;
  private long shown;
  private String last = "";
  private @Nullable Path adapter;

  TrainView(Console console) {
    this.console = console;
    this.interrupts = Interrupts.first(() -> stops = true);
  }

  @Override
  public void starts(int done, int all, int epochs) {
    this.steps = all;
    this.line = new ProgressLine(all, epochs, now());
    if (done >= all) {
      console.note("all %d steps were made before".formatted(all));
    } else if (done > 0) {
      console.note("goes on after step %d".formatted(done));
    }
  }

  private static double now() {
    return System.nanoTime() / (double) SECOND;
  }

  @Override
  public void note(String what) {
    console.warn(what);
  }

  @Override
  public void after(int step, int epoch, double loss, double average) {
    ProgressLine progress = line;
    if (progress == null) {
      return;
    }
    last = progress.after(step, epoch, loss, average, now());
    // A line a second on a screen, a tenth of the way in a file.
    boolean due = step == 1 || step == steps || step % Math.max(1, steps / 20) == 0;
    if (due || System.nanoTime() - shown > 30 * SECOND) {
      shown = System.nanoTime();
      console.note(last);
    }
  }

  @Override
  public void saved(Path path) {
    adapter = path;
    console.note("wrote " + path);
  }

  @Override
  public boolean stops() {
    return stops;
  }

  void done() {
    Path path = adapter;
    if (path != null) {
      console.say("trained %s".formatted(path));
    }
  }

  @Override
  public void close() {
    interrupts.close();
  }
}
