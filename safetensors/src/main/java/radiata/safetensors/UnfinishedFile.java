package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import radiata.safetensors.SafetensorsException.Kind;

/// A weight file while it is filled, from any thread and in any order. Its header is written first.
final class UnfinishedFile implements AutoCloseable {
  private static final int CHUNK = 8 << 20;
  private static final int HEAP_CHUNK = 1 << 20;

  private final Path path;
  private final Path shown;
  private final Header header;
  private final FileChannel channel;
  private final Coverage coverage = new Coverage();
  private final WriteAhead ahead;

  private UnfinishedFile(Path path, Path shown, Header header, FileChannel channel) {
    this.path = path;
    this.shown = shown;
    this.header = header;
    this.channel = channel;
    this.ahead = new WriteAhead(channel);
  }

  /// @param shown the name that errors give it
  static UnfinishedFile create(Path path, Path shown, Header header) throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    UnfinishedFile file = new UnfinishedFile(path, shown, header, channel);
    try {
      Preallocation.reserve(path, header.fileBytes());
      file.put(0, MemorySegment.ofArray(header.bytes()));
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
    put(header.dataStart() + begin, bytes);
  }

  /// Copies in the kernel. Of the two channels of a transfer one moves its own position, so the
  /// writing side is opened anew for each.
  void transfer(long dataOffset, FileChannel from, long position, long count) throws IOException {
    Objects.checkFromIndexSize(dataOffset, count, header.dataBytes());
    coverage.add(dataOffset, dataOffset + count);
    try (FileChannel to = FileChannel.open(path, StandardOpenOption.WRITE)) {
      to.position(header.dataStart() + dataOffset);
      for (long done = 0; done < count; ) {
        long moved = from.transferTo(position + done, count - done, to);
        if (moved == 0) {
          throw new SafetensorsException(
              Kind.CHANGED,
              shown,
              null,
              "the input that is copied ends at byte %,d, expected bytes up to %,d; it was cut short"
                  .formatted(position + done, position + count));
        }
        done += moved;
        ahead.written(moved);
      }
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  private void put(long position, MemorySegment bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long length = bytes.byteSize();
      boolean direct = bytes.isNative();
      int chunk = direct ? CHUNK : HEAP_CHUNK;
      MemorySegment copy = direct ? bytes : arena.allocate(Math.min(length, chunk));
      for (long done = 0; done < length; done += chunk) {
        long size = Math.min(chunk, length - done);
        if (!direct) {
          MemorySegment.copy(bytes, done, copy, 0, size);
        }
        ByteBuffer buffer = copy.asSlice(direct ? done : 0, size).asByteBuffer();
        while (buffer.hasRemaining()) {
          channel.write(buffer, position + done + buffer.position());
        }
        ahead.written(size);
      }
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
    }
  }

  /// Checks that all is there, puts it on the disk and closes.
  ///
  /// @throws IllegalStateException if a byte was never written
  void finish() throws IOException {
    long gap = coverage.firstGap(header.dataBytes());
    if (gap < header.dataBytes()) {
      throw new IllegalStateException(
          "byte %d of the data, in tensor %s, was never written".formatted(gap, at(gap)));
    }
    try {
      ahead.finish();
      channel.force(true);
      channel.close();
    } catch (IOException e) {
      throw DiskSpace.explain(shown, path, e);
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
