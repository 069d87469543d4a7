package radiata.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import radiata.convert.ConversionReport.Overflow;
import radiata.pipeline.Channels;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.DType;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Recast;

/// Carries a plan out, a few megabytes at a time. Each tensor is written to its place, so the bytes
/// do not depend on the number of workers.
final class Converter implements AutoCloseable {
  /// Elements that pass through memory at a time.
  private static final int CHUNK = 1 << 18;

  private final CheckpointWriter writer;
  private final LongConsumer progress;
  private final Channels channels = new Channels();

  Converter(CheckpointWriter writer, LongConsumer progress) {
    this.writer = writer;
    this.progress = progress;
  }

  /// Carries the steps out.
  ///
  /// @return the overflows, in the order of the steps
  List<Overflow> run(List<ConversionStep> steps, int threads) throws IOException {
    return Workers.map(steps, threads, this::overflow).stream()
        .filter(overflow -> overflow.count() > 0)
        .toList();
  }

  private Overflow overflow(ConversionStep step) throws IOException {
    long count = 0;
    for (Piece piece : step.pieces()) {
      count +=
          switch (piece) {
            case Piece.Run run -> run(step, run);
            case Piece.Transposed all -> transposed(step, all.source());
            case Piece.Ones ones -> ones(step, ones.count());
          };
    }
    return new Overflow(step.target().name(), count);
  }

  private long run(ConversionStep step, Piece.Run run) throws IOException {
    TensorInfo info = run.source().info();
    TensorFile from = run.source().part().file();
    if (info.dtype() == step.target().dtype()) {
      copy(step, run, from);
      return 0;
    }
    int width = info.dtype().bytes();
    long overflow = 0;
    try (Arena arena = Arena.ofConfined()) {
      Recast recast = new Recast(info.dtype(), step.target().dtype(), chunk(run.count()), arena);
      MemorySegment in = arena.allocate((long) chunk(run.count()) * width);
      for (long done = 0; done < run.count(); done += CHUNK) {
        int count = (int) Math.min(CHUNK, run.count() - done);
        MemorySegment part = in.asSlice(0, (long) count * width);
        from.read(info, (run.first() + done) * width, part);
        overflow += recast.of(part, count);
        write(step, run.at() + done, recast.bytes(count));
      }
    }
    return overflow;
  }

  /// Elements of packed dtypes share bytes, so bytes are counted in bits; only whole tensors of
  /// them are ever copied.
  private void copy(ConversionStep step, Piece.Run run, TensorFile from) throws IOException {
    TensorInfo info = run.source().info();
    long bits = info.dtype().bits();
    long first = run.first() * bits / Byte.SIZE;
    long at = run.at() * bits / Byte.SIZE;
    long bytes = run.count() * bits / Byte.SIZE;
    if (bytes == 0) {
      return;
    }
    OptionalLong position = from.position(info);
    if (position.isPresent()) {
      writer.transfer(
          step.file(),
          step.target().begin() + at,
          channels.of(from.path()),
          position.getAsLong() + first,
          bytes);
      progress.accept(bytes);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long most = (long) CHUNK * Long.BYTES;
      MemorySegment buffer = arena.allocate(Math.max(1, Math.min(bytes, most)));
      for (long done = 0; done < bytes; done += most) {
        MemorySegment part = buffer.asSlice(0, Math.min(most, bytes - done));
        from.read(info, first + done, part);
        writer.write(step.file(), step.target(), at + done, part);
        progress.accept(part.byteSize());
      }
    }
  }

  /// Takes as many columns together as fit into memory; each is a row of the output.
  private long transposed(ConversionStep step, Stored source) throws IOException {
    TensorInfo info = source.info();
    DType dtype = info.dtype();
    int width = dtype.bytes();
    long rows = info.shape().dim(0);
    long columns = info.shape().dim(1);
    long strip = Math.clamp(CHUNK / Math.max(1, rows), 1, Math.max(1, columns));
    int most = Math.toIntExact(strip * rows);
    long overflow = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = arena.allocate(Math.max(1, strip * width));
      MemorySegment turned = arena.allocate(Math.max(1, (long) most * width));
      Recast recast = new Recast(dtype, step.target().dtype(), most, arena);
      for (long column = 0; column < columns; column += strip) {
        int wide = (int) Math.min(strip, columns - column);
        for (long r = 0; r < rows; r++) {
          MemorySegment part = row.asSlice(0, (long) wide * width);
          source.part().file().read(info, (r * columns + column) * width, part);
          for (int c = 0; c < wide; c++) {
            MemorySegment.copy(part, (long) c * width, turned, (c * rows + r) * width, width);
          }
        }
        int count = Math.toIntExact(wide * rows);
        overflow += recast.of(turned.asSlice(0, (long) count * width), count);
        write(step, column * rows, recast.bytes(count));
      }
    }
    return overflow;
  }

  private long ones(ConversionStep step, long count) throws IOException {
    int most = chunk(count);
    float[] numbers = new float[most];
    Arrays.fill(numbers, 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ones = arena.allocate((long) most * Float.BYTES);
      Narrow.fromFloats(numbers, 0, most, DType.F32, ones, 0);
      Recast recast = new Recast(DType.F32, step.target().dtype(), most, arena);
      recast.of(ones, most);
      for (long done = 0; done < count; done += most) {
        write(step, done, recast.bytes((int) Math.min(most, count - done)));
      }
    }
    return 0;
  }

  private void write(ConversionStep step, long element, MemorySegment bytes) throws IOException {
    long offset = element * step.target().dtype().bytes();
    writer.write(step.file(), step.target(), offset, bytes);
    progress.accept(bytes.byteSize());
  }

  private static int chunk(long elements) {
    return Math.clamp(elements, 1, CHUNK);
  }

  @Override
  public void close() throws IOException {
    channels.close();
  }
}
