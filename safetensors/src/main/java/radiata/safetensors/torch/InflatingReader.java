package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.FileBytes;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;

/// Reads a deflated entry from any position. Going on where the last read ended costs nothing more;
/// going back starts from the beginning. Never more than the declared size comes out, and never
/// more than a few KB are held.
final class InflatingReader implements AutoCloseable {
  private static final int CHUNK = 1 << 14;

  private final Path path;
  private final FileBytes file;
  private final ZipEntry entry;
  private @Nullable Inflater inflater;
  private long taken;
  private long given;

  InflatingReader(Path path, FileBytes file, ZipEntry entry) {
    this.path = path;
    this.file = file;
    this.entry = entry;
  }

  /// @throws SafetensorsException if the stream is damaged, or holds more or less than the archive
  ///   says
  synchronized void read(long offset, MemorySegment into) throws IOException {
    if (inflater == null || offset < given) {
      restart();
    }
    MemorySegment waste = MemorySegment.ofArray(new byte[CHUNK]);
    while (given < offset) {
      inflate(waste.asSlice(0, Math.min(CHUNK, offset - given)));
    }
    for (long at = 0; at < into.byteSize(); at += CHUNK) {
      inflate(into.asSlice(at, Math.min(CHUNK, into.byteSize() - at)));
    }
    if (given == entry.bytes()) {
      requireEnd();
    }
  }

  private void restart() {
    close();
    inflater = new Inflater(true);
    taken = 0;
    given = 0;
  }

  private void inflate(MemorySegment into) throws IOException {
    ByteBuffer buffer = into.asByteBuffer();
    while (buffer.hasRemaining()) {
      int made = inflate(buffer);
      if (made == 0) {
        throw broken("it ends after %,d of %,d bytes".formatted(given, entry.bytes()));
      }
      given += made;
    }
  }

  /// Whether the stream ends where the archive says that it does.
  private void requireEnd() throws IOException {
    if (inflate(ByteBuffer.allocate(1)) != 0) {
      throw broken("it holds more than %,d bytes".formatted(entry.bytes()));
    }
    close();
  }

  /// @return how many bytes were made; 0 at the end of the stream
  private int inflate(ByteBuffer into) throws IOException {
    Inflater used = inflater;
    if (used == null) {
      return 0;
    }
    try {
      while (true) {
        int made = used.inflate(into);
        if (made > 0 || used.finished() || used.needsDictionary()) {
          return made;
        }
        if (used.needsInput()) {
          int length = (int) Math.min(CHUNK, entry.packed() - taken);
          if (length == 0) {
            return 0;
          }
          byte[] chunk = new byte[length];
          file.read(entry.data() + taken, MemorySegment.ofArray(chunk));
          used.setInput(chunk);
          taken += length;
        }
      }
    } catch (DataFormatException e) {
      throw broken("the compressed data are damaged");
    }
  }

  private SafetensorsException broken(String what) {
    return ZipTail.broken(
        path, entry.data(), "entry %s: %s".formatted(Quoted.of(entry.name()), what));
  }

  @Override
  public synchronized void close() {
    if (inflater != null) {
      inflater.end();
      inflater = null;
    }
  }
}
