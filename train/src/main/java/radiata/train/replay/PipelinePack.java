package radiata.train.replay;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.DiffusionModel;
import radiata.train.nn.Weights;

/// The files of a `pipeline-forward` pack: `pack.json`, a model folder, what its parts were given
/// and what they gave.
final class PipelinePack implements AutoCloseable {
  private final Path folder;
  private final JsonObject json;
  private final Checkpoint checkpoint;
  private final Checkpoint given;
  private final Checkpoint recorded;
  private final Weights inputs;
  private final Weights expected;
  private final DiffusionModel model;

  private PipelinePack(Path folder, Torch torch) throws IOException {
    this.folder = folder;
    this.json = Pack.open(folder).json();
    this.checkpoint = Checkpoint.open(folder.resolve(text("base", ".")), Limits.DEFAULT);
    this.given = Checkpoint.open(folder.resolve("inputs.safetensors"), Limits.DEFAULT);
    this.recorded = Checkpoint.open(folder.resolve("expected.safetensors"), Limits.DEFAULT);
    this.inputs = tensors(given, torch);
    this.expected = tensors(recorded, torch);
    this.model = DiffusionModel.of(checkpoint, torch);
  }

  static PipelinePack open(Path folder, Torch torch) throws IOException {
    return new PipelinePack(folder, torch);
  }

  private Weights tensors(Checkpoint file, Torch torch) {
    Map<String, List<Weights.Place>> places = new HashMap<>();
    for (Stored stored : file.tensors()) {
      places.put(stored.name(), List.of(Weights.Place.whole(stored)));
    }
    return new Weights(torch, places, dtype());
  }

  /// What everything is computed in.
  DType dtype() {
    return text("dtype", "f32").equals("f64") ? DType.F64 : DType.F32;
  }

  Path folder() {
    return folder;
  }

  DiffusionModel model() {
    return model;
  }

  boolean gives(String name) {
    return inputs.has(name);
  }

  Tensor input(String name) {
    return inputs.need(name);
  }

  SequencedSet<String> inputs() {
    return inputs.names();
  }

  boolean expects(String name) {
    return expected.has(name);
  }

  Tensor expected(String name) {
    return expected.need(name);
  }

  SequencedSet<String> records() {
    return expected.names();
  }

  String text(String key, String otherwise) {
    JsonElement value = json.get(key);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : otherwise;
  }

  JsonObject object(String key) {
    return json.get(key) instanceof JsonObject object ? object : new JsonObject();
  }

  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    if (json.has(key) && json.get(key).isJsonArray()) {
      json.getAsJsonArray(key).forEach(text -> texts.add(text.getAsString()));
    }
    return texts;
  }

  double tolerance(String key, double otherwise) {
    JsonElement value = object("tolerances").get(key);
    return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()
        ? value.getAsDouble()
        : otherwise;
  }

  @Override
  public void close() throws IOException {
    model.close();
    inputs.close();
    expected.close();
    try (checkpoint;
        given;
        recorded) {
      // Each is closed whatever becomes of the others.
    }
  }
}
