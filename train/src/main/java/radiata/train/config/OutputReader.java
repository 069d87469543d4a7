package radiata.train.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import radiata.train.config.OutputSection.Dialect;

/// Reads what is written, and where.
final class OutputReader {
  private final Keys keys;

  OutputReader(Keys keys) {
    this.keys = keys;
  }

  OutputSection read(boolean language) {
    Optional<Path> folder = keys.path("output_dir");
    if (!keys.has("output_dir")) {
      keys.mistake("output_dir", "'output_dir' is missing: the folder of the results");
    }
    keys.requireOne("save_every_n_steps", "save_every_n_epochs");
    OptionalInt everySteps = TrainingReader.count(keys, "save_every_n_steps");
    OptionalInt everyEpochs = TrainingReader.count(keys, "save_every_n_epochs");
    OptionalInt keepLast = keepLast(everySteps, everyEpochs);
    keys.other("save_model_as", "safetensors", OutputReader::format);
    keys.other("log_with", "tensorboard", OutputReader::log);
    return new OutputSection(
        folder.orElse(Path.of("")),
        keys.other("output_name", "last", OutputReader::name),
        keys.choice("dialect", Dialect.class, language ? Dialect.PEFT : Dialect.KOHYA),
        ConfigReader.precision(keys, "save_precision"),
        everySteps,
        everyEpochs,
        keepLast,
        keys.flag("save_state", true),
        keys.flag("tensorboard", true),
        !keys.flag("no_metadata", false),
        new OutputSection.Words(
            keys.text("metadata_title"),
            keys.text("metadata_author"),
            keys.text("metadata_description"),
            keys.text("metadata_license"),
            keys.text("metadata_tags"),
            keys.text("training_comment")));
  }

  /// sd-scripts counts what is kept in steps or epochs, not in files.
  private OptionalInt keepLast(OptionalInt everySteps, OptionalInt everyEpochs) {
    keys.requireOne("keep_last", "save_last_n_steps", "save_last_n_epochs");
    OptionalInt files = TrainingReader.count(keys, "keep_last");
    OptionalInt steps = TrainingReader.count(keys, "save_last_n_steps");
    OptionalInt epochs = TrainingReader.count(keys, "save_last_n_epochs");
    boolean every = everySteps.isPresent() || everyEpochs.isPresent();
    if (files.isPresent() && !every) {
      keys.mistake("keep_last", "it is for save_every_n_steps or save_every_n_epochs");
    }
    if (steps.isPresent() && everySteps.isEmpty()) {
      keys.mistake("save_last_n_steps", "it is for save_every_n_steps");
    }
    if (epochs.isPresent() && everyEpochs.isEmpty()) {
      keys.mistake("save_last_n_epochs", "it is for save_every_n_epochs");
    }
    if (steps.isPresent() && everySteps.isPresent()) {
      return OptionalInt.of(Math.max(1, steps.getAsInt() / everySteps.getAsInt()));
    }
    if (epochs.isPresent() && everyEpochs.isPresent()) {
      return OptionalInt.of(Math.max(1, epochs.getAsInt() / everyEpochs.getAsInt()));
    }
    return files;
  }

  private static String name(Keys.Place place) {
    String name = place.text();
    if (name.contains("/") || name.contains("\\") || name.startsWith(".") || name.length() > 200) {
      throw place.error("'%s' is no name of a file; output_dir names the folder".formatted(name));
    }
    return name.toLowerCase(Locale.ROOT).endsWith(".safetensors")
        ? name.substring(0, name.length() - ".safetensors".length())
        : name;
  }

  private static String format(Keys.Place place) {
    if (!place.text().equals("safetensors")) {
      throw place.error("'%s' is not written; safetensors is".formatted(place.text()));
    }
    return place.text();
  }

  private static String log(Keys.Place place) {
    if (!place.text().equals("tensorboard")) {
      throw place.error("'%s' is not built; tensorboard is".formatted(place.text()));
    }
    return place.text();
  }
}
