package radiata.train.replay;

import radiata.train.engine.Tensor;

/// What a recorded run minimised.
interface Objective {
  /// The loss of one batch, numbered from 1, as the record has it.
  Tensor loss(int batch);

  /// By how much the loss of a batch counts in its step, before the backward pass.
  ///
  /// @param batches of the step
  double share(int batch, int first, int batches);

  /// Compares what the first forward passes give.
  void before(Comparison comparison);

  /// Compares what the trained adapter gives.
  void after(Comparison comparison);
}
