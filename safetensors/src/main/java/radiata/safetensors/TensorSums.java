package radiata.safetensors;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Takes the CRC32C of every tensor of a file from its bytes on their way, from any thread and in
/// any order. Only joining what has been taken needs a lock.
final class TensorSums {
  /// The CRC32C of bytes up to `end`.
  private record Piece(long end, int crc) {}

  private final List<TensorInfo> tensors;
  private final TreeMap<Long, TensorInfo> byBegin = new TreeMap<>();
  private final TreeMap<Long, Piece> pieces = new TreeMap<>();

  TensorSums(List<TensorInfo> tensors) {
    this.tensors = tensors;
    for (TensorInfo tensor : tensors) {
      if (tensor.bytes() > 0) {
        byBegin.put(tensor.begin(), tensor);
      }
    }
  }

  /// Takes bytes from `offset` of the data section on, of one tensor or of neighbours. The buffer's
  /// position stays as it is.
  void add(long offset, ByteBuffer bytes) {
    long end = offset + bytes.remaining();
    for (long at = offset; at < end; ) {
      TensorInfo tensor = byBegin.floorEntry(at).getValue();
      long until = Math.min(end, tensor.end());
      int from = bytes.position() + (int) (at - offset);
      int crc = Crc32c.of(bytes.slice(from, (int) (until - at)));
      join(tensor, at, new Piece(until, crc));
      at = until;
    }
  }

  private synchronized void join(TensorInfo tensor, long begin, Piece piece) {
    long from = begin;
    Piece joined = piece;
    Map.Entry<Long, Piece> before = pieces.lowerEntry(begin);
    if (before != null && before.getValue().end() == begin && before.getKey() >= tensor.begin()) {
      int crc = Crc32c.joined(before.getValue().crc(), piece.crc(), piece.end() - begin);
      from = before.getKey();
      joined = new Piece(piece.end(), crc);
    }
    Piece after = piece.end() < tensor.end() ? pieces.remove(piece.end()) : null;
    if (after != null) {
      int crc = Crc32c.joined(joined.crc(), after.crc(), after.end() - piece.end());
      joined = new Piece(after.end(), crc);
    }
    pieces.put(from, joined);
  }

  /// What has been taken.
  ///
  /// @throws IllegalStateException if a byte is missing
  synchronized Checksums done() {
    int[] values = new int[tensors.size()];
    for (int i = 0; i < values.length; i++) {
      TensorInfo tensor = tensors.get(i);
      Piece whole = tensor.bytes() == 0 ? new Piece(tensor.end(), 0) : pieces.get(tensor.begin());
      if (whole == null || whole.end() != tensor.end()) {
        throw new IllegalStateException("not every byte of " + tensor + " has been seen");
      }
      values[i] = whole.crc();
    }
    return Checksums.of(values);
  }
}
