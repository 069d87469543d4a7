package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;

/// Gives a file other metadata. Its tensors keep their order and bytes, so the data hash stays.
///
/// Where the new header fits into the old one's N bytes it is written over it, in one write and
/// filled up with spaces. A write over existing bytes can be torn by a crash, so both headers go
/// into a journal beside the file first, and are on the disk before the file is touched; [#recover]
/// brings the old header back. Where the header does not fit, the file is copied with the new
/// header and replaced at once.
public final class MetadataEdit {
  private MetadataEdit() {}

  /// Replaces the metadata of a file, in place if the header has room. What an earlier edit that
  /// was killed has left is undone before.
  ///
  /// @throws SafetensorsException if the file is broken, read-only or a symbolic link, the metadata
  ///   cannot be written, or the disk is full
  public static void apply(Path file, Map<String, String> metadata) throws IOException {
    if (Files.isSymbolicLink(file)) {
      throw OutputTarget.error(
          file,
          "it is a symbolic link, and what it points to may be shared; name the file itself: "
              + file.toRealPath());
    }
    recover(file);
    byte[] edited;
    byte[] old;
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      edited = header(open, metadata).bytes();
      old = new byte[Math.toIntExact(open.dataStart())];
    }
    int length = edited.length;
    while (edited[length - 1] == ' ') {
      length--;
    }
    if (length > old.length) {
      copy(file, file, metadata, Replace.FORCE);
      return;
    }
    if (!Files.isWritable(file)) {
      throw OutputTarget.error(file, "it is read-only for this user");
    }
    try (FileBytes bytes = FileBytes.open(file)) {
      bytes.read(0, MemorySegment.ofArray(old));
    }
    byte[] fitted = old.clone();
    Arrays.fill(fitted, Long.BYTES, fitted.length, (byte) ' ');
    System.arraycopy(edited, Long.BYTES, fitted, Long.BYTES, length - Long.BYTES);
    overwrite(file, old, fitted);
  }

  /// Writes a copy of a file with other metadata.
  ///
  /// @throws SafetensorsException as [SafetensorsWriter#create] does
  public static void copy(Path from, Path to, Map<String, String> metadata, Replace replace)
      throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(from);
        FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
      Header header = header(open, metadata);
      try (SafetensorsWriter writer = SafetensorsWriter.create(to, header, replace)) {
        writer.transfer(0, source, open.dataStart(), header.dataBytes());
        writer.commit();
      }
    }
  }

  /// Undoes an edit of this file that was killed half way; does nothing where there was none. It is
  /// for whoever finds the header of a file broken.
  ///
  /// @throws SafetensorsException if another process is editing the file
  public static void recover(Path file) throws IOException {
    if (Files.exists(HeaderJournal.beside(file))) {
      try (FileChannel channel = open(file)) {
        HeaderJournal.undo(file, channel);
      }
    }
  }

  private static Header header(SafetensorsFile file, Map<String, String> metadata) {
    return Header.inOrder(file.tensors().stream().map(TensorInfo::spec).toList(), metadata);
  }

  private static void overwrite(Path file, byte[] old, byte[] fitted) throws IOException {
    try (FileChannel channel = open(file);
        HeaderJournal journal = HeaderJournal.write(file, old, fitted)) {
      Disk.put(channel, ByteBuffer.wrap(fitted));
      journal.done();
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }
}
