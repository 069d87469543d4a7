package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// The bytes of a regular file, read by position from any thread. Reads go in chunks, since a
/// request beyond 2 GB cannot be made and a large one into the heap costs a buffer of its size. A
/// thread that is interrupted while it reads closes the channel under all others (a rule of
/// [FileChannel]): they open it again and go on.
public final class FileBytes implements AutoCloseable {
  private static final int CHUNK = 8 << 20;
  private static final int HEAP_CHUNK = 1 << 20;

  private final Path path;
  private final long size;
  private final @Nullable Object identity;
  private volatile FileChannel channel;
  private volatile boolean closed;

  private FileBytes(Path path, BasicFileAttributes found, FileChannel channel) {
    this.path = path;
    this.size = found.size();
    this.identity = found.fileKey();
    this.channel = channel;
  }

  /// Opens a regular file. A pipe would block whoever opens it, so the kind of file is asked for
  /// before.
  ///
  /// @throws SafetensorsException if there is no regular file of that name
  public static FileBytes open(Path path) throws IOException {
    BasicFileAttributes found = regular(path);
    return new FileBytes(path, found, FileChannel.open(path, StandardOpenOption.READ));
  }

  static BasicFileAttributes regular(Path path) throws IOException {
    BasicFileAttributes found;
    try {
      found = Files.readAttributes(path, BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      throw notAFile(path, "there is no such file");
    }
    if (found.isDirectory()) {
      throw notAFile(path, "a folder, where a file is expected");
    }
    if (!found.isRegularFile()) {
      throw notAFile(path, "a pipe, device or socket, where a regular file is expected");
    }
    return found;
  }

  private static SafetensorsException notAFile(Path path, String what) {
    return new SafetensorsException(Kind.NOT_A_FILE, path, null, what);
  }

  public Path path() {
    return path;
  }

  /// The length of the file when it was opened.
  public long size() {
    return size;
  }

  /// Fills `into` from byte `position` of the file on.
  public void read(long position, MemorySegment into) throws IOException {
    if (into.isNative()) {
      readNative(position, into);
      return;
    }
    long length = into.byteSize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(Math.min(length, HEAP_CHUNK));
      for (long done = 0; done < length; done += HEAP_CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(HEAP_CHUNK, length - done));
        readNative(position + done, part);
        MemorySegment.copy(part, 0, into, done, part.byteSize());
      }
    }
  }

  private void readNative(long position, MemorySegment into) throws IOException {
    long length = into.byteSize();
    for (long done = 0; done < length; done += CHUNK) {
      ByteBuffer buffer = into.asSlice(done, Math.min(CHUNK, length - done)).asByteBuffer();
      while (buffer.hasRemaining()) {
        readSome(buffer, position + done + buffer.position());
      }
    }
  }

  private void readSome(ByteBuffer buffer, long position) throws IOException {
    FileChannel used = channel;
    try {
      if (used.read(buffer, position) < 0) {
        throw changed("cut short to %,d bytes from %,d".formatted(position, size));
      }
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (ClosedChannelException e) {
      reopen(used, e);
    }
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException why)
      throws IOException {
    if (closed) {
      throw why;
    }
    if (!channel.equals(broken)) {
      return;
    }
    BasicFileAttributes found = regular(path);
    if (found.size() != size || !Objects.equals(found.fileKey(), identity)) {
      throw changed("replaced by another");
    }
    channel = FileChannel.open(path, StandardOpenOption.READ);
  }

  /// The bytes from `position` on as memory that the system reads when it is touched. A file that
  /// is cut short while it is mapped kills the reader of the lost pages with an error of the
  /// machine; [#read] gives an exception.
  public MemorySegment map(long position, long length, Arena arena) throws IOException {
    while (true) {
      FileChannel used = channel;
      try {
        if (used.size() < position + length) {
          throw changed("cut short to %,d bytes from %,d".formatted(used.size(), size));
        }
        return used.map(FileChannel.MapMode.READ_ONLY, position, length, arena);
      } catch (ClosedByInterruptException e) {
        throw e;
      } catch (ClosedChannelException e) {
        reopen(used, e);
      }
    }
  }

  private SafetensorsException changed(String how) {
    return new SafetensorsException(
        Kind.CHANGED, path, null, "the file was " + how + " while it was open");
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }
}
