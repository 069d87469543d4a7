package radiata.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// The old and the new header of a file that is edited in place, in a hidden file beside it: an
/// 8-byte CRC32C of what follows, then both headers, of equal length. Whoever edits keeps it
/// locked; a journal without a lock is that of a process that died.
final class HeaderJournal implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;

  private HeaderJournal(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  static Path beside(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".radiata-journal");
  }

  /// The journal, and its name, are on the disk when this returns.
  static HeaderJournal write(Path file, byte[] old, byte[] edited) throws IOException {
    byte[] bytes = new byte[Long.BYTES + old.length + edited.length];
    ByteBuffer.wrap(bytes).position(Long.BYTES).put(old).put(edited);
    ByteBuffer.wrap(bytes).putLong(sum(bytes));
    Path path = beside(file);
    FileChannel channel;
    try {
      channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw busy(file);
    }
    HeaderJournal journal = new HeaderJournal(path, channel);
    try {
      requireLock(file, channel);
      Disk.put(channel, ByteBuffer.wrap(bytes));
      Disk.forceFolder(path.toAbsolutePath().resolveSibling(""));
      return journal;
    } catch (IOException e) {
      journal.done();
      journal.close();
      throw DiskSpace.explain(file, path, e);
    }
  }

  private static void requireLock(Path file, FileChannel channel) throws IOException {
    try {
      if (channel.tryLock() == null) {
        throw busy(file);
      }
    } catch (OverlappingFileLockException e) {
      throw busy(file);
    }
  }

  private static SafetensorsException busy(Path file) {
    return OutputTarget.error(
        file, "its metadata are being edited by another process; try again when that is done");
  }

  private static long sum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, Long.BYTES, bytes.length - Long.BYTES);
    return crc.getValue();
  }

  /// Writes the old header back and deletes the journal. Nothing is written if the journal is
  /// incomplete, since then the file had not been touched, or if the file's header is no mixture of
  /// the two, since then it is another file.
  static void undo(Path file, FileChannel content) throws IOException {
    Path path = beside(file);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      requireLock(file, channel);
      byte[] bytes = new byte[Math.toIntExact(channel.size())];
      read(channel, ByteBuffer.wrap(bytes));
      if (bytes.length > Long.BYTES && ByteBuffer.wrap(bytes).getLong() == sum(bytes)) {
        int length = (bytes.length - Long.BYTES) / 2;
        ByteBuffer old = ByteBuffer.wrap(bytes, Long.BYTES, length).slice();
        ByteBuffer edited = ByteBuffer.wrap(bytes, Long.BYTES + length, length).slice();
        if (mixed(content, old, edited)) {
          Disk.put(content, old);
        }
      }
      Files.delete(path);
    }
  }

  private static boolean mixed(FileChannel content, ByteBuffer old, ByteBuffer edited)
      throws IOException {
    ByteBuffer found = ByteBuffer.allocate(old.capacity());
    read(content, found);
    for (int i = 0; i < found.capacity(); i++) {
      if (found.get(i) != old.get(i) && found.get(i) != edited.get(i)) {
        return false;
      }
    }
    return true;
  }

  /// Through the channel that holds the lock: closing another one of the file would give it up
  /// (POSIX).
  private static void read(FileChannel from, ByteBuffer into) throws IOException {
    while (into.hasRemaining() && from.read(into, into.position()) >= 0) {}
  }

  /// The edit is on the disk, or was not begun.
  void done() throws IOException {
    Files.delete(path);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
