package radiata.train.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import radiata.safetensors.DType;
import radiata.toml.TomlEntry;
import radiata.toml.TomlException;
import radiata.train.sample.Prediction;

/// Reads a [TrainConfig], section by section.
final class ConfigReader {
  private static final Path NOWHERE = Path.of("");
  private static final int MOST_THREADS = 1024;

  private final Keys keys;
  private final List<String> mistakes;
  private final List<String> notes = new ArrayList<>();

  ConfigReader(Keys keys, List<String> mistakes) {
    this.keys = keys;
    this.mistakes = mistakes;
  }

  static TrainConfig read(Path file) throws IOException {
    List<String> mistakes = new ArrayList<>();
    try {
      Keys keys = Keys.flat(TomlEntry.read(file, "a config"), mistakes);
      TrainConfig config = new ConfigReader(keys, mistakes).config(file);
      if (mistakes.isEmpty()) {
        return config;
      }
    } catch (TomlException e) {
      mistakes.add(e.said());
    }
    throw new ConfigException(file, mistakes);
  }

  TrainConfig config(Path file) throws IOException {
    keys.requireOne("train_data_dir", "image_dir", "dataset_config", "train_file");
    boolean text = keys.has("train_file");
    ModelSection model = model();
    AdapterSection adapter = new AdapterReader(keys).read(text);
    TrainingSection training = new TrainingReader(keys).read();
    OutputSection output = new OutputReader(keys).read(text);
    DataSection data = text ? text() : images(training.batchSize(), output.folder());
    if (data instanceof ImageSection images && images.cacheText() && adapter.textEncoder()) {
      keys.mistake(
          "cache_text_encoder_outputs",
          "what a text encoder makes of a caption changes while it is trained; write text_encoder = false");
    }
    SampleSection samples = new SampleReader(keys).read(data);
    for (String key : Unbuilt.WITHOUT_MEANING) {
      keys.place(key)
          .ifPresent(place -> notes.add("'%s' changes nothing here".formatted(place.key())));
    }
    keys.finish(Set.of());
    return new TrainConfig(file, model, adapter, data, training, samples, output, notes);
  }

  /// Mistakes in a dataset file are told under its own name, or among those of the config.
  private DataSection images(int batchSize, Path output) throws IOException {
    try {
      return new ImageReader(keys).read(batchSize, output);
    } catch (ConfigException e) {
      if (mistakes.isEmpty()) {
        throw e;
      }
      keys.mistake("dataset_config", "%s: %s".formatted(e.file(), e.getMessage()));
      return new ImageSection(List.of(), true, false, false, output);
    }
  }

  private ModelSection model() {
    Optional<Path> path = keys.existing("pretrained_model_name_or_path");
    if (!keys.has("pretrained_model_name_or_path")) {
      keys.mistake(
          "pretrained_model_name_or_path", "'pretrained_model_name_or_path' is missing: the model");
    }
    keys.requireOne("prediction", "v_parameterization");
    return new ModelSection(
        path.orElse(NOWHERE),
        keys.existing("vae"),
        precision(keys, "mixed_precision"),
        prediction(),
        keys.whole("clip_skip", 1, 24, 1),
        keys.other("max_token_length", 75, ConfigReader::tokens),
        keys.other("device", "auto", ConfigReader::device),
        keys.whole("threads", 0, MOST_THREADS, 0));
  }

  private Optional<Prediction> prediction() {
    boolean velocity = keys.flag("v_parameterization", false);
    Optional<Prediction> named =
        keys.other(
            "prediction",
            Optional.empty(),
            place ->
                switch (place.text()) {
                  case "auto" -> Optional.empty();
                  case "epsilon" -> Optional.of(Prediction.EPSILON);
                  case "v" -> Optional.of(Prediction.V);
                  default ->
                      throw place.error("'%s' is none of auto, epsilon, v".formatted(place.text()));
                });
    return velocity ? Optional.of(Prediction.V) : named;
  }

  private static int tokens(Keys.Place place) {
    int length = Keys.whole(place, 0, 225);
    if (length != 75 && length != 150 && length != 225) {
      throw place.error("%d is none of 75, 150, 225".formatted(length));
    }
    return length;
  }

  private static String device(Keys.Place place) {
    String device = place.text();
    if (!device.matches("auto|cpu|cuda(:[0-9]{1,3})?")) {
      throw place.error("'%s' is none of auto, cpu, cuda, cuda:N".formatted(device));
    }
    return device;
  }

  /// `no`, `fp32` and `float` all mean float32 in sd-scripts.
  static DType precision(Keys keys, String key) {
    return keys.other(
        key,
        DType.F32,
        place ->
            switch (place.text()) {
              case "no", "fp32", "float" -> DType.F32;
              case "fp16" -> DType.F16;
              case "bf16" -> DType.BF16;
              default ->
                  throw place.error("'%s' is none of no, fp32, fp16, bf16".formatted(place.text()));
            });
  }

  private TextSection text() {
    Optional<Path> file = keys.existing("train_file");
    boolean plain = file.isPresent() && file.get().toString().endsWith(".txt");
    return new TextSection(
        file.orElse(NOWHERE),
        keys.choice(
            "format",
            TextSection.Format.class,
            plain ? TextSection.Format.TEXT : TextSection.Format.JSONL),
        keys.whole("max_length", 2, 1 << 20, 512),
        keys.flag("packing", false),
        keys.flag("train_on_prompt", false));
  }
}
