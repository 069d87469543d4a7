package radiata.bake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;

/// Whole bakes for tests.
final class Bakes {
  private Bakes() {}

  static BakePlan bake(
      Path base,
      List<Path> adapters,
      List<Double> strengths,
      Profile profile,
      Optional<DType> dtype,
      boolean allowUnmatched,
      int threads,
      Path output)
      throws IOException {
    List<BakeRequest.Use> uses = new ArrayList<>();
    try (Checkpoint checkpoint = Checkpoint.open(base, Limits.DEFAULT)) {
      for (int i = 0; i < adapters.size(); i++) {
        uses.add(
            new BakeRequest.Use(AdapterFile.open(adapters.get(i), Limits.DEFAULT, null), strengths.get(i)));
      }
      BakePlan plan =
          Planner.plan(
              checkpoint,
              new BakeRequest(uses, profile, dtype, 1, 1, null, allowUnmatched),
              output);
      Baker.bake(plan, output, Replace.FORCE, threads, bytes -> {});
      return plan;
    } finally {
      for (BakeRequest.Use use : uses) {
        use.file().close();
      }
    }
  }
}
