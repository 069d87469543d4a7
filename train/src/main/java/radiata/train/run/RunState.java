package radiata.train.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Replace;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.TensorReader;
import radiata.train.optim.AdamW;
import radiata.train.optim.Descent;

/// What a run needs to go on where it was: the adapter in full precision, both moments of every
/// parameter, and how far it was. Everything drawn by chance follows from the seed and the step, so
/// nothing is kept of that. One safetensors file, there whole or not at all.
final class RunState {
  private static final String STEP = "radiata.step";
  private static final String RUN = "radiata.run";
  private static final String SCALE = "radiata.loss_scale";
  private static final String GOOD = "radiata.loss_scale.good";

  private RunState() {}

  private static SequencedMap<String, Tensor> tensors(TrainedAdapter adapter, Descent descent) {
    SequencedMap<String, Tensor> all = new LinkedHashMap<>();
    IdentityHashMap<Tensor, String> keys = new IdentityHashMap<>();
    adapter
        .parameters()
        .forEach((key, tensor) -> {
          keys.put(tensor, key);
          all.put("adapter/" + key, tensor);
        });
    for (AdamW group : descent.groups()) {
      for (int i = 0; i < group.parameters().size(); i++) {
        String key = keys.get(group.parameters().get(i));
        all.put("first/" + key, group.first().get(i));
        all.put("second/" + key, group.second().get(i));
        all.put("steps/" + key, group.steps().get(i));
      }
    }
    return all;
  }

  /// @param run what tells this run from others: a state of another is not taken
  static void save(
      Path file, String run, int step, TrainedAdapter adapter, Descent descent, LossScale scale)
      throws IOException {
    SequencedMap<String, Tensor> tensors = tensors(adapter, descent);
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, tensor) -> specs.add(new TensorSpec(name, DType.F32, tensor.shape())));
    Header header =
        Header.canonical(
            specs,
            Map.of(
                STEP,
                String.valueOf(step),
                RUN,
                run,
                SCALE,
                String.valueOf(scale.factor()),
                GOOD,
                String.valueOf(scale.good())));
    try (CheckpointWriter writer =
            CheckpointWriter.create(file, OutputPlan.file(header), Replace.FORCE);
        Arena arena = Arena.ofConfined()) {
      for (TensorInfo info : header.tensors()) {
        float[] values = Objects.requireNonNull(tensors.get(info.name())).floats();
        MemorySegment bytes = arena.allocate(Math.max(1, info.bytes()), Long.BYTES);
        Narrow.fromFloats(values, 0, values.length, DType.F32, bytes, 0);
        writer.write(0, info, 0, bytes.asSlice(0, info.bytes()));
      }
      writer.commit();
    }
  }

  /// Puts everything back as it was.
  ///
  /// @return the steps that were made
  /// @throws TrainingException if the state is another run's
  static int restore(
      Path file, String run, Torch torch, TrainedAdapter adapter, Descent descent, LossScale scale)
      throws IOException {
    try (TensorFile state = TensorFile.open(file, Limits.DEFAULT);
        Scope _ = Scope.open()) {
      Map<String, String> metadata = state.metadata();
      if (!run.equals(metadata.get(RUN))) {
        throw new TrainingException(
            "%s is the state of another run: its config, model or data were others; begin anew without --resume, or take the config it was made with"
                .formatted(file));
      }
      TensorReader reader = new TensorReader(torch, state);
      for (Map.Entry<String, Tensor> each : tensors(adapter, descent).entrySet()) {
        each.getValue().set(reader.read(each.getKey()));
      }
      scale.restore(
          Double.parseDouble(metadata.getOrDefault(SCALE, "65536")),
          Integer.parseInt(metadata.getOrDefault(GOOD, "0")));
      return Integer.parseInt(metadata.getOrDefault(STEP, "0"));
    }
  }

  static boolean exists(Path file) {
    return Files.isRegularFile(file);
  }
}
