package radiata.safetensors;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Has the system put on the disk what has been written so far while the rest is still being
/// computed, so that the last wait for the disk is short.
final class WriteAhead {
  private static final long STEP = 512L << 20;

  private final FileChannel channel;
  private long waiting;
  private boolean stopped;
  private CompletableFuture<Void> running = CompletableFuture.completedFuture(null);

  WriteAhead(FileChannel channel) {
    this.channel = channel;
  }

  synchronized void written(long bytes) {
    waiting += bytes;
    if (waiting >= STEP && !stopped && running.isDone() && !running.isCompletedExceptionally()) {
      waiting = 0;
      running = CompletableFuture.runAsync(this::force);
    }
  }

  private void force() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  /// Waits for what is under way. The system tells of a failed write once: what it has told here is
  /// told on.
  void finish() throws IOException {
    try {
      stop();
      last().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException failed) {
        throw failed;
      }
      throw e;
    }
  }

  /// Begins nothing more.
  synchronized void stop() {
    stopped = true;
  }

  private synchronized CompletableFuture<Void> last() {
    return running;
  }
}
