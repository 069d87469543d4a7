package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which bucket a picture goes in, with the numbers of sd-scripts.
class BucketsTest {
  private static final Buckets SD1 = Buckets.of(BucketSettings.of(new Size(512, 512)));

  private static Buckets sdxl() {
    return Buckets.of(new BucketSettings(new Size(1024, 1024), true, 256, 2048, 64, false));
  }

  private static Buckets own(int side) {
    return Buckets.of(new BucketSettings(new Size(side, side), true, 256, 1024, 64, true));
  }

  @Test
  void thereAreAsManyAsInSdScripts() {
    assertThat(SD1.sizes()).hasSize(17).isSorted();
    assertThat(sdxl().sizes()).hasSize(41).isSorted();
    assertThat(SD1.sizes())
        .contains(new Size(512, 512), new Size(256, 1024), new Size(1024, 256))
        .contains(new Size(320, 768), new Size(768, 320), new Size(448, 576));
    assertThat(SD1.sizes()).allMatch(size -> size.area() <= 512 * 512);
  }

  @ParameterizedTest
  @CsvSource({
    // picture, bucket, resized
    "512,512, 512,512, 512,512",
    "2000,2000, 512,512, 512,512",
    "1920,1080, 640,384, 683,384",
    "1080,1920, 384,640, 384,683",
    "100,1000, 256,1024, 256,2560",
    "576,448, 576,448, 576,448",
    "600,400, 640,384, 640,427",
  })
  void thePictureCoversTheBucketOfTheNearestAspect(
      int width, int height, int w, int h, int rw, int rh) {
    Buckets.Fit fit = SD1.fit(new Size(width, height));
    assertThat(fit.bucket()).isEqualTo(new Size(w, h));
    assertThat(fit.resized()).isEqualTo(new Size(rw, rh));
  }

  @Test
  void anyPictureCoversItsBucket() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 2000; i++) {
      Size picture = new Size(random.nextInt(64, 3000), random.nextInt(64, 3000));
      for (Buckets buckets : List.of(SD1, sdxl(), own(512))) {
        Buckets.Fit fit = buckets.fit(picture);
        assertThat(fit.resized().width()).isGreaterThanOrEqualTo(fit.bucket().width());
        assertThat(fit.resized().height()).isGreaterThanOrEqualTo(fit.bucket().height());
      }
    }
  }

  @Test
  void withoutBucketsThereIsTheResolutionAlone() {
    Buckets one = Buckets.of(new BucketSettings(new Size(512, 768), false, 256, 1024, 64, false));
    Buckets.Fit fit = one.fit(new Size(1000, 1000));
    assertThat(fit.bucket()).isEqualTo(new Size(512, 768));
    assertThat(fit.resized()).isEqualTo(new Size(768, 768));
  }

  @Test
  void withoutUpscalingASmallPictureIsOnlyCut() {
    Buckets.Fit fit = own(512).fit(new Size(300, 200));
    assertThat(fit.resized()).isEqualTo(new Size(300, 200));
    assertThat(fit.bucket()).isEqualTo(new Size(256, 192));
  }

  @Test
  void withoutUpscalingALargePictureShrinksToWholeSteps() {
    // sqrt(512*512*1.5) = 627.07 wide and 418.05 high: 576/384 has the aspect, 576/384 both ways.
    Buckets.Fit fit = own(512).fit(new Size(1500, 1000));
    assertThat(fit.bucket()).isEqualTo(new Size(576, 384));
    assertThat(fit.resized()).isEqualTo(new Size(576, 384));
  }

  @Test
  void withoutUpscalingAPictureBelowOneStepIsRefused() {
    assertThatThrownBy(() -> own(512).fit(new Size(500, 63)))
        .hasMessageContaining("500x63")
        .hasMessageContaining("bucket_no_upscale");
  }
}
