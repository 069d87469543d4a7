package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/// Writes one file, from any thread and in any order: a [CheckpointWriter] of a single file, with
/// its promises.
public final class SafetensorsWriter implements AutoCloseable {
  private final CheckpointWriter writer;

  private SafetensorsWriter(CheckpointWriter writer) {
    this.writer = writer;
  }

  /// Checks the target and the free space and writes the header.
  ///
  /// @throws SafetensorsException if the target exists and is not to be replaced, or is a folder;
  ///   if its folder is missing or read-only; if the disk is full
  public static SafetensorsWriter create(Path target, Header header, Replace replace)
      throws IOException {
    return new SafetensorsWriter(CheckpointWriter.create(target, OutputPlan.file(header), replace));
  }

  /// Writes bytes of a tensor from its byte `offset` on.
  ///
  /// @throws IllegalStateException if some of them have been written before
  /// @throws SafetensorsException if the disk is full
  public void write(TensorInfo tensor, long offset, MemorySegment bytes) throws IOException {
    writer.write(0, tensor, offset, bytes);
  }

  /// Copies a run of bytes from another file into the data section, inside the kernel where it can.
  ///
  /// @param dataOffset where the run starts in the output's data section
  /// @param position where it starts in `from`
  /// @throws IllegalStateException if some of them have been written before
  /// @throws SafetensorsException if `from` is too short, or the disk is full
  public void transfer(long dataOffset, FileChannel from, long position, long count)
      throws IOException {
    writer.transfer(0, dataOffset, from, position, count);
  }

  /// Checks that every byte has been written, puts the file on the disk, and then under its name.
  ///
  /// @throws IllegalStateException if a byte was never written
  public void commit() throws IOException {
    writer.commit();
  }

  /// Removes the unfinished file, unless it was committed.
  @Override
  public void close() throws IOException {
    writer.close();
  }
}
