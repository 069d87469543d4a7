package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What SDXL is told: `get_crop_ltrb` of sd-scripts, computed by hand.
class TimeIdsTest {
  @Test
  void heightsStandBeforeWidths() {
    TimeIds ids = TimeIds.of(new Size(1920, 1080), new Size(1344, 768), false);
    // The bucket (1.75) is less wide than the picture (1.7778): 1344 wide, 756 high, 6 above.
    assertThat(ids.values()).containsExactly(1080, 1920, 6, 0, 768, 1344);
  }

  @Test
  void aPictureNarrowerThanItsBucketHasRoomAtTheSides() {
    TimeIds ids = TimeIds.of(new Size(1000, 1000), new Size(1152, 896), false);
    assertThat(ids.values()).containsExactly(1000, 1000, 0, 128, 896, 1152);
  }

  @Test
  void aMirrorImageHasTheRoomOfTheOtherSide() {
    // 1023 is odd: 896 * 1023/1000 = 916.6 wide, 117.7 at each side, 117 by whole division.
    Size picture = new Size(1023, 1000);
    Size bucket = new Size(1152, 896);
    assertThat(TimeIds.of(picture, bucket, false).left()).isEqualTo(117);
    assertThat(TimeIds.of(picture, bucket, true).left()).isEqualTo(118);
    assertThat(TimeIds.of(picture, bucket, true).top()).isZero();
  }
}
