package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Pictures in other sizes, against Pillow 13.0.0 and OpenCV 5.0.0.
class ResamplingTest {
  private static Picture golden(String name, int width, int height) throws IOException {
    return Picture.read(PictureTest.GOLDEN.resolve(name + ".png")).resized(new Size(width, height));
  }

  @ParameterizedTest
  @CsvSource({
    "chelsea,150,101,8ca87315eab73d71138f76687693848960d86f404873fe9340b080b7c6e16be3",
    "chelsea,192,128,1c29023ad0a013d67288321d7f493d8b72ad072200115e5fd2136517575df7db",
    "chelsea,96,200,5bed55a157f91aee20cce8636695b6f093b8a7107b402af2a2005033e7dff6ab",
    "coffee,150,101,6667738faf6aeafb9a0d4f2feb8f8b021750df050cd4e295597a8ea285a96f4e",
    "coffee,192,128,c2daa269ef25599174550e6da78d922c075b61033367efac82f3cda2ea8ac58b",
    "coffee,96,200,e87e139d6d4e99e4aa0b75d5d0cfba82059846295c96fd04353a95efe00161cc",
  })
  void largerIsPillowsLanczosToTheByte(String name, int width, int height, String sha256)
      throws IOException, NoSuchAlgorithmException {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(golden(name, width, height).rgb());
    assertThat(HexFormat.of().formatHex(hash)).isEqualTo(sha256);
  }

  /// The left four pixels of the first two rows.
  @ParameterizedTest
  @CsvSource({
    "chelsea,48,32,ilVCjlpMg05DonttilA6i1E/mWtfmHFi",
    "chelsea,37,29,ilVDiVVIl21gsY1+ik85kVxMnXVns4x3",
    "chelsea,64,64,jFlGildIiFBCf0g9iVM/iFNDj11Rh1ZL",
    "chelsea,32,20,ilNAjFlNpH9vsIt7iE05mmtarIVzpn9m",
    "coffee,48,32,uFYjuVsptV4uqlgrsVwsrVYnrFMlq1Yp",
    "coffee,37,29,uVgmtlwrrlksq1UnrVYoq1ImplEmplAl",
    "coffee,64,64,t1MguVQguVUkvWIvuVclu18tt2MzrFsv",
    "coffee,32,20,t1spslkqrVcqplAlpFAlok0krVotxYNg",
  })
  void smallerIsTheMeanOfAreas(String name, int width, int height, String pixels)
      throws IOException {
    byte[] wanted = Base64.getDecoder().decode(pixels);
    byte[] made = golden(name, width, height).cropped(0, 0, new Size(4, 2)).rgb();
    for (int i = 0; i < wanted.length; i++) {
      assertThat(made[i] & 0xff).isBetween((wanted[i] & 0xff) - 1, (wanted[i] & 0xff) + 1);
    }
  }

  @Test
  void oneColourStaysOneColour() {
    byte[] rgb = new byte[3 * 31 * 17];
    Arrays.fill(rgb, (byte) 201);
    Picture picture = new Picture(new Size(31, 17), rgb);
    for (Size size : new Size[] {new Size(7, 5), new Size(64, 64), new Size(64, 3)}) {
      assertThat(picture.resized(size).rgb()).containsOnly(201);
    }
  }
}
