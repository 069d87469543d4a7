package radiata.train.run;

import java.nio.file.Path;

/// Told how a run goes, and asked whether it shall stop.
public interface RunListener {
  /// The run begins.
  ///
  /// @param done steps that were made before
  void starts(int done, int steps, int epochs);

  /// Something that whoever trains should know.
  void note(String what);

  void after(int step, int epoch, double loss, double average);

  void saved(Path adapter);

  /// Whether the run shall stop before its next step.
  boolean stops();
}
