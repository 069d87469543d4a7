package radiata.safetensors.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.FileBytes;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// The directory of a zip archive, read strictly: every entry lies in the file, apart from all
/// others, under one name, with a local header that says the same. `java.util.zip` reads such files
/// too but hides where the bytes lie.
///
/// @param entries by name, in the order of the directory
record ZipDirectory(Path path, Map<String, ZipEntry> entries) {
  private static final int CENTRAL = 46;
  private static final int LOCAL = 30;
  private static final int MOST_BYTES = 16 << 20;
  private static final int ENCRYPTED = 0x1 | 0x40 | 0x2000;

  /// No deflate stream shrinks further: 1 to 1032, and what its frame takes.
  private static final long DEFLATE_AT_MOST = 1032;

  /// @throws SafetensorsException if the archive breaks a rule, is encrypted, or compressed in
  ///   another way than deflate
  static ZipDirectory read(Path path, FileBytes file) throws IOException {
    ZipTail tail = ZipTail.read(path, file);
    if (tail.end() - tail.start() > MOST_BYTES) {
      throw new SafetensorsException(
          Kind.LIMIT,
          path,
          null,
          "byte %,d: a zip directory of %,d bytes, at most %,d are read"
              .formatted(tail.start(), tail.end() - tail.start(), MOST_BYTES));
    }
    ByteBuffer directory = ZipTail.bytes(file, tail.start(), (int) (tail.end() - tail.start()));
    ZipDirectory zip = new ZipDirectory(path, new LinkedHashMap<>());
    while (directory.hasRemaining()) {
      long at = tail.start() + directory.position();
      ZipEntry entry = zip.central(directory, at);
      ZipEntry placed = zip.local(file, entry, tail.start());
      if (zip.entries.put(entry.name(), placed) != null) {
        throw zip.broken(at, "two entries named " + Quoted.of(entry.name()));
      }
    }
    if (zip.entries.size() != tail.entries()) {
      throw zip.broken(
          tail.start(),
          "%,d entries where %,d are said to be".formatted(zip.entries.size(), tail.entries()));
    }
    zip.requireApart();
    return zip;
  }

  Optional<ZipEntry> entry(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /// One entry of the central directory (APPNOTE 4.3.12); its data are not placed yet.
  private ZipEntry central(ByteBuffer directory, long at) {
    int start = directory.position();
    if (directory.remaining() < CENTRAL || directory.getInt(start) != 0x02014b50) {
      throw broken(at, "no entry of a zip directory where one should be");
    }
    int nameLength = directory.getShort(start + 28) & 0xffff;
    int extraLength = directory.getShort(start + 30) & 0xffff;
    int commentLength = directory.getShort(start + 32) & 0xffff;
    if (directory.remaining() - CENTRAL < nameLength + extraLength + commentLength) {
      throw broken(at, "an entry that is longer than the directory");
    }
    String name =
        PickleInput.text(directory.slice(start + CENTRAL, nameLength))
            .orElseThrow(() -> broken(at, "an entry whose name is not UTF-8"));
    int method = directory.getShort(start + 10) & 0xffff;
    requireReadable(name, directory.getShort(start + 8), method);
    ByteBuffer wide =
        wide(directory.slice(start + CENTRAL + nameLength, extraLength).order(directory.order()));
    long bytes = field(name, directory.getInt(start + 24), wide, at);
    long packed = field(name, directory.getInt(start + 20), wide, at);
    long header = field(name, directory.getInt(start + 42), wide, at);
    boolean deflated = method == 8;
    if (deflated ? bytes / DEFLATE_AT_MOST > packed : bytes != packed) {
      throw broken(
          at,
          "entry %s: %,d bytes cannot be packed into %,d"
              .formatted(Quoted.of(name), bytes, packed));
    }
    directory.position(start + CENTRAL + nameLength + extraLength + commentLength);
    return new ZipEntry(name, deflated, directory.getInt(start + 16), header, 0, packed, bytes);
  }

  private void requireReadable(String name, int flags, int method) {
    if ((flags & ENCRYPTED) != 0) {
      throw new SafetensorsException(
          Kind.UNSUPPORTED,
          path,
          null,
          "entry %s is encrypted; unpack it with its password and save the model again"
              .formatted(Quoted.of(name)));
    }
    if (method != 0 && method != 8) {
      throw new SafetensorsException(
          Kind.UNSUPPORTED,
          path,
          null,
          "entry %s is compressed by method %d; only plain and deflated entries are read"
              .formatted(Quoted.of(name), method));
    }
  }

  /// The 64-bit sizes among the extra fields; empty where there are none.
  private static ByteBuffer wide(ByteBuffer extra) {
    while (extra.remaining() >= 4) {
      int id = extra.getShort() & 0xffff;
      int length = Math.min(extra.getShort() & 0xffff, extra.remaining());
      if (id == 1) {
        return extra.slice(extra.position(), length).order(extra.order());
      }
      extra.position(extra.position() + length);
    }
    return ByteBuffer.allocate(0);
  }

  private long field(String name, int plain, ByteBuffer wide, long at) {
    if (plain != -1) {
      return plain & 0xffffffffL;
    }
    long value = wide.remaining() >= Long.BYTES ? wide.getLong() : -1;
    if (value < 0) {
      throw broken(at, "entry %s has no size".formatted(Quoted.of(name)));
    }
    return value;
  }

  /// Finds the data behind the local header (APPNOTE 4.3.7). Its sizes are zero where torch writes
  /// them behind the data, so only its name counts.
  private ZipEntry local(FileBytes file, ZipEntry entry, long limit) throws IOException {
    long header = entry.header();
    if (header > limit - LOCAL) {
      throw outside(entry);
    }
    ByteBuffer local = ZipTail.bytes(file, header, LOCAL);
    int nameLength = local.getShort(26) & 0xffff;
    int extraLength = local.getShort(28) & 0xffff;
    long data = header + LOCAL + nameLength + extraLength;
    if (local.getInt(0) != 0x04034b50) {
      throw broken(header, "no header of the entry " + Quoted.of(entry.name()));
    }
    if (data > limit || entry.packed() > limit - data) {
      throw outside(entry);
    }
    requireReadable(entry.name(), local.getShort(6), local.getShort(8) & 0xffff);
    Optional<String> name = PickleInput.text(ZipTail.bytes(file, header + LOCAL, nameLength));
    if (!name.equals(Optional.of(entry.name())) || (local.getShort(8) == 8) != entry.deflated()) {
      throw broken(
          header,
          "the local header of %s says something else than the directory"
              .formatted(Quoted.of(entry.name())));
    }
    return new ZipEntry(
        entry.name(), entry.deflated(), entry.crc(), header, data, entry.packed(), entry.bytes());
  }

  private SafetensorsException outside(ZipEntry entry) {
    return broken(
        entry.header(),
        "entry %s reaches beyond the entries of the archive".formatted(Quoted.of(entry.name())));
  }

  private void requireApart() {
    List<ZipEntry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingLong(ZipEntry::header));
    for (int i = 1; i < sorted.size(); i++) {
      ZipEntry before = sorted.get(i - 1);
      if (before.data() + before.packed() > sorted.get(i).header()) {
        throw broken(
            sorted.get(i).header(),
            "the entries %s and %s overlap"
                .formatted(Quoted.of(before.name()), Quoted.of(sorted.get(i).name())));
      }
    }
  }

  private SafetensorsException broken(long at, String what) {
    return ZipTail.broken(path, at, what);
  }
}
