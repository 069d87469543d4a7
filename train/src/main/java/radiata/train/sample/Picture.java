package radiata.train.sample;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import radiata.train.engine.Tensor;

/// An RGB picture of 8 bits a channel.
public final class Picture {
  private final int width;
  private final int height;
  private final byte[] values;

  private Picture(int width, int height, byte[] values) {
    this.width = width;
    this.height = height;
    this.values = values;
  }

  /// One of the pictures that an autoencoder decoded.
  ///
  /// @param decoded `[batch, 3, height, width]`, from -1 to 1 or a bit beyond
  public static Picture of(Tensor decoded, int index) {
    int height = Math.toIntExact(decoded.size(2));
    int width = Math.toIntExact(decoded.size(3));
    float[] all = decoded.slice(0, index, index + 1).contiguous().floats();
    byte[] values = new byte[all.length];
    for (int i = 0; i < all.length; i++) {
      float unit = Math.clamp(all[i] / 2 + 0.5f, 0f, 1f);
      values[i] = (byte) Math.rint(unit * 255f);
    }
    return new Picture(width, height, values);
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /// All reds row by row, then all greens, then all blues; bytes without a sign.
  public byte[] planes() {
    return values.clone();
  }

  /// The picture as a PNG file.
  public byte[] png() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int plane = width * height;
    for (int i = 0; i < plane; i++) {
      int rgb =
          (values[i] & 0xFF) << 16
              | (values[plane + i] & 0xFF) << 8
              | (values[2 * plane + i] & 0xFF);
      image.setRGB(i % width, i / width, rgb);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false);
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("this Java cannot write PNG");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
