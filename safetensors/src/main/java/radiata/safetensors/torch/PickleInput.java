package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// The bytes of a pickle, from its start to its end, read once through a small buffer.
final class PickleInput {
  private static final int BUFFER = 1 << 16;

  /// Bytes that can be read from any position.
  @FunctionalInterface
  interface Source {
    void read(long position, MemorySegment into) throws IOException;
  }

  private final Path path;
  private final String where;
  private final Source source;
  private final long end;
  private final byte[] buffer;
  private long bufferStart;
  private int bufferLength;
  private long position;

  /// @param where what the positions are in: empty for the file, or ` of x/data.pkl`
  PickleInput(Path path, String where, Source source, long start, long end) {
    this.path = path;
    this.where = where;
    this.source = source;
    this.position = start;
    this.end = end;
    this.buffer = new byte[Math.clamp(end - start, 1, BUFFER)];
  }

  long position() {
    return position;
  }

  Path path() {
    return path;
  }

  /// The next byte, 0 to 255.
  int next() throws IOException {
    if (position - bufferStart >= bufferLength || position < bufferStart) {
      fill();
    }
    return buffer[(int) (position++ - bufferStart)] & 0xff;
  }

  private void fill() throws IOException {
    if (position >= end) {
      throw cut(1);
    }
    bufferLength = (int) Math.min(buffer.length, end - position);
    bufferStart = position;
    source.read(position, MemorySegment.ofArray(buffer).asSlice(0, bufferLength));
  }

  /// An unsigned little-endian number of up to eight bytes; a negative one is above 2^63.
  long little(int bytes) throws IOException {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) next() << (8 * i);
    }
    return value;
  }

  double real() throws IOException {
    return Double.longBitsToDouble(Long.reverseBytes(little(Double.BYTES)));
  }

  /// A length that stands in the pickle: so many bytes must follow.
  long length(int bytes) throws IOException {
    long length = little(bytes);
    if (length < 0 || length > end - position) {
      throw cut(length);
    }
    return length;
  }

  void skip(long bytes) {
    position += bytes;
  }

  /// @param bytes no more than follow
  byte[] bytes(int bytes) throws IOException {
    byte[] read = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      read[i] = (byte) next();
    }
    return read;
  }

  /// A line without its end.
  String line(int longest) throws IOException {
    long start = position;
    ByteBuffer line = ByteBuffer.allocate(longest);
    for (int b = next(); b != '\n'; b = next()) {
      if (!line.hasRemaining()) {
        throw broken(start, "a line of more than %d bytes".formatted(longest));
      }
      line.put((byte) b);
    }
    return text(line.flip()).orElseThrow(() -> broken(start, "a line that is not UTF-8"));
  }

  /// The text that bytes are in UTF-8; empty if they are not.
  static Optional<String> text(ByteBuffer bytes) {
    try {
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  static long signed(byte[] little) {
    byte sign = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    byte[] whole = {sign, sign, sign, sign, sign, sign, sign, sign};
    System.arraycopy(little, 0, whole, 0, little.length);
    return ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private SafetensorsException cut(long wanted) {
    return broken(
        position,
        "%s bytes should follow, there are %,d; the pickle is cut short or damaged, download or copy it again"
            .formatted(Long.toUnsignedString(wanted), end - position));
  }

  /// @param at where in the pickle
  SafetensorsException broken(long at, String what) {
    return error(Kind.BROKEN_PICKLE, at, what);
  }

  SafetensorsException error(Kind kind, long at, String what) {
    return new SafetensorsException(kind, path, null, "byte %,d%s: %s".formatted(at, where, what));
  }
}
