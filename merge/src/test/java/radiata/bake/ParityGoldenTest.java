package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.parity.Departure;
import radiata.parity.ModuleParity;
import radiata.parity.Parity;
import radiata.parity.ParityReport;
import radiata.parity.RuntimeParity;
import radiata.parity.Verdict;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

/// The distances of parity over every golden adapter: those between the files that the bakes write,
/// and those between the files that the real programs wrote.
class ParityGoldenTest {
  @TempDir Path folder;

  @TestFactory
  Stream<DynamicTest> distancesAreThoseBetweenBakedFiles() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (GoldenCase golden : single()) {
      for (double strength : new double[] {1, 0.5}) {
        tests.add(
            DynamicTest.dynamicTest(golden.name() + "@" + strength, () -> baked(golden, strength)));
      }
    }
    assertThat(tests).hasSizeGreaterThan(100);
    return tests.stream();
  }

  @TestFactory
  Stream<DynamicTest> distancesAreThoseBetweenTheFilesOfTheRealPrograms() throws IOException {
    return single().stream()
        .filter(golden -> expected(golden, "exact").isPresent())
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> programs(golden)));
  }

  private static List<GoldenCase> single() throws IOException {
    return GoldenCase.all().stream().filter(golden -> golden.adapters().size() == 1).toList();
  }

  private void baked(GoldenCase golden, double strength) throws IOException {
    ParityReport report = report(golden, strength, 2);
    Path exact = folder.resolve("exact.safetensors");
    bake(golden, strength, Profiles.EXACT, exact);
    for (RuntimeParity runtime : report.runtimes()) {
      Profile profile = runtime.profile();
      if (profile.onlyStrength().orElse(strength) != strength) {
        assertThat(runtime.refused())
            .hasValueSatisfying(why -> assertThat(why).contains("strength"));
        continue;
      }
      Path own = folder.resolve(profile.id() + ".safetensors");
      try {
        bake(golden, strength, profile, own);
      } catch (BakeException e) {
        String why = String.valueOf(e.getMessage());
        assertThat(runtime.refused().isPresent() || breaks(report, profile)).as(why).isTrue();
        continue;
      }
      assertThat(runtime.refused()).as(profile.id()).isEmpty();
      compare(report, profile.id(), distances(exact, own), 0);
    }
    assertThat(report.modules()).isNotEmpty().allSatisfy(ParityGoldenTest::explained);
    assertThat(report(golden, strength, 1).modules()).isEqualTo(report.modules());
  }

  private static boolean breaks(ParityReport report, Profile profile) {
    return report.modules().stream()
        .anyMatch(module -> departure(module, profile.id()).verdict() == Verdict.BROKEN);
  }

  /// What differs has a reason that its profile gives, and no runtime is farther from another than
  /// the pairwise distance.
  private static void explained(ModuleParity module) {
    module
        .departures()
        .forEach((runtime, departure) -> {
          boolean plain = departure.verdict().compareTo(Verdict.ROUNDING) <= 0;
          assertThat(departure.because().isEmpty()).as(runtime).isEqualTo(plain);
          assertThat(departure.because()).noneMatch(why -> why.startsWith("computes otherwise"));
          if (departure.verdict() != Verdict.BROKEN) {
            assertThat(module.pairwise()).isGreaterThanOrEqualTo(departure.gap().maxAbs());
          }
        });
  }

  private void programs(GoldenCase golden) throws IOException {
    ParityReport report = report(golden, 1, 2);
    GoldenCase.Expectation exact = expected(golden, "exact").orElseThrow();
    for (RuntimeParity runtime : report.runtimes()) {
      Optional<GoldenCase.Expectation> own = expected(golden, runtime.profile().id());
      if (own.isPresent()) {
        assertThat(runtime.refused()).as(runtime.profile().id()).isEmpty();
        Map<String, Double> apart = distances(exact.file(), own.get().file());
        compare(report, runtime.profile().id(), apart, tolerance(own.get()));
      }
    }
  }

  private static Optional<GoldenCase.Expectation> expected(GoldenCase golden, String runtime) {
    return golden.expectations().stream()
        .filter(e -> e.runtime().equals(runtime) && e.strengths().equals(List.of(1.0)))
        .filter(e -> !Double.isNaN(e.rtol()))
        .findFirst();
  }

  /// The values of the goldens are below 8.
  private static double tolerance(GoldenCase.Expectation expect) {
    return 2 * (expect.atol() + 8 * expect.rtol());
  }

  /// A module is as far off as the worst of its tensors, and a tensor as the worst of its modules.
  private static void compare(
      ParityReport report, String runtime, Map<String, Double> tensors, double tolerance) {
    Map<String, Double> byTensor = new HashMap<>();
    for (ModuleParity module : report.modules()) {
      double found = departure(module, runtime).gap().maxAbs();
      double worst =
          module.tensors().stream()
              .mapToDouble(name -> tensors.getOrDefault(name, 0.0))
              .max()
              .orElse(0);
      assertThat(found)
          .as(runtime + " " + module.module().name())
          .isLessThanOrEqualTo(worst + tolerance);
      module.tensors().forEach(name -> byTensor.merge(name, found, Math::max));
    }
    tensors.forEach((name, apart) ->
        assertThat(byTensor.getOrDefault(name, 0.0))
            .as(runtime + " " + name)
            .isCloseTo(apart, within(tolerance)));
  }

  private static Departure departure(ModuleParity module, String runtime) {
    return Optional.ofNullable(module.departures().get(runtime)).orElseThrow();
  }

  private static ParityReport report(GoldenCase golden, double strength, int threads)
      throws IOException {
    try (Checkpoint base = Checkpoint.open(golden.base(), Limits.DEFAULT);
        AdapterFile adapter =
            AdapterFile.open(golden.adapters().getFirst(), Limits.DEFAULT, null)) {
      return Parity.of(base, adapter, strength, golden.isRefused()).run(threads, bytes -> {});
    }
  }

  private static void bake(GoldenCase golden, double strength, Profile profile, Path output)
      throws IOException {
    Bakes.bake(
        golden.base(),
        golden.adapters(),
        List.of(strength),
        profile,
        Optional.empty(),
        golden.isRefused(),
        1,
        output);
  }

  private static Map<String, Double> distances(Path one, Path other) throws IOException {
    Map<String, Double> apart = new HashMap<>();
    try (SafetensorsFile a = SafetensorsFile.open(one);
        SafetensorsFile b = SafetensorsFile.open(other)) {
      for (TensorInfo tensor : a.tensors()) {
        if (tensor.dtype().computable()) {
          double[] left = values(a, tensor);
          double[] right = values(b, b.tensor(tensor.name()).orElseThrow());
          double most = 0;
          for (int i = 0; i < left.length; i++) {
            most = Math.max(most, Math.abs(left[i] - right[i]));
          }
          apart.put(tensor.name(), most);
        }
      }
    }
    return apart;
  }

  private static double[] values(SafetensorsFile file, TensorInfo tensor) throws IOException {
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, tensor.bytes())).asSlice(0, tensor.bytes());
      file.read(tensor, 0, bytes);
      Widen.toDoubles(bytes, 0, tensor.dtype(), values, 0, values.length);
    }
    return values;
  }
}
