package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pixels from files.
class PictureTest {
  static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata"))
          .resolve("golden/train/sd1-pipeline/dataset/2_photo");

  /// Two by one pixels, lossless: 255,0,0 and 0,0,255.
  private static final String WEBP = "UklGRh4AAABXRUJQVlA4TBEAAAAvAQAAAA8Q87//8x8OMqL/AQA=";

  @TempDir Path folder;

  private Path write(BufferedImage image, String format) throws IOException {
    Path file = folder.resolve("picture." + format);
    assertThat(ImageIO.write(image, format, file.toFile())).isTrue();
    return file;
  }

  private static BufferedImage gradient(int type) {
    BufferedImage image = new BufferedImage(16, 2, type);
    for (int x = 0; x < 16; x++) {
      for (int y = 0; y < 2; y++) {
        image.getRaster().setSample(x, y, 0, 16 * x + y);
      }
    }
    return image;
  }

  @Test
  void aGoldenPictureHasItsValues() throws IOException {
    Picture picture = Picture.read(GOLDEN.resolve("chelsea.png"));
    assertThat(picture.size()).isEqualTo(new Size(96, 64));
    assertThat(Picture.sizeOf(GOLDEN.resolve("chelsea.png"))).isEqualTo(picture.size());
    FloatArray values = picture.values();
    assertThat(values.shape().dims()).containsExactly(3, 64, 96);
    BufferedImage image = ImageIO.read(GOLDEN.resolve("chelsea.png").toFile());
    for (int[] at : new int[][] {{0, 0}, {95, 63}, {17, 40}}) {
      for (int c = 0; c < 3; c++) {
        int sample = image.getRGB(at[0], at[1]) >> 16 - 8 * c & 0xff;
        assertThat(values.values()[(c * 64 + at[1]) * 96 + at[0]]).isEqualTo(sample / 127.5f - 1);
      }
    }
  }

  @Test
  void greyIsTakenAsItIs() throws IOException {
    Picture grey = Picture.read(write(gradient(BufferedImage.TYPE_BYTE_GRAY), "png"));
    for (int x = 0; x < 16; x++) {
      for (int c = 0; c < 3; c++) {
        assertThat(grey.rgb()[3 * (16 + x) + c] & 0xff).isEqualTo(16 * x + 1);
      }
    }
  }

  @Test
  void transparencyIsDroppedAndColoursStay() throws IOException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00123456);
    image.setRGB(1, 0, 0x80fedcba);
    assertThat(Picture.read(write(image, "png")).rgb())
        .isEqualTo(new byte[] {0x12, 0x34, 0x56, (byte) 0xfe, (byte) 0xdc, (byte) 0xba});
  }

  @Test
  void bmpAndJpegAndPalettesAreRead() throws IOException {
    BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 64; i++) {
      image.setRGB(i % 8, i / 8, 0x3264c8);
    }
    byte[] colour = {0x32, 0x64, (byte) 0xc8};
    assertThat(Picture.read(write(image, "bmp")).rgb()).startsWith(colour);
    byte[] jpeg = Picture.read(write(image, "jpg")).rgb();
    for (int c = 0; c < 3; c++) {
      assertThat(jpeg[c] & 0xff).isBetween((colour[c] & 0xff) - 3, (colour[c] & 0xff) + 3);
    }
    BufferedImage palette = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_INDEXED);
    palette.setRGB(1, 0, 0xffff0000);
    assertThat(Picture.read(write(palette, "png")).rgb())
        .startsWith(new byte[] {0, 0, 0, (byte) 0xff, 0, 0});
  }

  @Test
  void webpIsRead() throws IOException {
    Path file = Files.write(folder.resolve("p.webp"), Base64.getDecoder().decode(WEBP));
    assertThat(Picture.sizeOf(file)).isEqualTo(new Size(2, 1));
    assertThat(Picture.read(file).rgb()).isEqualTo(new byte[] {-1, 0, 0, 0, 0, -1});
  }

  @Test
  void brokenFilesEndInOneLine() throws IOException {
    byte[] png = Files.readAllBytes(GOLDEN.resolve("coffee.png"));
    Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, png.length / 2));
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Path empty = Files.write(folder.resolve("empty.png"), new byte[0]);
    BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 64 * 64; i++) {
      image.setRGB(i % 64, i / 64, i * 77_777);
    }
    byte[] jpeg = Files.readAllBytes(write(image, "jpg"));
    Path half = Files.write(folder.resolve("half.jpg"), Arrays.copyOf(jpeg, jpeg.length / 2));
    for (Path file : new Path[] {cut, text, empty, half}) {
      assertThatThrownBy(() -> Picture.read(file))
          .as("%s", file.getFileName())
          .isInstanceOf(DataException.class)
          .message()
          .doesNotContain("\n")
          .contains("picture");
    }
    assertThatThrownBy(() -> Picture.read(folder.resolve("none.png")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aPictureOfTooManyPixelsIsNotRead() throws IOException {
    byte[] png = Files.readAllBytes(write(gradient(BufferedImage.TYPE_BYTE_GRAY), "png"));
    // The header's width, and its checksum.
    ByteBuffer.wrap(png).putInt(16, 1 << 30).putInt(20, 1 << 30);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    Path bomb = Files.write(folder.resolve("bomb.png"), png);
    assertThatThrownBy(() -> Picture.sizeOf(bomb))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("1073741824x1073741824");
  }

  @Test
  void aMirrorImageTwiceIsThePicture() throws IOException {
    Picture picture = Picture.read(GOLDEN.resolve("coffee.png"));
    Picture mirror = picture.flipped();
    assertThat(mirror.rgb()).isNotEqualTo(picture.rgb());
    assertThat(mirror.flipped().rgb()).isEqualTo(picture.rgb());
    assertThat(mirror.cropped(63, 0, new Size(1, 96)).rgb())
        .isEqualTo(picture.cropped(0, 0, new Size(1, 96)).rgb());
  }
}
