package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import radiata.train.config.TrainConfig;

/// Small runs for tests.
final class Runs {
  static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata")).resolve("golden/train");

  private Runs() {}

  /// A config for the small language model, with further lines.
  static Path language(Path folder, String... lines) throws IOException {
    Path text = folder.resolve("text.txt");
    if (!Files.exists(text)) {
      Files.writeString(
          text, "To be, or not to be, that is the question: whether 'tis nobler. ".repeat(40));
    }
    return config(
        folder,
        """
        pretrained_model_name_or_path = "%s"
        train_file = "text.txt"
        format = "text"
        max_length = 32
        network_dim = 2
        dora = "output"
        train_batch_size = 2
        learning_rate = 2e-3
        output_dir = "out"
        output_name = "bard"
        threads = 1
        """
            .formatted(GOLDEN.resolve("stories-dora/base")),
        lines);
  }

  /// A config for the small Stable Diffusion and its three pictures.
  static Path pictures(Path folder, String... lines) throws IOException {
    return config(
        folder,
        """
        pretrained_model_name_or_path = "%s"
        train_data_dir = "%s"
        caption_extension = ".txt"
        resolution = 64
        network_dim = 2
        dora = "output"
        learning_rate = 2e-3
        output_dir = "out"
        output_name = "cat"
        threads = 1
        """
            .formatted(GOLDEN.resolve("sd1-pipeline"), GOLDEN.resolve("sd1-pipeline/dataset")),
        lines);
  }

  private static Path config(Path folder, String text, String... lines) throws IOException {
    Path file = folder.resolve("config.toml");
    Files.writeString(file, text + String.join("\n", lines) + "\n");
    return file;
  }

  /// What a run told.
  static class Told implements RunListener {
    final List<Double> losses = new ArrayList<>();
    final List<Path> saved = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    int stopAfter = Integer.MAX_VALUE;
    int done;

    @Override
    public void starts(int before, int steps, int epochs) {
      done = before;
    }

    @Override
    public void note(String what) {
      notes.add(what);
    }

    @Override
    public void after(int step, int epoch, double loss, double average) {
      losses.add(loss);
    }

    @Override
    public void saved(Path adapter) {
      saved.add(adapter);
    }

    @Override
    public boolean stops() {
      return losses.size() >= stopAfter;
    }
  }

  static Told run(Path config, boolean resume, int stopAfter) throws IOException {
    Told told = new Told();
    told.stopAfter = stopAfter;
    Training.run(TrainConfig.read(config), resume, Optional.empty(), told);
    return told;
  }

  static Told run(Path config) throws IOException {
    return run(config, false, Integer.MAX_VALUE);
  }
}
