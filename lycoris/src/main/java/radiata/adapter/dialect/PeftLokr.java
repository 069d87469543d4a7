package radiata.adapter.dialect;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import radiata.safetensors.Shape;

/// The settings from which PEFT would build the factors of LoKr layers: it makes their shapes from
/// one number for all layers, and loads only what has these shapes (PEFT 0.21.0
/// `tuners/lokr/layer.py` `update_layer`, `factorization`).
///
/// @param factor `decompose_factor`
/// @param both `decompose_both`
record PeftLokr(int factor, boolean both) {
  private static final long[] KERNELS = {1, 3, 9, 25, 27, 49};

  /// The shapes of one layer's factors: the small one `[a, b]`, the large one `[c, d]` and its
  /// kernel.
  private record Sizes(
      long a, long b, long c, long columns, boolean wholeSmall, boolean wholeLarge) {
    static Sizes of(Layer layer) {
      Content small = layer.parts().get("lokr_w1");
      Content large = layer.parts().get("lokr_w2");
      Shape one =
          small != null
              ? small.shape().matrix()
              : Shape.of(
                  layer.part("lokr_w1_a").shape().dim(0),
                  layer.part("lokr_w1_b").shape().matrix().dim(1));
      boolean turned = layer.parts().containsKey("lokr_t2");
      Shape two =
          large != null
              ? Shape.of(large.shape().dim(0), large.shape().dim(1))
              : Shape.of(
                  layer.part("lokr_w2_a").shape().dim(turned ? 1 : 0),
                  layer.part("lokr_w2_b").shape().matrix().dim(1));
      return new Sizes(
          one.dim(0), one.dim(1), two.dim(0), two.dim(1), small != null, large != null);
    }
  }

  /// The settings that give the shapes of all layers; empty where none do.
  static Optional<PeftLokr> of(List<Layer> layers) {
    TreeSet<Integer> factors = new TreeSet<>(List.of(-1));
    for (Layer layer : layers) {
      Sizes sizes = Sizes.of(layer);
      factors.add(Math.toIntExact(sizes.a()));
      factors.add(Math.toIntExact(sizes.b()));
    }
    for (boolean both : new boolean[] {false, true}) {
      for (int factor : factors) {
        PeftLokr settings = new PeftLokr(factor, both);
        if (layers.stream().allMatch(settings::builds)) {
          return Optional.of(settings);
        }
      }
    }
    return Optional.empty();
  }

  /// A rank at which PEFT keeps both factors whole.
  static int wholeRank(Layer layer) {
    Sizes sizes = Sizes.of(layer);
    long widest = Math.max(Math.max(sizes.a(), sizes.b()), Math.max(sizes.c(), sizes.columns()));
    return Math.toIntExact(widest);
  }

  private boolean builds(Layer layer) {
    Sizes sizes = Sizes.of(layer);
    for (long kernel : KERNELS) {
      if (sizes.columns() % kernel == 0 && builds(sizes, sizes.columns() / kernel, layer.rank())) {
        return true;
      }
    }
    return false;
  }

  private boolean builds(Sizes sizes, long d, OptionalInt rank) {
    boolean shapes = divides(sizes.a() * sizes.c(), sizes.a()) && divides(sizes.b() * d, sizes.b());
    if (!shapes || rank.isEmpty()) {
      return shapes;
    }
    double r = rank.getAsInt();
    boolean wholeLarge = r >= Math.max(sizes.c(), d) / 2.0;
    boolean wholeSmall = !both || r >= Math.max(sizes.a(), sizes.b()) / 2.0;
    return wholeSmall == sizes.wholeSmall() && wholeLarge == sizes.wholeLarge();
  }

  private boolean divides(long dimension, long small) {
    if (factor > 0 && dimension % factor == 0) {
      return small == factor;
    }
    long limit = factor < 0 ? dimension : factor;
    long m = 1;
    long n = dimension;
    while (m < n) {
      long next = m + 1;
      while (dimension % next != 0) {
        next++;
      }
      if (next + dimension / next > m + n || next > limit) {
        break;
      }
      m = next;
      n = dimension / next;
    }
    return small == Math.min(m, n);
  }
}
