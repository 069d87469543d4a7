package radiata.cli.demo;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Where the demonstration writes: a folder that stays, or one that is removed when this is closed
/// and also when the program is interrupted.
public final class DemoFolder implements AutoCloseable {
  private static final int ATTEMPTS = 20;
  private static final long PAUSE_NANOS = 50_000_000;

  private final Path path;
  private final @Nullable Thread removal;

  private DemoFolder(Path path, @Nullable Thread removal) {
    this.path = path;
    this.removal = removal;
  }

  /// A folder that stays, made if there is none.
  public static DemoFolder kept(Path path) throws IOException {
    return new DemoFolder(Files.createDirectories(path), null);
  }

  public static DemoFolder passing() throws IOException {
    Path path = Files.createTempDirectory("radiata-demo-");
    Thread removal = new Thread(() -> insist(path));
    Runtime.getRuntime().addShutdownHook(removal);
    return new DemoFolder(path, removal);
  }

  public Path file(String name) {
    return path.resolve(name);
  }

  public boolean stays() {
    return removal == null;
  }

  @Override
  public void close() throws IOException {
    if (removal != null) {
      remove(path);
      Runtime.getRuntime().removeShutdownHook(removal);
    }
  }

  /// Removes what others may still be writing to or removing from, as the program is being ended.
  private static void insist(Path folder) {
    for (int attempt = 0; attempt < ATTEMPTS && Files.exists(folder); attempt++) {
      try {
        remove(folder);
      } catch (IOException e) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failed) throws IOException {
            if (failed instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failed;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path left, @Nullable IOException failed)
              throws IOException {
            if (failed != null) {
              throw failed;
            }
            Files.deleteIfExists(left);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
