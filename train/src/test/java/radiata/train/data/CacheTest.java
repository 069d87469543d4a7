package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Shape;

/// What is kept of frozen models, whole or not at all.
class CacheTest {
  private static final CacheKey KEY = CacheKey.of("a", "b");

  @TempDir Path folder;
  private Cache cache;

  @BeforeEach
  void aCache() {
    cache = new Cache(folder.resolve("cache"));
  }

  private static Cache.Entry entry() {
    float[] values = new float[4 * 9 * 7];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble();
    }
    values[3] = Float.NaN;
    values[4] = -0f;
    var arrays = new LinkedHashMap<String, FloatArray>();
    arrays.put("mean", FloatArray.of(values, 4, 9, 7));
    arrays.put("one", FloatArray.of(new float[] {3}, 1));
    arrays.put("none", FloatArray.of(new float[0], 0, 5));
    arrays.put("scalar", new FloatArray(Shape.SCALAR, new float[] {1.5f}));
    return new Cache.Entry(arrays);
  }

  private Path file() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.toList().getFirst();
    }
  }

  @Test
  void whatIsPutComesBackBitForBit() throws IOException {
    assertThat(cache.find(KEY)).isEmpty();
    cache.put(KEY, entry());
    assertThat(cache.find(KEY)).contains(entry());
    assertThat(cache.find(CacheKey.of("ab"))).isEmpty();
    assertThat(cache.find(KEY).orElseThrow().array("mean").shape()).isEqualTo(Shape.of(4, 9, 7));
  }

  @Test
  void anEntryIsMadeOnce() throws IOException {
    AtomicInteger made = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      assertThat(
              cache.get(
                  KEY,
                  () -> {
                    made.incrementAndGet();
                    return entry();
                  }))
          .isEqualTo(entry());
    }
    assertThat(made).hasValue(1);
  }

  @Test
  void itIsAnLz4FrameOfTheSameBytesEveryTime() throws IOException {
    cache.put(KEY, entry());
    byte[] first = Files.readAllBytes(file());
    assertThat(HexFormat.of().formatHex(first, 0, 4)).isEqualTo("04224d18");
    cache.put(KEY, entry());
    assertThat(Files.readAllBytes(file())).isEqualTo(first);
  }

  /// Every byte changed, and every shorter file.
  @Test
  void aDamagedEntryIsMadeAgain() throws IOException {
    cache.put(KEY, entry());
    byte[] whole = Files.readAllBytes(file());
    for (int i = 0; i < whole.length; i += i < 200 ? 1 : 13) {
      byte[] changed = whole.clone();
      changed[i] ^= 0x41;
      Files.write(file(), changed);
      assertThat(cache.find(KEY)).as("byte %d", i).isEmpty();
      Files.write(file(), Arrays.copyOf(whole, i));
      assertThat(cache.find(KEY)).as("%d bytes", i).isEmpty();
    }
    assertThat(cache.get(KEY, CacheTest::entry)).isEqualTo(entry());
    assertThat(Files.readAllBytes(file())).isEqualTo(whole);
  }

  @Test
  void anEntryUnderAnothersNameIsNotBelieved() throws IOException {
    cache.put(KEY, entry());
    CacheKey other = CacheKey.of("other");
    Files.move(file(), folder.resolve("cache").resolve(other.hex() + ".lz4"));
    assertThat(cache.find(other)).isEmpty();
  }

  @Test
  void nothingIsLeftBesideEntries() throws IOException {
    cache.put(KEY, entry());
    cache.put(CacheKey.of("other"), Cache.Entry.of("x", FloatArray.of(new float[1], 1)));
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      assertThat(files).hasSize(2).allMatch(file -> file.toString().endsWith(".lz4"));
    }
  }

  @Test
  void theKeyIsTheContentAndNotTheName() throws IOException {
    Path copy = folder.resolve("other.png");
    Files.copy(PictureTest.GOLDEN.resolve("coffee.png"), copy);
    String key = key(PictureTest.GOLDEN.resolve("coffee.png"), new Size(64, 96), false, "vae");
    assertThat(key(copy, new Size(64, 96), false, "vae")).isEqualTo(key);
    assertThat(key(copy, new Size(64, 64), false, "vae")).isNotEqualTo(key);
    assertThat(key(copy, new Size(64, 96), true, "vae")).isNotEqualTo(key);
    assertThat(key(copy, new Size(64, 96), false, "other")).isNotEqualTo(key);
    Files.write(copy, new byte[] {0}, StandardOpenOption.APPEND);
    assertThat(key(copy, new Size(64, 96), false, "vae")).isNotEqualTo(key);
    assertThat(CacheKey.text("a", "b c")).isNotEqualTo(CacheKey.text("a c", "b"));
    assertThat(CacheKey.of("a", "")).isNotEqualTo(CacheKey.of("a"));
  }

  private static String key(Path file, Size bucket, boolean flipped, String vae)
      throws IOException {
    ImageItem item =
        new ImageItem(
            file,
            ImageFolderTest.subset(Path.of(""), ".txt"),
            new Size(64, 96),
            "",
            new Buckets.Fit(bucket, new Size(64, 96), 0),
            0);
    return CacheKey.latents(item, flipped, vae).hex();
  }
}
