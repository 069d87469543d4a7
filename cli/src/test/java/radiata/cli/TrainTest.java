package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the command line does of training before libtorch is needed; the runs themselves are tested
/// in their own module.
class TrainTest {
  @TempDir Path folder;

  private static Path pack(String name) {
    return Ran.TESTDATA.resolve("golden/train").resolve(name);
  }

  @ParameterizedTest
  @CsvSource({"sd1-pipeline, train_data_dir", "stories-dora/base, train_file"})
  void aFirstConfigIsForTheModelItIsGiven(String model, String key) throws IOException {
    Path config = folder.resolve("first.toml");
    Ran ran = Ran.radiata("train", "--init", config, "--model", pack(model));
    assertThat(ran.err()).isEmpty();
    assertThat(ran.exit()).isZero();
    assertThat(Files.readString(config)).contains(key, pack(model).toString(), "# ");
    Ran again = Ran.radiata("train", "--init", config, "--model", pack(model));
    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains("first.toml").doesNotContain("Exception");
  }

  @Test
  void aFirstConfigWantsItsModel() {
    Ran ran = Ran.radiata("train", "--init", folder.resolve("first.toml"));
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err()).contains("--model");
  }

  @Test
  void everyMistakeOfAConfigIsNamedWithItsPlace() throws IOException {
    Path config = folder.resolve("wrong.toml");
    Files.writeString(
        config,
        """
        pretrained_model_name_or_path = "%s"
        train_data_dir = "nowhere"
        network_dmi = 4
        """
            .formatted(pack("sd1-pipeline")));
    Ran ran = Ran.radiata("train", config);
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err().lines()).hasSize(1);
    assertThat(ran.err()).contains("wrong.toml", "line 3", "network_dim", "nowhere");
  }

  @Test
  void aFolderThatIsNoRecordIsRefused() {
    Ran ran = Ran.radiata("replay", folder, "--device", "tpu");
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err()).contains("tpu", "cuda");
  }
}
