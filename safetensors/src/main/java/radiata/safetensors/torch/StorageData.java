package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.FileBytes;

/// The bytes of a storage. Safe for use by several threads.
sealed interface StorageData extends AutoCloseable {
  long bytes();

  /// Where they start in the file, plain or compressed.
  long position();

  /// Fills `into` from byte `offset` of the storage on.
  void read(long offset, MemorySegment into) throws IOException;

  /// A run of the storage as memory that lives as long as `arena`.
  MemorySegment map(long offset, long bytes, Arena arena) throws IOException;

  @Override
  void close();

  /// Bytes that lie in the file as they are.
  ///
  /// @param position where they start in the file
  record Plain(FileBytes file, long position, long bytes) implements StorageData {
    @Override
    public void read(long offset, MemorySegment into) throws IOException {
      file.read(position + offset, into);
    }

    @Override
    public MemorySegment map(long offset, long bytes, Arena arena) throws IOException {
      return file.map(position + offset, bytes, arena);
    }

    @Override
    public void close() {}
  }

  /// A deflated entry of a zip archive.
  ///
  /// @param position where its compressed bytes start in the file
  record Deflated(InflatingReader reader, long position, long bytes) implements StorageData {
    @Override
    public void read(long offset, MemorySegment into) throws IOException {
      reader.read(offset, into);
    }

    @Override
    public MemorySegment map(long offset, long bytes, Arena arena) throws IOException {
      MemorySegment memory = arena.allocate(bytes);
      reader.read(offset, memory);
      return memory;
    }

    @Override
    public void close() {
      reader.close();
    }
  }
}
