package radiata.safetensors;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/// The CRC32C of every tensor of a file, in the order of their bytes. Written as Base64 (RFC 4648,
/// padded) of four bytes each, the highest first: as long as the number of tensors says, so that
/// room can be kept for it before the data are known.
public final class Checksums {
  private final int[] values;

  private Checksums(int[] values) {
    this.values = values;
  }

  public static Checksums of(int... values) {
    return new Checksums(values.clone());
  }

  /// As many zeros: what keeps the room.
  public static Checksums unknown(int tensors) {
    return new Checksums(new int[tensors]);
  }

  /// Reads what [#text] writes; empty for what is no such text.
  public static Optional<Checksums> parse(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    if (bytes.length % Integer.BYTES != 0) {
      return Optional.empty();
    }
    int[] values = new int[bytes.length / Integer.BYTES];
    ByteBuffer.wrap(bytes).asIntBuffer().get(values);
    return Optional.of(new Checksums(values));
  }

  public int tensors() {
    return values.length;
  }

  /// The CRC32C of the tensor at that place.
  ///
  /// @throws IndexOutOfBoundsException if there is no such tensor
  public int crc32c(int tensor) {
    return values[tensor];
  }

  /// The text that [#parse] reads.
  public String text() {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES);
    bytes.asIntBuffer().put(values);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Checksums that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return text();
  }
}
