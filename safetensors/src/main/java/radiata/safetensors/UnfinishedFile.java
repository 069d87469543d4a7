package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// A weight file while it is filled, from any thread and in any order. Its header is written first;
/// where checksums are taken, once more when they are known.
final class UnfinishedFile implements AutoCloseable {
  private static final int CHUNK = 8 << 20;

  /// What is copied through memory stays in the second-level cache, read and written.
  private static final int CACHED_CHUNK = 1 << 18;

  private final Path path;
  private final Path shown;
  private final Header header;
  private final FileChannel channel;
  private final Coverage coverage = new Coverage();
  private final WriteAhead ahead;
  private final @Nullable TensorSums sums;

  private UnfinishedFile(
      Path path, Path shown, Header header, FileChannel channel, boolean checksums) {
    this.path = path;
    this.shown = shown;
    this.header = header;
    this.channel = channel;
    this.ahead = new WriteAhead(channel);
    this.sums = checksums ? new TensorSums(header.tensors()) : null;
  }

  /// @param shown the name that errors give it
  /// @param checksums whether the CRC32C of every tensor is taken for [#seal]
  static UnfinishedFile create(Path path, Path shown, Header header, boolean checksums)
      throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    UnfinishedFile file = new UnfinishedFile(path, shown, header, channel, checksums);
    try {
      Preallocation.reserve(path, header.fileBytes());
      file.put(0, MemorySegment.ofArray(header.bytes()), null);
      return file;
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  void write(TensorInfo tensor, long offset, MemorySegment bytes) throws IOException {
    Objects.checkFromIndexSize(offset, bytes.byteSize(), tensor.bytes());
    if (!header.tensor(tensor.name()).filter(tensor::equals).isPresent()) {
      throw new IllegalArgumentException(tensor + " is not of this output");
    }
    long begin = tensor.begin() + offset;
    coverage.add(begin, begin + bytes.byteSize());
    put(header.dataStart() + begin, bytes, sums);
  }

  void transfer(long dataOffset, FileChannel from, long position, long count) throws IOException {
    Objects.checkFromIndexSize(dataOffset, count, header.dataBytes());
    coverage.add(dataOffset, dataOffset + count);
    if (sums == null) {
      inKernel(dataOffset, from, position, count);
    } else {
      throughMemory(dataOffset, from, position, count, sums);
    }
  }

  /// The checksum is that of the very bytes that are written.
  private void throughMemory(
      long dataOffset, FileChannel from, long position, long count, TensorSums into)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(Math.min(count, CACHED_CHUNK)).asByteBuffer();
      for (long done = 0; done < count; done += buffer.limit()) {
        buffer.clear().limit((int) Math.min(CACHED_CHUNK, count - done));
        while (buffer.hasRemaining()) {
          if (from.read(buffer, position + done + buffer.position()) < 0) {
            throw cutShort(position + done + buffer.position(), position + count);
          }
        }
        into.add(dataOffset + done, buffer.flip());
        write(buffer, header.dataStart() + dataOffset + done);
      }
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  /// Of the two channels of a transfer one moves its own position, so the writing side is opened
  /// anew for each.
  private void inKernel(long dataOffset, FileChannel from, long position, long count)
      throws IOException {
    try (FileChannel to = FileChannel.open(path, StandardOpenOption.WRITE)) {
      to.position(header.dataStart() + dataOffset);
      for (long done = 0; done < count; ) {
        long moved = from.transferTo(position + done, count - done, to);
        if (moved == 0) {
          throw cutShort(position + done, position + count);
        }
        done += moved;
        ahead.written(moved);
      }
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  private SafetensorsException cutShort(long found, long expected) {
    return new SafetensorsException(
        Kind.CHANGED,
        shown,
        null,
        "the input that is copied ends at byte %,d, expected bytes up to %,d; it was cut short"
            .formatted(found, expected));
  }

  private void put(long position, MemorySegment bytes, @Nullable TensorSums into)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long length = bytes.byteSize();
      boolean direct = bytes.isNative();
      int chunk = direct ? CHUNK : CACHED_CHUNK;
      MemorySegment copy = direct ? bytes : arena.allocate(Math.min(length, chunk));
      for (long done = 0; done < length; done += chunk) {
        long size = Math.min(chunk, length - done);
        if (!direct) {
          MemorySegment.copy(bytes, done, copy, 0, size);
        }
        ByteBuffer buffer = copy.asSlice(direct ? done : 0, size).asByteBuffer();
        if (into != null) {
          into.add(position + done - header.dataStart(), buffer);
        }
        write(buffer, position + done);
      }
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  private void write(ByteBuffer buffer, long position) throws IOException {
    int first = buffer.position();
    while (buffer.hasRemaining()) {
      channel.write(buffer, position + buffer.position() - first);
    }
    ahead.written(buffer.position() - first);
  }

  /// Replaces the metadata that were planned, when all data are there.
  ///
  /// @param file the place of this file in its plan
  /// @throws IllegalStateException if a byte was never written, no checksums were taken, or the new
  ///   header is of another length
  void seal(int file, Seal seal) throws IOException {
    requireComplete();
    if (sums == null) {
      throw new IllegalStateException("no checksums were taken of " + shown);
    }
    Map<String, String> metadata = seal.metadata(file, new Seal.Written(path, header, sums.done()));
    List<TensorSpec> specs = header.tensors().stream().map(TensorInfo::spec).toList();
    byte[] bytes = Header.inOrder(specs, metadata).bytes();
    if (bytes.length != header.dataStart()) {
      throw new IllegalStateException(
          "%d bytes were kept for the header, it has %d"
              .formatted(header.dataStart(), bytes.length));
    }
    put(0, MemorySegment.ofArray(bytes), null);
  }

  /// Checks that all is there, puts it on the disk and closes.
  ///
  /// @throws IllegalStateException if a byte was never written
  void finish() throws IOException {
    requireComplete();
    try {
      ahead.finish();
      channel.force(true);
      channel.close();
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  private void requireComplete() {
    long gap = coverage.firstGap(header.dataBytes());
    if (gap < header.dataBytes()) {
      throw new IllegalStateException(
          "byte %d of the data, in tensor %s, was never written".formatted(gap, at(gap)));
    }
  }

  private String at(long offset) {
    return header.tensors().stream()
        .filter(tensor -> tensor.begin() <= offset && offset < tensor.end())
        .map(tensor -> Quoted.of(tensor.name()))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() throws IOException {
    ahead.stop();
    channel.close();
  }
}
