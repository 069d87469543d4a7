package radiata.safetensors;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// A hidden place beside a target, `.NAME.radiata-XXXXXXXX.tmp`, where an output is built, and the
/// step that puts it under its name. Beside it lies a `.lock` that its process keeps locked: what a
/// killed process left is swept by the next output of the same name, what a living one holds is
/// not. A JVM that is told to end (SIGINT, SIGTERM) removes its own.
final class TempPlace implements AutoCloseable {
  private static final int LONGEST_NAME = 220;
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
  private static final Set<TempPlace> OPEN = ConcurrentHashMap.newKeySet();
  private static boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(TempPlace::end));
  }

  private final Path target;
  private final Path lock;
  private final FileChannel held;
  private boolean closed;

  private TempPlace(Path target, Path lock, FileChannel held) {
    this.target = target;
    this.lock = lock;
    this.held = held;
    OPEN.add(this);
  }

  /// Sweeps what dead processes left for `target`, and takes a new place. Nothing is at [#path]
  /// yet.
  ///
  /// @param target with links resolved: one place must not have two names here
  static TempPlace beside(Path target) throws IOException {
    String prefix = prefix(target);
    sweep(target, prefix);
    return take(target, prefix);
  }

  /// Either the place is among the open ones before [#end] looks at them, or it is not taken.
  private static synchronized TempPlace take(Path target, String prefix) throws IOException {
    while (!ending) {
      String id = "%08x".formatted(ThreadLocalRandom.current().nextInt());
      Path lock = target.resolveSibling(prefix + id + ".lock");
      HELD.add(lock);
      FileChannel channel;
      try {
        channel = FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        continue;
      } catch (Throwable e) {
        HELD.remove(lock);
        throw e;
      }
      if (locked(channel)) {
        return new TempPlace(target, lock, channel);
      }
      channel.close();
    }
    throw new IOException("the program is ending");
  }

  private static void end() {
    synchronized (TempPlace.class) {
      ending = true;
    }
    OPEN.forEach(TempPlace::abandon);
  }

  /// False if a sweep of another process was faster. A file system without locks sweeps nothing.
  private static boolean locked(FileChannel channel) {
    try {
      return channel.tryLock() != null;
    } catch (IOException e) {
      return true;
    }
  }

  private static String prefix(Path target) {
    String name = String.valueOf(target.getFileName());
    boolean fits = name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NAME;
    return "." + (fits ? name : "%08x".formatted(name.hashCode())) + ".radiata-";
  }

  private static void sweep(Path target, String prefix) throws IOException {
    Pattern ours = Pattern.compile(Pattern.quote(prefix) + "[0-9a-f]{8}\\.lock");
    Path folder = target.toAbsolutePath().resolveSibling("");
    try (DirectoryStream<Path> locks =
        Files.newDirectoryStream(
            folder, path -> ours.matcher(String.valueOf(path.getFileName())).matches())) {
      for (Path lock : locks) {
        sweepOne(target, lock);
      }
    }
  }

  /// A lock of this very process must not even be opened: closing it would give it up (POSIX).
  private static void sweepOne(Path target, Path lock) {
    if (HELD.contains(lock)) {
      return;
    }
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        FileLock taken = channel.tryLock()) {
      if (taken != null) {
        clear(target, lock);
      }
    } catch (IOException | OverlappingFileLockException e) {
      // Another user's, or gone already: not ours to remove, and in nobody's way.
      return;
    }
  }

  private static void clear(Path target, Path lock) throws IOException {
    Path old = sibling(lock, ".old");
    if (Files.exists(old, LinkOption.NOFOLLOW_LINKS) && !Files.exists(target)) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
    }
    Disk.delete(old);
    Disk.delete(sibling(lock, ".tmp"));
    Files.deleteIfExists(lock);
  }

  private static Path sibling(Path lock, String extension) {
    String name = String.valueOf(lock.getFileName());
    return lock.resolveSibling(name.substring(0, name.lastIndexOf('.')) + extension);
  }

  /// Where the output is built.
  Path path() {
    return sibling(lock, ".tmp");
  }

  /// What creates the files of an output.
  @FunctionalInterface
  interface Beginning {
    void begin() throws IOException;
  }

  /// Creates the files at [#path], unless the place has been given up; until they are there, it
  /// cannot be.
  synchronized void begin(Beginning files) throws IOException {
    requireOpen();
    files.begin();
  }

  /// Puts the finished file under its name. Without `replace` a hard link does it, which fails if
  /// something has turned up there since; a file system without hard links is asked first.
  synchronized void publishFile(boolean replace) throws IOException {
    requireOpen();
    if (!replace && linked()) {
      return;
    }
    if (!replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
  }

  private boolean linked() throws IOException {
    try {
      Files.createLink(target, path());
      return true;
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      return false;
    }
  }

  /// Puts the finished folder under its name. An old one changes places with it in one step, where
  /// the system can do that.
  synchronized void publishFolder(boolean replace) throws IOException {
    requireOpen();
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
    } else if (!replace) {
      throw new FileAlreadyExistsException(target.toString());
    } else if (!Exchange.swap(path(), target)) {
      replaceInTwoSteps();
    }
  }

  /// The old folder steps aside first; [#beside] brings it back if the process dies before the
  /// second step.
  synchronized void replaceInTwoSteps() throws IOException {
    Files.move(target, sibling(lock, ".old"), StandardCopyOption.ATOMIC_MOVE);
    Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
  }

  private void requireOpen() throws IOException {
    if (closed) {
      throw new IOException("the output was given up");
    }
  }

  /// Removes what is left: an unfinished output, or the old folder of a finished one.
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      clear(target, lock);
    } finally {
      held.close();
      HELD.remove(lock);
      OPEN.remove(this);
    }
  }

  private void abandon() {
    try {
      close();
    } catch (IOException e) {
      // The JVM ends; the next output of this name sweeps.
      return;
    }
  }
}
