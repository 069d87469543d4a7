package radiata.train.data;

import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;

/// A picture in memory, eight bits each of red, green and blue. As in sd-scripts, what a file says
/// besides its pixels is not heeded: an EXIF orientation turns nothing, a colour profile changes no
/// value, transparency is dropped.
public final class Picture {
  /// Larger ones are more likely an attack on memory than a picture.
  private static final long MOST_PIXELS = 1L << 28;

  private static final Set<String> FORMATS = Set.of("png", "jpeg", "bmp", "webp");

  private final Size size;
  private final byte[] rgb;

  Picture(Size size, byte[] rgb) {
    this.size = size;
    this.rgb = rgb;
  }

  public Size size() {
    return size;
  }

  /// Rows from the top, in each pixel red, green, blue; not to be changed.
  byte[] rgb() {
    return rgb;
  }

  /// What is done with an open picture.
  private interface Use<T> {
    T of(ImageReader reader) throws IOException;
  }

  /// Reads a PNG, JPEG, WebP or BMP file.
  ///
  /// @throws DataException if it is none of these, is broken, or has more than 2^28 pixels
  public static Picture read(Path file) throws IOException {
    return open(file, reader -> decoded(file, reader));
  }

  /// The size of the picture in a file, whose pixels are not read.
  public static Size sizeOf(Path file) throws IOException {
    return open(file, reader -> size(file, reader));
  }

  private static <T> T open(Path file, Use<T> use) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try (ImageInputStream stream = new FileImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      while (readers.hasNext()) {
        ImageReader reader = readers.next();
        if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
          return with(reader, stream, use);
        }
      }
    } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new DataException(file, "a broken picture: " + firstLine(e));
    }
    throw new DataException(file, "no picture that can be read: png, jpg, webp and bmp can");
  }

  private static <T> T with(ImageReader reader, ImageInputStream stream, Use<T> use)
      throws IOException {
    try {
      reader.setInput(stream, true, true);
      return use.of(reader);
    } finally {
      reader.dispose();
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static Size size(Path file, ImageReader reader) throws IOException {
    Size size = new Size(reader.getWidth(0), reader.getHeight(0));
    if (size.width() < 1 || size.height() < 1 || size.area() > MOST_PIXELS) {
      throw new DataException(file, "%s pixels; at most %,d are read".formatted(size, MOST_PIXELS));
    }
    return size;
  }

  private static Picture decoded(Path file, ImageReader reader) throws IOException {
    Size size = size(file, reader);
    // A JPEG that ends too early is only warned of, and its rest is grey.
    reader.addIIOReadWarningListener((_, warning) -> {
      if (warning.contains("Truncated") || warning.contains("Premature end")) {
        throw new DataException(file, "a broken picture: it ends too early");
      }
    });
    return new Picture(size, rgb(reader.read(0)));
  }

  private static byte[] rgb(BufferedImage image) {
    int width = image.getWidth();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, image.getHeight()))];
    int depth = depth(image);
    for (int y = 0; y < image.getHeight(); y++) {
      int at = 3 * width * y;
      if (depth == 0) {
        mapped(image.getRGB(0, y, width, 1, null, 0, width), rgb, at);
      } else {
        raw(image.getRaster(), y, depth - 8, rgb, at);
      }
    }
    return rgb;
  }

  /// Bits of a sample where the samples are the colours themselves; 0 where they are looked up.
  /// Java's own way would turn grey and profiled values into others.
  private static int depth(BufferedImage image) {
    boolean plain = image.getColorModel() instanceof ComponentColorModel;
    return switch (image.getRaster().getTransferType()) {
      case DataBuffer.TYPE_BYTE -> plain ? 8 : 0;
      case DataBuffer.TYPE_USHORT -> plain ? 16 : 0;
      default -> 0;
    };
  }

  private static void mapped(int[] pixels, byte[] rgb, int start) {
    int at = start;
    for (int pixel : pixels) {
      rgb[at++] = (byte) (pixel >> 16);
      rgb[at++] = (byte) (pixel >> 8);
      rgb[at++] = (byte) pixel;
    }
  }

  private static void raw(Raster raster, int y, int shift, byte[] rgb, int start) {
    int bands = raster.getNumBands();
    int[] row =
        raster.getPixels(
            raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, (int[]) null);
    int at = start;
    for (int x = 0; x < row.length; x += bands) {
      boolean grey = bands < 3;
      rgb[at++] = (byte) (row[x] >> shift);
      rgb[at++] = (byte) (row[grey ? x : x + 1] >> shift);
      rgb[at++] = (byte) (row[grey ? x : x + 2] >> shift);
    }
  }

  /// The same picture in another size: averaged over areas where no side grows, else by Lanczos, as
  /// sd-scripts does by default.
  public Picture resized(Size to) {
    return to.equals(size) ? this : Resampling.resized(this, to);
  }

  /// A part of it.
  public Picture cropped(int left, int top, Size to) {
    if (to.equals(size)) {
      return this;
    }
    byte[] part = new byte[3 * to.width() * to.height()];
    for (int y = 0; y < to.height(); y++) {
      int from = 3 * ((top + y) * size.width() + left);
      System.arraycopy(rgb, from, part, 3 * y * to.width(), 3 * to.width());
    }
    return new Picture(to, part);
  }

  /// Its mirror image, left and right exchanged.
  public Picture flipped() {
    byte[] mirror = new byte[rgb.length];
    int width = size.width();
    for (int pixel = 0; pixel < width * size.height(); pixel++) {
      int other = pixel - pixel % width + width - 1 - pixel % width;
      System.arraycopy(rgb, 3 * pixel, mirror, 3 * other, 3);
    }
    return new Picture(size, mirror);
  }

  /// `[3, height, width]`, from -1 (black) to 1: `x / 127.5 - 1`.
  public FloatArray values() {
    int plane = size.width() * size.height();
    float[] values = new float[3 * plane];
    for (int i = 0; i < plane; i++) {
      for (int c = 0; c < 3; c++) {
        values[c * plane + i] = (rgb[3 * i + c] & 0xff) / 127.5f - 1;
      }
    }
    return FloatArray.of(values, 3, size.height(), size.width());
  }
}
