package radiata.safetensors;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// The old and the new header of a file that is edited in place, in a hidden file beside it: an
/// 8-byte CRC32C of what follows, then both headers, of equal length.
final class HeaderJournal {
  private HeaderJournal() {}

  static Path beside(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".radiata-journal");
  }

  /// The journal, and its name, are on the disk when this returns.
  static void write(Path journal, byte[] old, byte[] edited) throws IOException {
    byte[] bytes = new byte[Long.BYTES + old.length + edited.length];
    ByteBuffer.wrap(bytes).position(Long.BYTES).put(old).put(edited);
    ByteBuffer.wrap(bytes).putLong(sum(bytes));
    try {
      Disk.save(journal, new ByteArrayInputStream(bytes));
      Disk.forceFolder(journal.toAbsolutePath().resolveSibling(""));
    } catch (IOException e) {
      Files.deleteIfExists(journal);
      throw DiskSpace.explain(journal, journal, e);
    }
  }

  private static long sum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, Long.BYTES, bytes.length - Long.BYTES);
    return crc.getValue();
  }

  /// Writes the old header back. Not if the journal is incomplete, since then the file had not been
  /// touched, and not if the file's header is no mixture of the two, since then it is another file.
  static void undo(Path journal, FileChannel file) throws IOException {
    byte[] bytes = Files.readAllBytes(journal);
    if (bytes.length < Long.BYTES || ByteBuffer.wrap(bytes).getLong() != sum(bytes)) {
      return;
    }
    int length = (bytes.length - Long.BYTES) / 2;
    byte[] found = new byte[length];
    ByteBuffer into = ByteBuffer.wrap(found);
    while (into.hasRemaining() && file.read(into, into.position()) >= 0) {}
    for (int i = 0; i < length; i++) {
      byte old = bytes[Long.BYTES + i];
      byte edited = bytes[Long.BYTES + length + i];
      if (found[i] != old && found[i] != edited) {
        return;
      }
    }
    ByteBuffer old = ByteBuffer.wrap(bytes, Long.BYTES, length).slice();
    while (old.hasRemaining()) {
      file.write(old, old.position());
    }
    file.force(true);
  }
}
