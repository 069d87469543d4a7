package radiata.train.log;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.zip.CRC32C;

/// An event file of TensorBoard: records of a length, data, and a masked CRC32C of each; the data
/// are protocol buffers `Event`, written here by hand (TensorFlow `core/util/event.proto`,
/// `core/lib/io/record_writer.cc`).
public final class TensorboardLog implements AutoCloseable {
  private static final int DOUBLE = 1;
  private static final int VARINT = 0;
  private static final int BYTES = 2;
  private static final int FLOAT = 5;
  private static final int MASK = 0xa282ead8;

  private final OutputStream file;
  private final DoubleSupplier clock;

  private TensorboardLog(OutputStream file, DoubleSupplier clock) {
    this.file = file;
    this.clock = clock;
  }

  /// Begins a file of its own in a folder: TensorBoard reads all there as one run.
  ///
  /// @param after the step that the run goes on from, which tells the files of one run apart; 0 for
  ///   a new run
  /// @param clock seconds since 1970, which TensorBoard shows beside the steps
  public static TensorboardLog open(Path folder, int after, DoubleSupplier clock)
      throws IOException {
    Files.createDirectories(folder);
    String name =
        "events.out.tfevents.%010d.radiata.%d".formatted((long) clock.getAsDouble(), after);
    OutputStream file =
        Files.newOutputStream(
            folder.resolve(name),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    TensorboardLog log = new TensorboardLog(file, clock);
    Message first = new Message();
    first.fixed64(1, clock.getAsDouble());
    first.bytes(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
    log.write(first);
    return log;
  }

  public void add(StepRecord record) throws IOException {
    Message summary = new Message();
    for (Map.Entry<String, Double> each : record.values().entrySet()) {
      Message value = new Message();
      value.bytes(1, each.getKey().getBytes(StandardCharsets.UTF_8));
      value.fixed32(2, each.getValue().floatValue());
      summary.bytes(1, value.bytes());
    }
    Message event = new Message();
    event.fixed64(1, clock.getAsDouble());
    event.varint(2, record.step());
    event.bytes(5, summary.bytes());
    write(event);
  }

  private void write(Message event) throws IOException {
    byte[] data = event.bytes();
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + data.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(masked(record.array(), Long.BYTES));
    record.put(data).putInt(masked(data, data.length));
    file.write(record.array());
  }

  static int masked(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /// A protocol buffer: fields of a number and a wire type.
  private static final class Message {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    byte[] bytes() {
      return out.toByteArray();
    }

    void fixed64(int field, double value) {
      key(field, DOUBLE);
      little(Double.doubleToRawLongBits(value), Double.BYTES);
    }

    void fixed32(int field, float value) {
      key(field, FLOAT);
      little(Float.floatToRawIntBits(value), Float.BYTES);
    }

    void varint(int field, long value) {
      key(field, VARINT);
      number(value);
    }

    void bytes(int field, byte[] value) {
      key(field, BYTES);
      number(value.length);
      out.writeBytes(value);
    }

    private void key(int field, int type) {
      number((long) field << 3 | type);
    }

    private void number(long value) {
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) ((rest & 0x7f) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }

    private void little(long value, int length) {
      for (int i = 0; i < length; i++) {
        out.write((int) (value >>> (8 * i)));
      }
    }
  }
}
