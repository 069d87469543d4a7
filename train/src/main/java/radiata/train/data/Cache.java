package radiata.train.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.xxhash.XXHashFactory;
import radiata.safetensors.Shape;

/// Results of frozen models, kept on the disk: latents of pictures, states of captions. An entry is
/// an LZ4 frame with a checksum; it is there whole or not at all, and one that is damaged counts as
/// not there. The Java implementation of LZ4 compresses, which gives the same bytes everywhere.
public final class Cache {
  /// What an entry holds: arrays by name.
  public record Entry(SequencedMap<String, FloatArray> arrays) {
    public Entry {
      arrays = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(arrays));
    }

    public static Entry of(String name, FloatArray array) {
      return new Entry(new LinkedHashMap<>(Map.of(name, array)));
    }

    /// One of them.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public FloatArray array(String name) {
      FloatArray array = arrays.get(name);
      if (array == null) {
        throw new IllegalArgumentException("no array '%s' in %s".formatted(name, arrays.keySet()));
      }
      return array;
    }
  }

  /// Makes an entry that is not there yet.
  @FunctionalInterface
  public interface Making {
    Entry make() throws IOException;
  }

  private static final int MAGIC = 0x52434131;
  private static final int MOST_ARRAYS = 64;
  private static final int MOST_AXES = 8;
  private static final long MOST_VALUES = 1L << 28;

  private final Path folder;

  /// @param folder made when the first entry is written
  public Cache(Path folder) {
    this.folder = folder;
  }

  /// The entry under a key, made and kept if it is not there.
  public Entry get(CacheKey key, Making making) throws IOException {
    Optional<Entry> kept = find(key);
    if (kept.isPresent()) {
      return kept.get();
    }
    Entry made = making.make();
    put(key, made);
    return made;
  }

  /// The entry under a key; empty if there is none, or none that is whole.
  public Optional<Entry> find(CacheKey key) {
    Path file = file(key);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file))) {
      return Optional.of(read(bytes, key));
    } catch (IOException | LZ4Exception | Damaged e) {
      // The reader of frames has no type that tells damage from trouble with the disk.
      return Optional.empty();
    }
  }

  public void put(CacheKey key, Entry entry) throws IOException {
    Files.createDirectories(folder);
    Path built = Files.createTempFile(folder, ".", ".tmp");
    try {
      try (OutputStream bytes = Files.newOutputStream(built)) {
        write(bytes, key, entry);
      }
      Files.move(
          built, file(key), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(built);
    }
  }

  private Path file(CacheKey key) {
    return folder.resolve(key.hex() + ".lz4");
  }

  /// Not what was written.
  private static final class Damaged extends RuntimeException {
    Damaged(String what) {
      super(what);
    }
  }

  private static void write(OutputStream to, CacheKey key, Entry entry) throws IOException {
    try (DataOutputStream frame = new DataOutputStream(compressed(to))) {
      frame.writeInt(MAGIC);
      frame.writeUTF(key.hex());
      frame.writeInt(entry.arrays().size());
      for (Map.Entry<String, FloatArray> each : entry.arrays().entrySet()) {
        frame.writeUTF(each.getKey());
        long[] dims = each.getValue().shape().dims();
        frame.writeInt(dims.length);
        for (long dim : dims) {
          frame.writeLong(dim);
        }
        float[] values = each.getValue().values();
        ByteBuffer bytes =
            ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        frame.write(bytes.array());
      }
    }
  }

  private static OutputStream compressed(OutputStream to) throws IOException {
    return new LZ4FrameOutputStream(
        to,
        LZ4FrameOutputStream.BLOCKSIZE.SIZE_1MB,
        -1,
        LZ4Factory.safeInstance().fastCompressor(),
        XXHashFactory.safeInstance().hash32(),
        LZ4FrameOutputStream.FLG.Bits.BLOCK_INDEPENDENCE,
        LZ4FrameOutputStream.FLG.Bits.CONTENT_CHECKSUM);
  }

  private static Entry read(InputStream from, CacheKey key) throws IOException {
    LZ4FrameInputStream plain =
        new LZ4FrameInputStream(
            from,
            LZ4Factory.safeInstance().safeDecompressor(),
            XXHashFactory.safeInstance().hash32());
    DataInputStream frame = new DataInputStream(plain);
    require(frame.readInt() == MAGIC && frame.readUTF().equals(key.hex()));
    int arrays = frame.readInt();
    require(arrays >= 0 && arrays <= MOST_ARRAYS);
    SequencedMap<String, FloatArray> read = new LinkedHashMap<>();
    for (int i = 0; i < arrays; i++) {
      read.put(frame.readUTF(), array(frame));
    }
    // The checksum is looked at where the frame ends.
    require(frame.read() < 0);
    return new Entry(read);
  }

  private static FloatArray array(DataInputStream frame) throws IOException {
    int axes = frame.readInt();
    require(axes >= 0 && axes <= MOST_AXES);
    long[] dims = new long[axes];
    long values = 1;
    for (int i = 0; i < axes; i++) {
      dims[i] = frame.readLong();
      require(dims[i] >= 0 && dims[i] <= MOST_VALUES);
      values *= dims[i];
      require(values <= MOST_VALUES);
    }
    // Grows with what is really there, whatever the shape pretends.
    byte[] bytes = frame.readNBytes((int) values * Float.BYTES);
    require(bytes.length == values * Float.BYTES);
    float[] floats = new float[(int) values];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
    return new FloatArray(Shape.of(dims), floats);
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new Damaged("not what was written");
    }
  }
}
