package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import radiata.safetensors.HeaderParser.Parsed;
import radiata.safetensors.SafetensorsException.Kind;

/// One open `.safetensors` file: eight bytes that hold the length N of the header, the header, and
/// the data section, which starts at `8 + N`.
public final class SafetensorsFile implements TensorFile {
  private static final long REFERENCE_HEADER_CAP = 100_000_000;

  private final Path path;
  private final FileBytes bytes;
  private final long dataStart;
  private final Parsed header;

  private SafetensorsFile(Path path, FileBytes bytes, long dataStart, Parsed header) {
    this.path = path;
    this.bytes = bytes;
    this.dataStart = dataStart;
    this.header = header;
  }

  public static SafetensorsFile open(Path path) throws IOException {
    return open(path, Limits.DEFAULT);
  }

  /// Opens a file and checks its whole header; no tensor is read.
  ///
  /// @throws SafetensorsException if it is not a regular file, is of another format, breaks a rule
  ///   of the format, or asks for more than `limits`
  public static SafetensorsFile open(Path path, Limits limits) throws IOException {
    FileBytes bytes = FileBytes.open(path);
    try {
      int headerBytes = headerBytes(path, bytes, limits);
      byte[] header = new byte[headerBytes];
      bytes.read(Long.BYTES, MemorySegment.ofArray(header));
      long dataStart = Long.BYTES + (long) headerBytes;
      Parsed parsed = HeaderParser.parse(path, header, bytes.size() - dataStart, limits);
      return new SafetensorsFile(path, bytes, dataStart, parsed);
    } catch (Throwable e) {
      bytes.close();
      throw e;
    }
  }

  private static int headerBytes(Path path, FileBytes bytes, Limits limits) throws IOException {
    Container.of(bytes).requireSafetensors(path);
    if (bytes.size() < Long.BYTES) {
      throw error(
          Kind.HEADER_TOO_SMALL,
          path,
          bytes.size() == 0
              ? "the file is empty; download or copy it again"
              : "%d bytes, too short for the 8 bytes of a header's length".formatted(bytes.size()));
    }
    byte[] length = new byte[Long.BYTES];
    bytes.read(0, MemorySegment.ofArray(length));
    long n = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (n < 0 || n > Math.max(limits.headerBytes(), REFERENCE_HEADER_CAP)) {
      throw error(
          Kind.HEADER_TOO_LARGE,
          path,
          "byte 0: a header of %s bytes, at most 100,000,000 are allowed; this is no safetensors file, or a broken one"
              .formatted(Long.toUnsignedString(n)));
    }
    if (n > limits.headerBytes()) {
      throw error(
          Kind.LIMIT,
          path,
          "byte 0: a header of %,d bytes, the limit is %,d".formatted(n, limits.headerBytes()));
    }
    if (n > bytes.size() - Long.BYTES) {
      throw error(
          Kind.INVALID_HEADER_LENGTH,
          path,
          "byte 0: a header of %,d bytes in a file of %,d; it is cut short or no safetensors file"
              .formatted(n, bytes.size()));
    }
    return (int) n;
  }

  private static SafetensorsException error(Kind kind, Path path, String what) {
    return new SafetensorsException(kind, path, null, what);
  }

  @Override
  public Path path() {
    return path;
  }

  /// Where the data section starts in the file: `8 + N`.
  public long dataStart() {
    return dataStart;
  }

  @Override
  public List<TensorInfo> tensors() {
    return header.tensors();
  }

  @Override
  public Optional<TensorInfo> tensor(String name) {
    return Optional.ofNullable(header.named().get(name));
  }

  /// The header's `__metadata__` in its order; empty where there is none.
  @Override
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException {
    Objects.checkFromIndexSize(offset, into.byteSize(), tensor.bytes());
    bytes.read(dataStart + tensor.begin() + offset, into);
  }

  @Override
  public OptionalLong position(TensorInfo tensor) {
    return OptionalLong.of(dataStart + tensor.begin());
  }

  /// A read-only view of a tensor of any size, without reading it. It lives as long as `arena`,
  /// also when this file is closed. On Windows a mapped file can be neither renamed nor deleted.
  ///
  /// @throws SafetensorsException if the file has become shorter than its header promised
  public MemorySegment map(TensorInfo tensor, Arena arena) throws IOException {
    return bytes.map(dataStart + tensor.begin(), tensor.bytes(), arena);
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
