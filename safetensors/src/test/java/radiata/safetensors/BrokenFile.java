package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Writes files byte by byte, as no writer would, and opens them.
final class BrokenFile {
  private byte[] header;
  private byte[] data = {};
  private long length;

  private BrokenFile(byte[] header) {
    this.header = header;
    this.length = header.length;
  }

  static BrokenFile header(byte[] header) {
    return new BrokenFile(header);
  }

  static BrokenFile header(String json) {
    return new BrokenFile(json.getBytes(StandardCharsets.UTF_8));
  }

  /// The only entry of a header: U8 `[bytes]` at the start of the data.
  static String entry(String name, long bytes) {
    return entry(name, "U8", "[" + bytes + "]", 0, bytes);
  }

  static String entry(String name, String dtype, String shape, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(name, dtype, shape, begin, end);
  }

  BrokenFile data(int... bytes) {
    data = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      data[i] = (byte) bytes[i];
    }
    return this;
  }

  BrokenFile zeros(int count) {
    data = new byte[count];
    return this;
  }

  /// Claims another length for the header than it has.
  BrokenFile length(long claimed) {
    length = claimed;
    return this;
  }

  byte[] bytes() {
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(header)
        .put(data)
        .array();
  }

  Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  static SafetensorsException refused(Path file) {
    return refused(file, Limits.DEFAULT);
  }

  static SafetensorsException refused(Path file, Limits limits) {
    SafetensorsException e =
        catchThrowableOfType(
            SafetensorsException.class, () -> SafetensorsFile.open(file, limits).close());
    assertThat(e).as("%s is refused", file).isNotNull();
    assertThat(e.file()).isEqualTo(file);
    assertThat(e.getMessage()).doesNotContain("\n", "\u001b", file.toString());
    return e;
  }
}
