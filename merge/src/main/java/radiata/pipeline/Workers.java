package radiata.pipeline;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// The same work for many things on several threads.
public final class Workers {
  /// What is done with one thing.
  @FunctionalInterface
  public interface Task<T, R> {
    R of(T thing) throws IOException;
  }

  private Workers() {}

  /// The results, in the order of `things`. The first failure ends the work and is thrown.
  public static <T, R> List<R> map(List<T> things, int threads, Task<? super T, ? extends R> task)
      throws IOException {
    List<Future<R>> futures = new ArrayList<>(things.size());
    try (ExecutorService pool =
        Executors.newFixedThreadPool(Math.max(1, Math.min(threads, things.size())))) {
      try {
        for (T thing : things) {
          futures.add(pool.submit(() -> task.of(thing)));
        }
        List<R> results = new ArrayList<>(things.size());
        for (Future<R> future : futures) {
          results.add(future.get());
        }
        return results;
      } catch (ExecutionException e) {
        throw unwrapped(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } finally {
        // Tasks that have not begun are dropped; an interrupt would close the files they share.
        futures.forEach(future -> future.cancel(false));
      }
    }
  }

  private static RuntimeException unwrapped(Throwable cause) throws IOException {
    switch (cause) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(cause);
    }
  }
}
