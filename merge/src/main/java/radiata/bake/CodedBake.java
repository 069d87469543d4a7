package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import radiata.convention.Profile;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// A change of a weight whose bytes are not plain numbers: scaled fp8, or fp8 that is rounded
/// stochastically. The change itself is computed on numbers, by whichever engine suits it; this
/// stands between the engine and the bytes.
///
/// A scaled weight keeps its scale while every new value fits under it. If one does not, the scale
/// is doubled until it does: fp8 is a floating format, so a power of two changes the exponents of
/// the codes and not their digits, and values that no adapter touched stay what they are, but for
/// the smallest. A scale made anew from the largest value, as ComfyUI makes it, would round them
/// all once more.
final class CodedBake {
  private static final int MOST_DOUBLINGS = 256;
  private static final int CHUNK = 1 << 16;

  private final Step.Change step;
  private final Profile as;
  private final Step.Change engine;
  private final boolean fused;
  private final long columns;

  CodedBake(Step.Change step, Profile as) {
    this(step, as, fused(step, as));
  }

  private CodedBake(Step.Change step, Profile as, boolean fused) {
    this.step = step;
    this.as = as;
    this.fused = fused;
    this.engine = engine(step, as, fused);
    this.columns = RowBlocks.lines(step).dim(1);
  }

  /// Whether a change has to go through here.
  static boolean needed(Step.Change step) {
    return !step.coding().equals(Coding.PLAIN);
  }

  /// Bytes of a tensor that are held until its scale is known.
  static long held(Step.Change step) {
    return step.coding().rescaled().isPresent() ? step.target().bytes() : 0;
  }

  /// The change of numbers that the engine is given.
  static Step.Change engine(Step.Change step, Profile as) {
    return engine(step, as, fused(step, as));
  }

  static boolean fused(Step.Change step, Profile as) {
    return step.target().dtype().bits() < Float.SIZE && FusedBake.suits(step, as);
  }

  private static Step.Change engine(Step.Change step, Profile as, boolean fused) {
    // A runtime that takes its epsilon from the base's dtype would see floats.
    boolean floats = fused || as.epsilon(DType.F32) != as.epsilon(DType.F64);
    Stored source =
        step.coding().scale().isEmpty()
            ? step.source()
            : new Stored(
                step.source().part(),
                numbers(step.source().info(), floats ? DType.F32 : DType.F64));
    TensorInfo target = numbers(step.target(), fused ? DType.F32 : DType.F64);
    List<Applied> applied =
        step.applied().stream().map(each -> each.over(step.source(), source)).toList();
    return new Step.Change(source, step.file(), target, applied);
  }

  /// The change before it is encoded again: the base's numbers, and an output in doubles.
  static Numbers numbers(Step.Change step, Profile as, Source raw) throws IOException {
    CodedBake bake = new CodedBake(step, as, false);
    double scale = scale(step.coding().scale());
    return new Numbers(
        bake.engine, step.coding().scale().isEmpty() ? raw : bake.widened(raw, scale));
  }

  /// A tensor's place as numbers of a dtype.
  static TensorInfo numbers(TensorInfo of, DType dtype) {
    Shape shape = of.shape();
    return new TensorInfo(of.name(), dtype, shape, 0, shape.elements() * dtype.bytes());
  }

  /// @param scaleSink where the scale of the output goes, if it has one
  Survival run(Source raw, Sink sink, Sink scaleSink) throws IOException {
    double scale = scale(step.coding().scale());
    Source numbers = step.coding().scale().isEmpty() ? raw : widened(raw, scale);
    Optional<Step.Scale> rescaled = step.coding().rescaled();
    if (rescaled.isEmpty()) {
      return run(numbers, new Attempt(1, numbers, sink, false));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment codes = arena.allocate(Math.max(1, step.target().bytes()));
      Sink hold = (offset, bytes) -> MemorySegment.copy(bytes, 0, codes, offset, bytes.byteSize());
      Attempt attempt = new Attempt(scale, numbers, hold, true);
      Survival survival = run(numbers, attempt);
      if (attempt.overflows()) {
        attempt = new Attempt(attempt.fitting(), numbers, hold, true);
        survival = run(numbers, attempt);
      }
      sink.write(0, codes.asSlice(0, step.target().bytes()));
      DType dtype = rescaled.get().target().dtype();
      MemorySegment one = arena.allocate(dtype.bytes());
      Narrow.fromDoubles(new double[] {attempt.scale}, 0, 1, dtype, one, 0);
      scaleSink.write(0, one);
      return survival;
    }
  }

  private Survival run(Source numbers, Attempt attempt) throws IOException {
    Variant.alone(engine, as, fused, numbers, attempt);
    return attempt.meter.done(step.target().name());
  }

