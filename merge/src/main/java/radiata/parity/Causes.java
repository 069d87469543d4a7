package radiata.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Boft;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Glora;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Lora;
import radiata.adapter.Oft;
import radiata.adapter.Scale;
import radiata.adapter.Sparse;
import radiata.adapter.dialect.Scales;
import radiata.bake.Applied;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// Why a runtime's weight is not the definition's: the answers of its profile that bear on the
/// module.
final class Causes {
  private final Profile as;
  private final double strength;
  private final DType base;
  private final List<String> found = new ArrayList<>();

  private Causes(Profile as, double strength, DType base) {
    this.as = as;
    this.strength = strength;
    this.base = base;
  }

  /// What the runtime does otherwise, each a verb first.
  ///
  /// @param whole what the file holds for the module
  /// @param read what the runtime reads of it
  /// @param base the dtype of the weight
  static List<String> of(
      Adapter<TensorInfo> whole, Applied read, Profile as, double strength, DType base) {
    Causes causes = new Causes(as, strength, base);
    causes.dropped(whole, read.adapter(), read.module().algorithm().id());
    Adapter<TensorInfo> inner = read.adapter();
    if (inner instanceof Dora<TensorInfo> dora) {
      causes.decomposed(dora, read.whole());
      inner = dora.inner();
    }
    causes.scaled(inner, read.adapter().tensors().getFirst().dtype());
    causes.rotated(inner);
    if (causes.found.isEmpty() && as.epsilon(base) > 0) {
      causes.add(
          "adds %s%s to the norm"
              .formatted(
                  power(as.epsilon(base)),
                  as.epsilonRule() == Profile.Epsilon.OF_BASE
                      ? ", the machine epsilon of " + base + ","
                      : ""));
    }
    if (causes.found.isEmpty()) {
      causes.add("computes otherwise (%s)".formatted(as.source()));
    }
    return causes.found;
  }

  private void add(String cause) {
    found.add(cause);
  }

  private static String power(double epsilon) {
    return "2^" + Math.getExponent(epsilon);
  }

  private void dropped(Adapter<TensorInfo> whole, Adapter<TensorInfo> read, String algorithm) {
    Adapter<TensorInfo> of = whole;
    Adapter<TensorInfo> left = read;
    if (of instanceof Dora<TensorInfo> dora) {
      if (left instanceof Dora<TensorInfo> kept) {
        left = kept.inner();
      } else if (as.magnitudes().contains(dora.key())) {
        add("drops a magnitude over %s".formatted(algorithm));
      } else {
        add("does not read %s, and drops the magnitude".formatted(dora.key().key()));
      }
      of = dora.inner();
    }
    if (of instanceof Sparse<TensorInfo> && !(left instanceof Sparse<TensorInfo>)) {
      add("drops the sparse remainder");
    }
  }

  private void decomposed(Dora<TensorInfo> dora, Shape weight) {
    Shape magnitude = dora.magnitude().shape();
    DoraAxis seen = as.axis(dora.axis(), magnitude, weight);
    boolean asStored = !as.shapesMagnitude() && magnitude.rank() != weight.rank();
    if (seen != dora.axis()) {
      add("takes %s-axis DoRA along the %ss".formatted(name(dora.axis()), name(seen)));
    } else if (asStored) {
      add("broadcasts %s %s as it is stored".formatted(dora.key().key(), magnitude));
    } else if (as.norm() == Profile.Norm.BASE_ON_OUTPUT && seen == DoraAxis.OUTPUT) {
      add("divides output-axis DoRA by the norm of W, not of W + change");
    }
    if (strength != 1) {
      switch (as.strength()) {
        case TOWARDS -> {}
        case ON_FACTOR -> add("lets the strength act on DoRA's magnitude alone");
        case INSIDE_NORM -> add("lets the strength act inside DoRA's norm");
      }
    }
  }

  private static String name(DoraAxis axis) {
    return axis.name().toLowerCase(Locale.ROOT);
  }

  private void scaled(Adapter<TensorInfo> adapter, DType factors) {
    Adapter<TensorInfo> inner =
        adapter instanceof Sparse<TensorInfo> sparse ? sparse.inner() : adapter;
    @Nullable Scale scale = Scales.of(inner).orElse(null);
    boolean product = inner instanceof Loha<TensorInfo> || inner instanceof Lokr<TensorInfo>;
    boolean explicit = scale != null && scale.explicit().isPresent();
    if (explicit && !as.readsScale()) {
      add("does not read the explicit scale, and takes alpha/rank");
    }
    if (scale != null
        && !(explicit && as.readsScale())
        && scale.alpha().equals(OptionalDouble.of(0))
        && !as.zeroAlphaMeansRank()) {
      add("takes an alpha of 0 as scale 0");
    } else if (product && as.scalesProductsTwice()) {
      add("scales LoHa and LoKr by alpha/rank twice");
    }
    if (inner instanceof Lora<TensorInfo> lora
        && lora.factor() instanceof Factor.Tucker<TensorInfo>
        && !as.readsMid()) {
      add("leaves out the Tucker core, the 1x1 product at every kernel tap");
    }
    if (inner instanceof Glora<TensorInfo> && !as.readsGloraAlpha()) {
      add("leaves out the alpha of GLoRA");
    }
    if (product && as.throughFactors() && factors != base) {
      add("adds LoHa and LoKr in the dtype of their factors, %s".formatted(factors));
    }
  }

  private void rotated(Adapter<TensorInfo> adapter) {
    if (adapter instanceof Oft<TensorInfo> oft) {
      rotated(oft.rescale() != null, oft.constraint() != 0, true);
    } else if (adapter instanceof Boft<TensorInfo> boft) {
      rotated(boft.rescale() != null, boft.constraint() != 0, false);
    }
  }

  private void rotated(boolean rescaled, boolean limited, boolean diagonal) {
    switch (as.rotation()) {
      case STRAIGHT -> {}
      case MIXED -> {
        if (strength != 1 && (rescaled || !diagonal)) {
          add("turns by the strength first and rescales in full");
        }
      }
      case TWICE -> {
        if (rescaled && diagonal) {
          add("leaves out rescale");
        }
        if (limited) {
          add("limits the rotation by alpha, not by alpha times the outputs");
        }
        if (strength != 1) {
          add("applies the strength of a rotation twice");
        }
      }
    }
  }
}
