package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.spec;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// Checksums that are taken from pieces.
class TensorSumsTest {
  /// The check value of CRC-32C (RFC 3720 calls the polynomial; the catalogue of parametrised CRC
  /// algorithms gives the value).
  private static final int CHECK = 0xE3069283;

  private static int crc(byte[] bytes, long from, long to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, (int) from, (int) (to - from));
    return (int) crc.getValue();
  }

  @Test
  void joinsTheKnownCheckValueFromEverySplit() {
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    for (int at = 0; at <= digits.length; at++) {
      int joined =
          Crc32c.joined(crc(digits, 0, at), crc(digits, at, digits.length), digits.length - at);
      assertThat(joined).isEqualTo(CHECK);
    }
  }

  @Test
  void joinsLengthsBeyondThirtyTwoBits() {
    long huge = (1L << 40) + 12_345;
    int a = 0x12345678;
    // A run of n zeros appended at once is the same as appended in two parts.
    int zeros = zeros(huge);
    int parts = Crc32c.joined(Crc32c.joined(a, zeros(1L << 40), 1L << 40), zeros(12_345), 12_345);
    assertThat(Crc32c.joined(a, zeros, huge)).isEqualTo(parts);
    byte[] some = new byte[12_345];
    assertThat(zeros(12_345)).isEqualTo(crc(some, 0, some.length));
  }

  /// The CRC32C of n zeros, by doubling.
  private static int zeros(long n) {
    int sum = 0;
    int power = crc(new byte[1], 0, 1);
    long length = 1;
    for (long left = n; left > 0; left >>= 1) {
      if ((left & 1) == 1) {
        sum = Crc32c.joined(sum, power, length);
      }
      power = Crc32c.joined(power, power, length);
      length *= 2;
    }
    return sum;
  }

  @Test
  void takesPiecesInAnyOrderAndAcrossTensors() {
    Header header =
        Header.canonical(
            List.of(
                spec("a", DType.U8, 1000),
                spec("b", DType.F16, 77),
                spec("empty", DType.F32, 0, 3),
                spec("c", DType.U8, 1)),
            Map.of());
    byte[] data = new byte[(int) header.dataBytes()];
    Random random = new Random(7);
    random.nextBytes(data);
    for (int round = 0; round < 50; round++) {
      List<Integer> cuts = new ArrayList<>(List.of(0, data.length));
      random.ints(round, 1, data.length).forEach(cuts::add);
      List<Integer> sorted = cuts.stream().distinct().sorted().toList();
      List<Integer> pieces =
          new ArrayList<>(Stream.iterate(0, i -> i + 1).limit(sorted.size() - 1).toList());
      Collections.shuffle(pieces, random);
      TensorSums sums = new TensorSums(header.tensors());
      for (int piece : pieces) {
        int from = sorted.get(piece);
        sums.add(from, ByteBuffer.wrap(data, from, sorted.get(piece + 1) - from));
      }
      Checksums done = sums.done();
      for (int i = 0; i < header.tensors().size(); i++) {
        TensorInfo tensor = header.tensors().get(i);
        assertThat(done.crc32c(i))
            .as(tensor.name())
            .isEqualTo(crc(data, tensor.begin(), tensor.end()));
      }
    }
  }

  @Test
  void isNotDoneWhileAByteIsMissing() {
    TensorSums sums =
        new TensorSums(Header.canonical(List.of(spec("a", DType.U8, 4)), Map.of()).tensors());
    sums.add(1, ByteBuffer.wrap(new byte[3]));
    assertThatThrownBy(sums::done)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("a");
  }

  @Test
  void theTextIsAsLongAsTheNumberOfTensorsSays() {
    for (int tensors = 0; tensors < 8; tensors++) {
      int[] values = new Random(tensors).ints(tensors).toArray();
      Checksums sums = Checksums.of(values);
      assertThat(sums.text()).hasSameSizeAs(Checksums.unknown(tensors).text());
      assertThat(Checksums.parse(sums.text())).contains(sums);
    }
    assertThat(Checksums.of(0x01020304).text()).isEqualTo("AQIDBA==");
    for (String wrong : List.of("AQID", "!", "AQIDBAU=", "AQIDBA==x")) {
      assertThat(Checksums.parse(wrong)).as(wrong).isEmpty();
    }
  }
}
