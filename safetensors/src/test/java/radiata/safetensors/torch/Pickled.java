package radiata.safetensors.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Writes a pickle instruction by instruction, sound or not.
final class Pickled {
  static final String MAGIC = "\u0080\2\u008a\12l\u00fc\u009cF\u00f9 j\u00a8P\31.";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  static Pickled protocol2() {
    return new Pickled().op(0x80, 2);
  }

  Pickled op(int... bytes) {
    for (int b : bytes) {
      out.write(b);
    }
    return this;
  }

  Pickled op(String latin1) {
    out.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  Pickled raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  Pickled little(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >> (8 * i)));
    }
    return this;
  }

  Pickled text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return op("X").little(bytes.length, 4).raw(bytes);
  }

  Pickled number(long value) {
    return op(0x8a, 8).little(value, 8);
  }

  Pickled global(String module, String name) {
    return op("c" + module + "\n" + name + "\n");
  }

  /// `_rebuild_tensor_v2` of a storage that is named here.
  Pickled tensor(
      String storageClass, String key, long length, long offset, long[] sizes, long[] strides) {
    global("torch._utils", "_rebuild_tensor_v2").op("((");
    text("storage").global("torch", storageClass).text(key).text("cpu").number(length).op("tQ");
    number(offset);
    numbers(sizes);
    numbers(strides);
    return op(0x89).global("collections", "OrderedDict").op(")Rt").op("R");
  }

  Pickled numbers(long... values) {
    op("(");
    for (long value : values) {
      number(value);
    }
    return op("t");
  }

  /// A dict of one tensor, and the end.
  static byte[] one(String storageClass, long length, long offset, long[] sizes, long[] strides) {
    return protocol2()
        .op("}")
        .text("w")
        .tensor(storageClass, "0", length, offset, sizes, strides)
        .op("s.")
        .bytes();
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  /// Runs it alone, as a bare pickle would be.
  Value run(Path file) throws IOException {
    byte[] bytes = bytes();
    PickleInput input =
        new PickleInput(
            file,
            "",
            (at, into) -> into.copyFrom(MemorySegment.ofArray(bytes).asSlice(at, into.byteSize())),
            0,
            bytes.length);
    return PickleMachine.run(input, new HeapBudget(file, 8 << 20, 1_000_000), new StorageIds());
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }
}
