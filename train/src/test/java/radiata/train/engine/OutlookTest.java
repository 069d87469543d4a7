package radiata.train.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which libtorch and which device are foretold, and why.
class OutlookTest {
  private static Libraries built(String flavor) {
    return new Libraries("2.5.1", flavor, "a.jar", Optional.empty(), false, Optional.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "cpu, false, false, 0, cpu, no GPU is to be seen",
    "cpu, true, true, 1, cpu, built without CUDA",
    "cpu, false, true, 0, cpu, there is a GPU",
    "cu124, true, true, 2, cuda:0, the first of 2",
    "cu124, false, true, 0, cpu, no CUDA toolkit",
    "cu124, true, true, 0, cpu, counts no GPU",
    "cu124, true, false, 0, cpu, no driver",
  })
  void theDeviceComesWithItsReason(
      String flavor, boolean toolkit, boolean driver, int gpus, String device, String because) {
    Outlook outlook = new Outlook(built(flavor), toolkit, driver, gpus);
    assertThat(outlook.device()).hasToString(device);
    assertThat(outlook.because()).contains(because);
  }

  @Test
  void whatIsForetoldIsWhatIsLoaded() throws Exception {
    Outlook outlook = Outlook.here();
    assertThat(outlook.libraries().trouble()).isEmpty();
    Torch torch = Torch.on(outlook.device());
    assertThat(Torch.version()).startsWith(outlook.libraries().version());
    assertThat(Torch.gpus() > 0).isEqualTo(torch.device().isGpu());
    // Loaded, and so unpacked where it was said to be.
    Path folder = outlook.libraries().folder().orElseThrow();
    assertThat(folder.resolve(System.mapLibraryName("torch"))).exists();
    assertThat(Libraries.found().unpacked()).isTrue();
  }
}
