package radiata.train.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// What a run of training is to do, as a TOML file says it. The keys are those of sd-scripts
/// (48d368f `train_network.py --config_file`) where it has them, and the tables of the file only
/// group them; paths are relative to the folder of the file. A dozen lines do:
///
/// ```
/// pretrained_model_name_or_path = "sd15.safetensors"
/// train_data_dir = "pictures"        # folders {repeats}_{class tokens}
/// caption_extension = ".txt"
/// resolution = 512
/// enable_bucket = true
/// network_dim = 16
/// network_alpha = 16
/// dora = "output"
/// learning_rate = 1e-4
/// max_train_epochs = 10
/// output_dir = "out"
/// output_name = "style"
/// ```
///
/// @param file that was read
/// @param notes keys that change nothing here, a sentence each
public record TrainConfig(
    Path file,
    ModelSection model,
    AdapterSection adapter,
    DataSection data,
    TrainingSection training,
    SampleSection samples,
    OutputSection output,
    List<String> notes) {
  public TrainConfig {
    notes = List.copyOf(notes);
  }

  /// Reads a config and what can be known without the model: folders, ranges, keys that exclude
  /// each other.
  ///
  /// @throws ConfigException with every mistake
  public static TrainConfig read(Path file) throws IOException {
    return ConfigReader.read(file);
  }

  /// The same with another adapter.
  public TrainConfig with(AdapterSection other) {
    return new TrainConfig(file, model, other, data, training, samples, output, notes);
  }
}
