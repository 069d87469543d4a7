package radiata.safetensors;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The sha256 of bytes `[begin, end)` of a stream that is given piece by piece from its start.
final class HashStream {
  private final long begin;
  private final long end;
  private final MessageDigest digest;
  private long position;

  HashStream(long begin, long end) {
    this.begin = begin;
    this.end = end;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The 64 KiB from 1 MiB on, of which AUTOMATIC1111's first hash was made.
  static HashStream legacy() {
    return new HashStream(0x100000, 0x110000);
  }

  /// Takes the next piece, whose position stays as it is.
  void update(ByteBuffer piece) {
    int length = piece.remaining();
    long from = Math.clamp(begin - position, 0, length);
    long to = Math.clamp(end - position, from, length);
    digest.update(piece.slice(piece.position() + (int) from, (int) (to - from)));
    position += length;
  }

  /// The hash of what has been given; the stream is over.
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
