package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.metadata.RunFacts;

/// What a run trains, on what: a model with an adapter on it, and its data. All it draws by chance
/// follows from the seed and from where in the run it stands.
sealed interface Task extends AutoCloseable permits DiffusionTask, LanguageTask {
  /// Where in a run a batch stands.
  ///
  /// @param epoch from 1
  /// @param batch in its epoch, from 0
  /// @param step of the optimizer, from 0, over the whole run
  record Moment(int epoch, int batch, int step) {}

  /// Parameters that learn at one rate.
  ///
  /// @param tag of the rate in logs: `lr/unet`
  record Group(String tag, List<Tensor> parameters, double rate) {}

  int batchesPerEpoch();

  TrainedAdapter adapter();

  List<Group> groups();

  /// The summed loss of a batch, and by how many it is to be divided.
  ///
  /// @param sum of no dimension, with its graph
  record Loss(Tensor sum, double count) {}

  Loss loss(Moment moment, Segments segments) throws IOException;

  /// How many samples or tokens a batch counts for, known before it is computed.
  double count(Moment moment);

  /// Draws the samples of the config into a folder.
  ///
  /// @param name that files start with
  void sample(int step, Path folder, String name) throws IOException;

  Map<String, String> metadata(RunFacts facts);

  /// PEFT's settings, where the adapter is written as a folder.
  Optional<String> settings();

  @Override
  void close() throws IOException;
}