  /// @throws BakeException if it is 0, negative, infinite or NaN
  static double scale(Optional<Stored> stored) throws IOException {
    if (stored.isEmpty()) {
      return 1;
    }
    Stored scale = stored.get();
    double value;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(scale.info().bytes());
      scale.part().file().read(scale.info(), 0, one);
      value = Widen.scalar(one, scale.info().dtype());
    }
    if (!(value > 0 && Double.isFinite(value))) {
      throw new BakeException(
          scale.part().file().path(),
          scale.name(),
          "the scale %s is %s, expected a number above 0; the model is broken, download it again"
              .formatted(scale.name(), value));
    }
    return value;
  }

  /// The base's values. In floats they are exact to half a unit of 24 bits, far below what an
  /// output of 16 bits or fewer can tell.
  private Source widened(Source raw, double scale) {
    DType from = step.source().info().dtype();
    DType to = engine.source().info().dtype();
    return (offset, into) -> {
      long first = offset / to.bytes();
      long count = into.byteSize() / to.bytes();
      double[] values = new double[(int) Math.min(CHUNK, count)];
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment codes = arena.allocate(Math.max(1, (long) values.length * from.bytes()));
        for (long at = 0; at < count; at += values.length) {
          int length = (int) Math.min(values.length, count - at);
          raw.read((first + at) * from.bytes(), codes.asSlice(0, (long) length * from.bytes()));
          Widen.toDoubles(codes, 0, from, values, 0, length);
          for (int i = 0; i < length; i++) {
            values[i] *= scale;
          }
          Narrow.fromDoubles(values, 0, length, to, into, at);
        }
      }
    };
  }

  /// Encodes what the engine computes, row by row, under one scale.
  private final class Attempt implements Sink {
    private final double scale;
    private final Source numbers;
    private final Sink to;
    private final boolean scaled;
    private final Survival.Meter meter;
    private final DType dtype = step.target().dtype();
    private final double[] exact = new double[Math.toIntExact(columns)];
    private final double[] stored = new double[exact.length];
    private double peak;

    Attempt(double scale, Source numbers, Sink to, boolean scaled) {
      this.scale = scale;
      this.numbers = numbers;
      this.to = to;
      this.scaled = scaled;
      this.meter = new Survival.Meter(dtype, step.target().shape());
    }

    @Override
    public void write(long offset, MemorySegment bytes) throws IOException {
      DType from = engine.target().dtype();
      long first = offset / from.bytes();
      long count = bytes.byteSize() / from.bytes();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment codes = arena.allocate(Math.max(1, count * dtype.bytes()));
        for (long at = 0; at < count; at += columns) {
          Widen.toDoubles(bytes, at, from, exact, 0, exact.length);
          row(first + at, codes, at, arena);
        }
        to.write(first * dtype.bytes(), codes.asSlice(0, count * dtype.bytes()));
      }
    }

    private void row(long element, MemorySegment codes, long at, Arena arena) throws IOException {
      double most = 0;
      for (int i = 0; i < exact.length; i++) {
        stored[i] = exact[i] / scale;
        most = Math.max(most, Math.abs(stored[i]));
      }
      long row = element / columns;
      if (scaled) {
        peak = Math.max(peak, most);
      } else {
        Outcome.requireNumber(step, row, most);
      }
      if (!scaled && Narrow.overflows(most, dtype)) {
        for (double value : stored) {
          meter.overflow(value);
        }
      }
      step.coding().dither().ifPresent(d -> d.apply(stored, stored.length, dtype, element));
      Narrow.fromDoubles(stored, 0, stored.length, dtype, codes, at);
      if (meter.wants(row)) {
        watch(element, codes, at, arena);
      }
    }

    private void watch(long element, MemorySegment codes, long at, Arena arena) throws IOException {
      DType from = engine.source().info().dtype();
      MemorySegment bytes = arena.allocate(Math.max(1, columns * from.bytes()));
      numbers.read(element * from.bytes(), bytes.asSlice(0, columns * from.bytes()));
      double[] before = new double[exact.length];
      Widen.toDoubles(bytes, 0, from, before, 0, before.length);
      Widen.toDoubles(codes, at, dtype, stored, 0, stored.length);
      for (int i = 0; i < exact.length; i++) {
        // The engine's own floats, so that a value that was kept counts as one.
        double kept = stored[i] * scale;
        meter.element(before[i], exact[i], from == DType.F32 ? (float) kept : kept);
      }
    }

    boolean overflows() {
      return Narrow.overflows(peak, dtype);
    }

    /// The least doubled scale under which every value fits.
    double fitting() {
      double doubled = scale;
      for (int i = 0; i < MOST_DOUBLINGS; i++) {
        doubled *= 2;
        if (!Narrow.overflows(peak * scale / doubled, dtype)) {
          return doubled;
        }
      }
      throw new BakeException(
          step.source().part().file().path(),
          step.target().name(),
          "the baked %s reaches %s, which no scale of %s can hold"
              .formatted(step.target().name(), peak * scale, dtype));
    }
  }
}
