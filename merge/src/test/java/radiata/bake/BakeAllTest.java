package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;

/// Many outputs of one pass over a base have the bytes of as many single bakes: every golden case
/// under every runtime, at several strengths, in its own dtype and, with one adapter more, in F16.
class BakeAllTest {
  private static final double[] FACTORS = {1, -0.7, 0};

  @TempDir Path folder;

  @TestFactory
  Stream<DynamicTest> writesTheBytesOfSingleBakes() throws IOException {
    return GoldenCase.all().stream()
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> check(golden)));
  }

  private void check(GoldenCase golden) throws IOException {
    Path own = Files.createDirectory(folder.resolve(golden.name()));
    List<AdapterFile> files = new ArrayList<>();
    try (Checkpoint base = Checkpoint.open(golden.base(), Limits.DEFAULT)) {
      for (Path adapter : golden.adapters()) {
        files.add(AdapterFile.open(adapter, Limits.DEFAULT, null));
      }
      List<Baking> all = new ArrayList<>();
      for (BakeRequest request : requests(golden, files)) {
        Path output = own.resolve(all.size() + ".safetensors");
        all.add(new Baking(Planner.plan(base, request, output), output, Replace.REFUSE));
      }
      assertThat(all).hasSizeGreaterThan(3);
      Outcomes outcomes = new Outcomes();
      Baker.bakeAll(all, new Digests(), 2, bytes -> {}, outcomes);
      Path single = own.resolve("single.safetensors");
      for (Baking each : all) {
        Exception refused = null;
        try {
          BakeReport report = Baker.bake(each.plan(), single, Replace.FORCE, 1, bytes -> {});
          assertThat(outcomes.reports.get(all.indexOf(each)).survival())
              .isEqualTo(report.survival());
          assertThat(each.output()).as(each.plan().profile().id()).hasSameBinaryContentAs(single);
        } catch (BakeException e) {
          refused = e;
          assertThat(each.output()).doesNotExist();
        }
        assertThat(outcomes.failures.get(all.indexOf(each)) != null).isEqualTo(refused != null);
      }
    } finally {
      for (AdapterFile file : files) {
        file.close();
      }
    }
  }

  private static List<BakeRequest> requests(GoldenCase golden, List<AdapterFile> files) {
    List<BakeRequest> requests = new ArrayList<>();
    List<Profile> profiles =
        golden.expectations().stream()
            .map(expect -> Profiles.named(expect.runtime()).orElseThrow())
            .distinct()
            .toList();
    for (Profile profile : profiles) {
      for (double factor : FACTORS) {
        List<BakeRequest.Use> uses = new ArrayList<>();
        files.forEach(file -> uses.add(new BakeRequest.Use(file, factor)));
        requests.add(request(uses, profile, Optional.empty()));
        uses.add(new BakeRequest.Use(files.getFirst(), 0.25 + factor));
        requests.add(request(uses, profile, Optional.of(DType.F16)));
      }
    }
    requests.removeIf(request ->
        request.profile().onlyStrength().isPresent()
            && request.adapters().stream().anyMatch(use -> use.strength() != 1));
    return requests;
  }

  private static BakeRequest request(
      List<BakeRequest.Use> uses, Profile profile, Optional<DType> dtype) {
    return new BakeRequest(uses, profile, dtype, 1, 1, null, true);
  }

  /// What became of the outputs.
  private static final class Outcomes implements Baker.Listener {
    final List<BakeReport> reports = new ArrayList<>();
    final List<Exception> failures = new ArrayList<>();

    @Override
    public void baked(Baking output, BakeReport report) {
      reports.add(report);
      failures.add(null);
    }

    @Override
    public void failed(Baking output, Exception why) {
      reports.add(null);
      failures.add(why);
    }
  }
}
