package radiata.safetensors.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// Writes a zip archive entry by entry, with every field open to lies.
final class Zipped {
  /// What the two headers of an entry say; all fields can be changed before it is written.
  static final class Entry {
    String name;
    String localName;
    int flags;
    int method;
    int crc;
    long packed;
    long bytes;
    byte[] data;

    /// Where the directory says that the entry is; -1 for the truth.
    long header = -1;

    /// Whether the sizes and the place stand in the 64-bit field.
    boolean wide;
  }

  private final List<Entry> entries = new ArrayList<>();
  boolean wide;
  int missing;

  Zipped add(String name, byte[] data) {
    return add(name, data, entry -> {});
  }

  Zipped add(String name, byte[] data, Consumer<Entry> change) {
    Entry entry = new Entry();
    entry.name = name;
    entry.localName = name;
    entry.data = data;
    entry.packed = data.length;
    entry.bytes = data.length;
    CRC32 crc = new CRC32();
    crc.update(data);
    entry.crc = (int) crc.getValue();
    change.accept(entry);
    entries.add(entry);
    return this;
  }

  Zipped deflate(String name, byte[] data, Consumer<Entry> change) {
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(data);
    deflater.finish();
    byte[] packed = new byte[data.length + 64];
    int length = deflater.deflate(packed);
    deflater.end();
    byte[] exact = java.util.Arrays.copyOf(packed, length);
    return add(
        name,
        data,
        entry -> {
          entry.method = 8;
          entry.data = exact;
          entry.packed = length;
          change.accept(entry);
        });
  }

  byte[] bytes() {
    ByteBuffer out = ByteBuffer.allocate(4 << 20).order(ByteOrder.LITTLE_ENDIAN);
    List<Integer> headers = new ArrayList<>();
    for (Entry entry : entries) {
      headers.add(out.position());
      byte[] name = entry.localName.getBytes(StandardCharsets.UTF_8);
      out.putInt(0x04034b50).putShort((short) 20).putShort((short) entry.flags);
      out.putShort((short) entry.method).putInt(0).putInt(0).putInt(0).putInt(0);
      out.putShort((short) name.length).putShort((short) 0).put(name).put(entry.data);
    }
    int start = out.position();
    for (int i = 0; i < entries.size(); i++) {
      central(out, entries.get(i), headers.get(i));
    }
    int end = out.position();
    int count = entries.size() + missing;
    if (wide) {
      out.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
      out.putInt(0).putInt(0).putLong(count).putLong(count).putLong(end - start).putLong(start);
      out.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
    }
    out.putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
    out.putShort((short) (wide ? -1 : count)).putShort((short) (wide ? -1 : count));
    out.putInt(wide ? -1 : end - start).putInt(wide ? -1 : start).putShort((short) 0);
    byte[] bytes = new byte[out.position()];
    out.get(0, bytes);
    return bytes;
  }

  private static void central(ByteBuffer out, Entry entry, int place) {
    byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
    long header = entry.header < 0 ? place : entry.header;
    out.putInt(0x02014b50).putShort((short) 20).putShort((short) 20);
    out.putShort((short) entry.flags).putShort((short) entry.method).putInt(0).putInt(entry.crc);
    out.putInt(entry.wide ? -1 : (int) entry.packed).putInt(entry.wide ? -1 : (int) entry.bytes);
    out.putShort((short) name.length).putShort((short) (entry.wide ? 28 : 0)).putShort((short) 0);
    out.putShort((short) 0).putShort((short) 0).putInt(0);
    out.putInt(entry.wide ? -1 : (int) header).put(name);
    if (entry.wide) {
      out.putShort((short) 1).putShort((short) 24);
      out.putLong(entry.bytes).putLong(entry.packed).putLong(header);
    }
  }

  Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }
}
