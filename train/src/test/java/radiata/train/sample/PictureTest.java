package radiata.train.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Torch;

final class PictureTest {
  @Test
  void isCutToItsRangeRoundedAndWrittenAsPng() throws IOException {
    try (Scope _ = Scope.open()) {
      Torch torch = Torch.on(Device.CPU);
      float[] values = {-3, 1, 0, 0.5f, -1, 2};
      Picture picture = Picture.of(torch.of(values, 1, 3, 1, 2), 0);
      assertThat(picture.planes()).containsExactly(0, 255, 128, (int) Math.rint(191.25), 0, 255);
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(picture.png()));
      assertThat(image.getRGB(0, 0) & 0xFFFFFF).isEqualTo(0x008000);
      assertThat(image.getRGB(1, 0) & 0xFFFFFF).isEqualTo(0xFFBFFF);
    }
  }
}
