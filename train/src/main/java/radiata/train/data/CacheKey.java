package radiata.train.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import radiata.safetensors.Hashes;

/// What a cached result was made from, by content and never by name or date.
///
/// @param hex 64 digits
public record CacheKey(String hex) {
  /// What goes into a key changes with what is done to a picture or text on the way to its model.
  private static final String VERSION = "radiata cache 1";

  /// Of what a VAE makes of a picture.
  ///
  /// @param vae names the VAE, its precision included, by content
  public static CacheKey latents(ImageItem item, boolean flipped, String vae) throws IOException {
    return of(
        "latents",
        vae,
        Hashes.sha256(item.file()),
        item.fit().resized().toString(),
        item.fit().bucket().toString(),
        flipped ? "flipped" : "");
  }

  /// Of what text encoders make of a text.
  ///
  /// @param encoders names them, with all settings that bear on the result, by content
  public static CacheKey text(String caption, String encoders) {
    return of("text", encoders, caption);
  }

  /// The files of a model by content, as one text to put in a key.
  public static String model(Iterable<Path> files) throws IOException {
    StringBuilder all = new StringBuilder();
    for (Path file : files) {
      all.append(Hashes.sha256(file)).append(' ');
    }
    return all.toString().strip();
  }

  static CacheKey of(String... parts) {
    MessageDigest hash;
    try {
      hash = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    add(hash, VERSION);
    for (String part : parts) {
      add(hash, part);
    }
    return new CacheKey(HexFormat.of().formatHex(hash.digest()));
  }

  /// With its length, so that no two lists of parts are one text.
  private static void add(MessageDigest hash, String part) {
    byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
    hash.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    hash.update(bytes);
  }
}
