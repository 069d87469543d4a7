package radiata.cli.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// Damages bytes: flips, numbers that are read as lengths, pieces moved, doubled and cut, and words
/// of the format in wrong places. What it does depends on its random numbers alone.
final class Mutator {
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    0x7fff,
    0xffff,
    0x7fffffffL,
    0x80000000L,
    0xffffffffL,
    100_000_000,
    100_000_001,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private final RandomGenerator random;
  private final List<String> words;
  private final byte[] other;

  /// @param words what stands in such files
  /// @param other bytes of another file, of which pieces are taken
  Mutator(RandomGenerator random, List<String> words, byte[] other) {
    this.random = random;
    this.words = words;
    this.other = other;
  }

  byte[] mutate(byte[] bytes) {
    byte[] damaged = bytes.clone();
    for (int edits = 1 << random.nextInt(3); edits > 0; edits--) {
      damaged = damaged.length == 0 ? piece(other) : edit(damaged);
    }
    return damaged;
  }

  private byte[] edit(byte[] bytes) {
    int at = place(bytes);
    return switch (random.nextInt(10)) {
      case 0, 1 -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        yield bytes;
      }
      case 2 -> {
        bytes[at] = (byte) random.nextInt(256);
        yield bytes;
      }
      case 3, 4 -> number(bytes, at);
      case 5 -> splice(bytes, at, word(), 0);
      case 6 -> {
        byte[] word = word();
        yield splice(bytes, at, word, word.length);
      }
      case 7 -> splice(bytes, at, piece(random.nextBoolean() ? bytes : other), random.nextInt(9));
      case 8 -> splice(bytes, at, new byte[0], 1 + random.nextInt(16));
      default -> random.nextInt(8) == 0 ? Arrays.copyOf(bytes, at) : bytes;
    };
  }

  /// Anywhere, and oftener near the start or the end, where lengths and directories stand.
  private int place(byte[] bytes) {
    int near = Math.min(bytes.length, 96);
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(near);
      case 1 -> bytes.length - 1 - random.nextInt(near);
      default -> random.nextInt(bytes.length);
    };
  }

  private byte[] number(byte[] bytes, int at) {
    int width = 1 << random.nextInt(4);
    long value = NUMBERS[random.nextInt(NUMBERS.length)] + random.nextInt(3) - 1;
    for (int i = 0; i < width && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >> (8 * i));
    }
    return bytes;
  }

  private byte[] word() {
    return words.get(random.nextInt(words.size())).getBytes(StandardCharsets.ISO_8859_1);
  }

  private byte[] piece(byte[] from) {
    if (from.length == 0) {
      return from;
    }
    int start = random.nextInt(from.length);
    return Arrays.copyOfRange(from, start, Math.min(from.length, start + 1 + random.nextInt(64)));
  }

  /// Puts `piece` at a place, over `removed` bytes.
  private static byte[] splice(byte[] bytes, int at, byte[] piece, int removed) {
    int end = Math.min(bytes.length, at + removed);
    byte[] spliced = new byte[at + piece.length + bytes.length - end];
    System.arraycopy(bytes, 0, spliced, 0, at);
    System.arraycopy(piece, 0, spliced, at, piece.length);
    System.arraycopy(bytes, end, spliced, at + piece.length, bytes.length - end);
    return spliced;
  }
}
