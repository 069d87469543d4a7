package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import radiata.safetensors.Shape;
import radiata.train.data.Cache;
import radiata.train.data.CacheKey;
import radiata.train.data.Draws;
import radiata.train.data.FloatArray;
import radiata.train.data.ImageItem;
import radiata.train.data.ImageUse;
import radiata.train.data.Picture;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.Vae;

/// What the VAE makes of pictures, scaled as the UNet reads it. Where latents are kept, each
/// picture has one sample of its distribution, and one mirrored, for the whole run, as in
/// sd-scripts.
final class Latents {
  /// Without a look into the file: which picture, and whether mirrored.
  private record Key(Path file, boolean flipped) {}

  private final Torch torch;
  private final Vae vae;
  private final Cache cache;
  private final boolean keep;
  private final String name;
  private final Draws draws;
  private final Map<Key, FloatArray> known = new HashMap<>();

  Latents(Torch torch, Vae vae, Cache cache, boolean keep, String name, Draws draws) {
    this.torch = torch;
    this.vae = vae;
    this.cache = cache;
    this.keep = keep;
    this.name = name;
    this.draws = draws;
  }

  /// `[1, 4, height / 8, width / 8]`.
  Tensor of(ImageUse use, int epoch) throws IOException {
    FloatArray latents = keep ? kept(use) : fresh(use, epoch);
    return torch.of(latents.values(), latents.shape().dims());
  }

  private FloatArray kept(ImageUse use) throws IOException {
    ImageItem item = use.item();
    Key key = new Key(item.file(), use.flipped());
    FloatArray there = known.get(key);
    if (there == null) {
      Cache.Entry entry =
          cache.get(
              CacheKey.latents(item, use.flipped(), name),
              () -> Cache.Entry.of("latents", fresh(new ImageUse(item, 0, use.flipped()), 0)));
      there = entry.array("latents");
      known.put(key, there);
    }
    return there;
  }

  private FloatArray fresh(ImageUse use, int epoch) throws IOException {
    Picture picture = use.item().load(use, draws, epoch);
    FloatArray values = picture.values();
    long item = keep ? Draws.item(use.item().file().getFileName().toString()) : use.number();
    try (Gradients.Pause _ = Gradients.pause();
        Scope _ = Scope.open()) {
      Shape shape = values.shape();
      Tensor pixels = torch.of(values.values(), batch(shape));
      Vae.Moments moments = vae.encode(pixels);
      Tensor noise =
          Normals.of(
              torch, draws.of(Draws.Purpose.LATENT, epoch, item), moments.mean().shape().dims());
      Tensor latents = vae.latents(moments, noise.cast(moments.mean().dtype()));
      if (!latents.isFinite()) {
        throw new TrainingException(
            "%s: the VAE makes numbers that are not finite of it; take a VAE for float16, or another one with vae = \"...\""
                .formatted(use.item().file()));
      }
      return new FloatArray(latents.shape(), latents.floats());
    }
  }

  private static long[] batch(Shape shape) {
    long[] dims = shape.dims();
    if (dims.length == 4) {
      return dims;
    }
    long[] four = new long[4];
    four[0] = 1;
    System.arraycopy(dims, 0, four, 1, 3);
    return four;
  }
}
