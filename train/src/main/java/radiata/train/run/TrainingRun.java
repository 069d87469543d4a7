package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.SequencedMap;
import radiata.safetensors.DType;
import radiata.train.config.TrainConfig;
import radiata.train.config.TrainingSection;
import radiata.train.engine.Fused;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.log.LossPicture;
import radiata.train.log.MovingAverage;
import radiata.train.log.StepRecord;
import radiata.train.metadata.RunFacts;
import radiata.train.optim.Descent;
import radiata.train.optim.Schedule;

/// One run of training from its first step, or from where it was, to its last.
final class TrainingRun {
  private static final int AVERAGED = 100;

  private final TrainConfig config;
  private final Task task;
  private final Torch torch;
  private final RunOutputs outputs;
  private final RunListener listener;
  private final Descent descent;
  private final Schedule schedule;
  private final LossScale scale = new LossScale();
  private final int steps;
  private final int stepsPerEpoch;
  private final List<Double> losses = new ArrayList<>();
  private final MovingAverage average = new MovingAverage(AVERAGED);

  TrainingRun(
      TrainConfig config, Task task, Torch torch, RunOutputs outputs, RunListener listener) {
    this.config = config;
    this.task = task;
    this.torch = torch;
    this.outputs = outputs;
    this.listener = listener;
    TrainingSection training = config.training();
    this.descent =
        new Descent(
            torch,
            task.groups().stream().map(Task.Group::parameters).toList(),
            training.optimizer(),
            training.clip());
    this.steps = training.steps(task.batchesPerEpoch());
    this.stepsPerEpoch = training.stepsPerEpoch(task.batchesPerEpoch());
    this.schedule = training.schedule().of(steps);
  }

  int steps() {
    return steps;
  }

  /// @param resume whether to go on from the state that an earlier run left, if there is one
  /// @throws TrainingException if the loss is no number any more, or the state is another run's
  void run(boolean resume) throws IOException {
    int first =
        resume && RunState.exists(outputs.state())
            ? RunState.restore(
                outputs.state(), outputs.identity(), torch, task.adapter(), descent, scale)
            : 0;
    if (first > 0) {
      outputs.recall();
    }
    listener.starts(first, steps, config.training().epochs(task.batchesPerEpoch()));
    try (RunLogs logs = RunLogs.open(config.output(), first)) {
      for (double loss : RunLogs.losses(config.output())) {
        losses.add(loss);
        average.add(loss);
      }
      if (first == 0 && config.samples().atFirst()) {
        sample(0);
      }
      for (int step = first; step < steps; step++) {
        if (listener.stops()) {
          save(step, OptionalInt.empty(), false);
          throw new TrainingException(
              "stopped after step %d of %d; what was learned is kept, and --resume goes on from there"
                  .formatted(step, steps));
        }
        one(step, logs);
      }
    }
    picture();
  }

  private void one(int step, RunLogs logs) throws IOException {
    int epoch = step / stepsPerEpoch + 1;
    List<Task.Group> groups = task.groups();
    List<Double> rates = groups.stream().map(g -> schedule.rate(step, g.rate())).toList();
    double loss = backward(step, epoch);
    if (!Double.isFinite(loss) && config.model().precision() != DType.F16) {
      throw new TrainingException(
          "the loss of step %d is %s: nothing of that step was learned; the last good state is %s. A lower learning_rate, or mixed_precision = \"no\", may help"
              .formatted(step + 1, loss, outputs.lastGood()));
    }
    double norm = descend(rates);
    losses.add(loss);
    SequencedMap<String, Double> values = new LinkedHashMap<>();
    double mean = average.add(loss);
    values.put("loss/current", loss);
    values.put("loss/average", mean);
    for (int i = 0; i < groups.size(); i++) {
      values.put(groups.get(i).tag(), rates.get(i));
    }
    values.put("norm/avg_grad_norm", norm);
    logs.add(StepRecord.of(step + 1, epoch, values));
    listener.after(step + 1, epoch, loss, mean);
    boolean ends = (step + 1) % stepsPerEpoch == 0;
    OptionalInt ended = ends ? OptionalInt.of(epoch) : OptionalInt.empty();
    save(step + 1, ended, true);
    if (config.samples().due(step + 1, ended)) {
      sample(step + 1);
    }
  }

  /// The gradients of all batches of a step.
  ///
  /// @return their loss
  private double backward(int step, int epoch) throws IOException {
    int accumulate = config.training().accumulate();
    int begin = step % stepsPerEpoch * accumulate;
    int end = Math.min(begin + accumulate, task.batchesPerEpoch());
    double all = 0;
    for (int batch = begin; batch < end; batch++) {
      all += task.count(new Task.Moment(epoch, batch, step));
    }
    double sum = 0;
    for (int batch = begin; batch < end; batch++) {
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.record()) {
        Segments segments =
            config.training().checkpointing() ? new Segments.Recomputed() : Segments.PLAIN;
        Task.Loss loss = task.loss(new Task.Moment(epoch, batch, step), segments);
        Tensor share = loss.sum().times(1 / all);
        sum += share.number();
        segments.backward(scaled() ? share.times(scale.factor()) : share);
      }
    }
    return sum;
  }

  private boolean scaled() {
    return config.model().precision() == DType.F16;
  }

  private double descend(List<Double> rates) {
    if (!scaled()) {
      return descent.step(rates);
    }
    boolean finite;
    try (Scope _ = Scope.open()) {
      List<Tensor> gradients = descent.gradients();
      Fused.scale(gradients, torch.full(1 / scale.factor(), DType.F32));
      finite = Double.isFinite(Fused.norms(gradients).sum().number());
    }
    scale.after(finite);
    if (!finite) {
      descent.clear();
      return Double.NaN;
    }
    return descent.step(rates);
  }

  /// @param regular whether it happens because of its number, and not because the run stops
  private void save(int step, OptionalInt epochEnds, boolean regular) throws IOException {
    boolean last = step == steps;
    RunOutputs.Due due = outputs.due(step, epochEnds, last, regular);
    if (due.nothing()) {
      return;
    }
    int epoch = Math.max(1, (step + stepsPerEpoch - 1) / stepsPerEpoch);
    int batches = task.batchesPerEpoch();
    outputs.write(
        task,
        due,
        new RunFacts(
            batches, config.training().epochs(batches), steps, epoch, step, outputs.date()));
    if (due.state()) {
      RunState.save(outputs.state(), outputs.identity(), step, task.adapter(), descent, scale);
    }
    due.adapter().ifPresent(listener::saved);
  }

  private void sample(int step) throws IOException {
    try (Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      task.sample(step, outputs.samples(), config.output().name());
    }
  }

  private void picture() throws IOException {
    if (!losses.isEmpty()) {
      Path file = config.output().folder().resolve(config.output().name() + "-loss.svg");
      Files.writeString(file, LossPicture.svg(config.output().name(), 1, losses));
    }
  }
}
