package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;

/// Replays any recorded run.
public final class Replay {
  private Replay() {}

  /// Replays the run in a folder.
  ///
  /// @return every deviation, in the order in which they arise
  /// @throws NetworkException if the folder is no recorded run, or one of a kind that is not known
  public static List<Deviation> run(Path folder, Torch torch) throws IOException {
    Pack pack = Pack.open(folder);
    boolean detached = pack.text("adapter", "norm_gradient").orElse("full").equals("detached");
    return run(pack, torch, detached);
  }

  /// The same with the norm of DoRA in or out of the backward pass whatever the record says.
  static List<Deviation> run(Pack pack, Torch torch, boolean detached) throws IOException {
    return switch (pack.kind()) {
      case "diffusion" -> DiffusionReplay.run(pack, torch, detached);
      case "pipeline-forward" -> PipelineReplay.run(pack, torch);
      case "comparison" -> ComparisonReplay.run(pack, torch);
      case "causal-lm" -> LanguageReplay.run(pack, torch, detached);
      default ->
          throw new NetworkException(
              "%s: a recorded run of kind \"%s\" is not known"
                  .formatted(pack.folder(), pack.kind()));
    };
  }
}
