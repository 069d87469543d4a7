package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import radiata.safetensors.FileBytes;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// What stands at the end of a zip archive: where its directory is (APPNOTE 6.3.10, 4.3.14 to
/// 4.3.16).
///
/// @param start where the directory starts
/// @param end where it ends, which is where the records of the end start
/// @param entries how many it lists
record ZipTail(long start, long end, long entries) {
  private static final int RECORD = 22;
  private static final int LOCATOR = 20;
  private static final int RECORD_64 = 56;
  private static final int LONGEST_COMMENT = 0xffff;

  /// @throws SafetensorsException if the archive does not end as one must
  static ZipTail read(Path path, FileBytes file) throws IOException {
    long size = file.size();
    int length = (int) Math.min(size, RECORD + LONGEST_COMMENT);
    ByteBuffer tail = bytes(file, size - length, length);
    int at = length - RECORD;
    while (at >= 0
        && !(tail.getInt(at) == 0x06054b50
            && at + RECORD + (tail.getShort(at + 20) & 0xffff) == length)) {
      at--;
    }
    if (at < 0) {
      throw broken(
          path,
          size,
          "the end of a zip archive is missing; the file is cut short, download or copy it again");
    }
    long record = size - length + at;
    if (tail.getShort(at + 4) != 0 && tail.getShort(at + 4) != -1) {
      throw broken(path, record, "a part of an archive in several files");
    }
    long entries = tail.getShort(at + 10) & 0xffffL;
    long bytes = tail.getInt(at + 12) & 0xffffffffL;
    long start = tail.getInt(at + 16) & 0xffffffffL;
    ZipTail plain = new ZipTail(start, start + bytes, entries);
    return wide(path, file, record, plain);
  }

  /// The values of the 64-bit record, where there is one; the plain ones must be equal or
  /// saturated.
  private static ZipTail wide(Path path, FileBytes file, long record, ZipTail plain)
      throws IOException {
    ByteBuffer locator =
        record < LOCATOR ? ByteBuffer.allocate(LOCATOR) : bytes(file, record - LOCATOR, LOCATOR);
    if (locator.getInt(0) != 0x07064b50) {
      if (plain.end != record) {
        throw broken(
            path,
            record,
            "the directory is said to be at %,d to %,d, it should end at %,d; the archive is damaged, or something stands before or behind it"
                .formatted(plain.start, plain.end, record));
      }
      return plain;
    }
    long at = locator.getLong(8);
    if (at < 0 || at != record - LOCATOR - RECORD_64) {
      throw broken(path, record - LOCATOR, "the 64-bit end record is not where it should be");
    }
    ByteBuffer wide = bytes(file, at, RECORD_64);
    long start = wide.getLong(48);
    long length = wide.getLong(40);
    long entries = wide.getLong(32);
    boolean agrees =
        wide.getInt(0) == 0x06064b50
            && length >= 0
            && start >= 0
            && start + length == at
            && (plain.entries == 0xffff || plain.entries == entries)
            && (plain.start == 0xffffffffL || plain.start == start)
            && (plain.end - plain.start == 0xffffffffL || plain.end - plain.start == length);
    if (!agrees) {
      throw broken(path, at, "the 64-bit end record and the plain one contradict each other");
    }
    return new ZipTail(start, at, entries);
  }

  static ByteBuffer bytes(FileBytes file, long at, int length) throws IOException {
    byte[] bytes = new byte[length];
    file.read(at, MemorySegment.ofArray(bytes));
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static SafetensorsException broken(Path path, long at, String what) {
    return new SafetensorsException(
        Kind.BROKEN_ARCHIVE, path, null, "byte %,d: %s".formatted(at, what));
  }
}
