package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Widen;

/// The fused pass against the formula it stands for: random shapes, ranks, axes, runtimes and
/// strengths.
class FusedBakeTest {
  private static final int ROUNDS = 150;

  @TempDir Path folder;

  private final RandomGenerator random = new SplittableRandom(20261125);

  private double[] noise(long count, double size) {
    double[] values = new double[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = size * random.nextGaussian();
    }
    return values;
  }

  @Test
  void givesTheFormulasResultToARoundingOfTheOutput() throws IOException {
    int fused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      fused += check(round) ? 1 : 0;
    }
    assertThat(fused).as("rounds that took the fused pass").isGreaterThan(ROUNDS / 2);
  }

  private boolean check(int round) throws IOException {
    DType dtype = random.nextBoolean() ? DType.F16 : DType.BF16;
    boolean conv = random.nextInt(3) == 0;
    long out = random.nextInt(1, 40);
    long in = random.nextInt(1, conv ? 300 : 2600);
    Shape shape = conv ? Shape.of(out, in, 3, 3) : Shape.of(out, in);
    Values base = new Values();
    base.add("layer.weight", dtype, shape, noise(shape.elements(), 0.1));
    int adapters = random.nextInt(4) == 0 ? 2 : 1;
    List<Path> files = new ArrayList<>();
    List<Double> strengths = new ArrayList<>();
    for (int a = 0; a < adapters; a++) {
      files.add(adapter("a" + a, shape));
      strengths.add(
          random.nextInt(3) == 0 ? 1 : Math.round(20 * random.nextDouble(-1, 1.5)) / 10.0);
    }
    Path model = folder.resolve("base.safetensors");
    base.write(model);
    Profile profile = Profiles.ALL.get(random.nextInt(Profiles.ALL.size()));
    if (profile.onlyStrength().isPresent()) {
      profile = Profiles.EXACT;
    }
    return compare(round, model, files, strengths, profile, shape);
  }

  private Path adapter(String name, Shape shape) throws IOException {
    int rank = random.nextInt(1, 14);
    long out = shape.dim(0);
    long in = shape.dim(1);
    boolean conv = shape.rank() == 4;
    Values values = new Values();
    Shape down = conv ? Shape.of(rank, in, 3, 3) : Shape.of(rank, in);
    Shape up = conv ? Shape.of(out, rank, 1, 1) : Shape.of(out, rank);
    values.add("lycoris_layer.lora_down.weight", DType.F32, down, noise(down.elements(), 0.1));
    values.add("lycoris_layer.lora_up.weight", DType.F32, up, noise(up.elements(), 0.5));
    values.add("lycoris_layer.alpha", DType.F32, Shape.SCALAR, new double[] {random.nextInt(1, 9)});
    int dora = random.nextInt(3);
    if (dora > 0) {
      long[] dims = shape.dims();
      java.util.Arrays.fill(dims, 1);
      dims[dora - 1] = shape.dim(dora - 1);
      double[] magnitude = noise(dims[dora - 1], 0.1);
      for (int i = 0; i < magnitude.length; i++) {
        magnitude[i] += 2;
      }
      values.add("lycoris_layer.dora_scale", DType.F32, Shape.of(dims), magnitude);
    }
    Path file = folder.resolve(name + ".safetensors");
    values.write(file);
    return file;
  }

  private boolean compare(
      int round, Path model, List<Path> files, List<Double> strengths, Profile profile, Shape shape)
      throws IOException {
    List<BakeRequest.Use> uses = new ArrayList<>();
    try (Checkpoint checkpoint = Checkpoint.open(model, Limits.DEFAULT)) {
      for (int i = 0; i < files.size(); i++) {
        uses.add(
            new BakeRequest.Use(
                AdapterFile.open(files.get(i), Limits.DEFAULT, null), strengths.get(i)));
      }
      BakePlan plan =
          Planner.plan(
              checkpoint,
              new BakeRequest(uses, profile, java.util.Optional.empty(), 1, 1, null, false),
              folder.resolve("out.safetensors"));
      if (!(plan.steps().getFirst() instanceof Step.Change change)) {
        return false;
      }
      if (!FusedBake.suits(change, profile)) {
        return false;
      }
      double[] got =
          collect(
              change,
              change.target().dtype(),
              sink -> FusedBake.of(alone(change, profile, sink)).run(source(change)));
      double[] want =
          collect(
              change,
              change.target().dtype(),
              sink -> new FormulaBake(alone(change, profile, sink)).run(source(change)));
      compareTogether(change, profile);
      double[] weight = new double[got.length];
      byte[] bytes = new byte[(int) change.source().info().bytes()];
      change.source().part().file().read(change.source().info(), 0, MemorySegment.ofArray(bytes));
      Widen.toDoubles(
          MemorySegment.ofArray(bytes),
          0,
          change.source().info().dtype(),
          weight,
          0,
          weight.length);
      double ulp = change.target().dtype() == DType.F16 ? 0x1p-10 : 0x1p-7;
      double reach = 0;
      // What lies between two adapters can be larger than both ends.
      double between = files.size() == 1 ? 1 : 8;
      int columns = Math.toIntExact(shape.matrix().dim(1));
      for (int i = 0; i < got.length; i++) {
        reach = i % columns == 0 ? reach(weight, want, i, columns) : reach;
        double allowed = Math.max(ulp * Math.abs(want[i]), between * 0x1p-21 * reach);
        allowed = Math.max(allowed, change.target().dtype() == DType.F16 ? 0x1p-24 : 0);
        assertThat(Math.abs(got[i] - want[i]))
            .as(
                String.format(
                    Locale.ROOT,
                    "round %d, %s, %s, strengths %s, element %d: %s for %s",
                    round,
                    profile.id(),
                    shape,
                    strengths,
                    i,
                    got[i],
                    want[i]))
            .isLessThanOrEqualTo(allowed);
      }
      return true;
    } finally {
      for (BakeRequest.Use use : uses) {
        use.file().close();
      }
    }
  }

  /// The largest |W| + |change| of a row: where large terms cancel, floats keep no more than that
  /// allows.
  private static double reach(double[] weight, double[] want, int from, int columns) {
    double reach = 0;
    for (int i = from; i < from + columns; i++) {
      reach = Math.max(reach, Math.abs(weight[i]) + Math.abs(want[i] - weight[i]));
    }
    return reach;
  }

  private interface Run {
    void into(Sink sink) throws IOException;
  }

  /// Several strengths at once give the bytes that each gives alone.
  private static void compareTogether(Step.Change change, Profile profile) throws IOException {
    List<Variant> together = new ArrayList<>();
    List<byte[]> got = new ArrayList<>();
    for (double factor : new double[] {1, 0.3, -2, 1, 0, 0.5, 0.7, 0.1, 0.9}) {
      byte[] bytes = new byte[(int) change.target().bytes()];
      got.add(bytes);
      List<Applied> applied =
          change.applied().stream().map(a -> a.at(factor * a.strength())).toList();
      Step.Change scaled =
          new Step.Change(change.source(), change.file(), change.target(), applied);
      together.addAll(alone(scaled, profile, into(bytes)));
    }
    FusedBake.of(together).run(source(change));
    for (int i = 0; i < together.size(); i++) {
      byte[] bytes = new byte[(int) change.target().bytes()];
      FusedBake.of(alone(together.get(i).step(), profile, into(bytes))).run(source(change));
      assertThat(got.get(i)).isEqualTo(bytes);
    }
  }

  private static Sink into(byte[] bytes) {
    return (offset, piece) ->
        MemorySegment.copy(piece, 0, MemorySegment.ofArray(bytes), offset, piece.byteSize());
  }

  private static List<Variant> alone(Step.Change change, Profile profile, Sink sink) {
    return List.of(
        new Variant(
            change,
            profile,
            sink,
            e -> {
              throw new AssertionError(e);
            }));
  }

  private static Source source(Step.Change change) {
    return (offset, into) ->
        change.source().part().file().read(change.source().info(), offset, into);
  }

  private static double[] collect(Step.Change change, DType dtype, Run run) throws IOException {
    byte[] bytes = new byte[(int) change.target().bytes()];
    run.into(into(bytes));
    double[] values = new double[(int) change.target().shape().elements()];
    Widen.toDoubles(MemorySegment.ofArray(bytes), 0, dtype, values, 0, values.length);
    return values;
  }
}
