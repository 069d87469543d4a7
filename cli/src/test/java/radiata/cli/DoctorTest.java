package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.Test;

class DoctorTest {
  @Test
  void saysWhichLibtorchAndDeviceTrainingWillUseAndWhy() {
    JsonObject document = radiata("doctor", "--json").json();

    JsonObject libtorch = document.getAsJsonObject("libtorch");
    assertThat(libtorch.get("version").getAsString()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(libtorch.get("trouble").isJsonNull()).isTrue();
    assertThat(document.get("device").getAsString()).matches("cpu|cuda:0");
    assertThat(document.get("device_because").getAsString()).isNotBlank();
    assertThat(radiata("doctor").out())
        .contains("libtorch  " + libtorch.get("version").getAsString())
        .contains(document.get("device_because").getAsString());
  }
}
