package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.Shape;

/// A tensor as it reads when zeros are put behind it in every dimension: what an adapter with a
/// `reshape_weight` is given in place of the base's.
final class Padding implements Source {
  private final Source raw;
  private final long[] from;
  private final long[] to;
  private final int inner;
  private final long run;
  private final long pitch;

  /// @param from the shape of the stored tensor
  /// @param to another of as many dimensions, none of them smaller
  /// @param width bytes of an element
  private Padding(Source raw, Shape from, Shape to, int width) {
    this.raw = raw;
    this.from = from.dims();
    this.to = to.dims();
    int last = from.rank() - 1;
    long behind = width;
    while (last > 0 && from.dim(last) == to.dim(last)) {
      behind *= from.dim(last--);
    }
    this.inner = last;
    this.run = from.dim(last) * behind;
    this.pitch = to.dim(last) * behind;
  }

  /// The bytes of a step's tensor as the step takes them: as they are stored where it does not
  /// grow.
  static Source of(Step step, Source raw) {
    Shape from = step.source().info().shape();
    Shape to = step.target().shape();
    return from.equals(to) ? raw : new Padding(raw, from, to, step.source().info().dtype().bytes());
  }

  /// Whether a weight can grow to a shape.
  static boolean fits(Shape from, Shape to) {
    if (from.rank() == 0 || from.rank() != to.rank()) {
      return false;
    }
    for (int i = 0; i < from.rank(); i++) {
      if (to.dim(i) < from.dim(i)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void read(long offset, MemorySegment into) throws IOException {
    into.fill((byte) 0);
    long end = offset + into.byteSize();
    for (long block = offset / pitch; block * pitch < end; block++) {
      long stored = stored(block);
      long first = Math.max(offset, block * pitch);
      long after = Math.min(end, block * pitch + run);
      if (stored >= 0 && first < after) {
        raw.read(stored * run + first - block * pitch, into.asSlice(first - offset, after - first));
      }
    }
  }

  /// The place of a run among those that are stored; -1 for one that is all zeros.
  private long stored(long block) {
    long rest = block;
    long place = 0;
    long stride = 1;
    for (int i = inner - 1; i >= 0; i--) {
      long index = rest % to[i];
      rest /= to[i];
      if (index >= from[i]) {
        return -1;
      }
      place += index * stride;
      stride *= from[i];
    }
    return place;
  }
}
