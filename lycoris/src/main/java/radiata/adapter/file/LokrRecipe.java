package radiata.adapter.file;

import java.io.IOException;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Factor;
import radiata.adapter.Lokr;
import radiata.adapter.Scale;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;

/// Reads LoKr in all its forms. The rank is that of a b factor; with two whole factors there is
/// none and alpha does not count, whatever it holds (LyCORIS 3.3.0 `modules/lokr.py`), but for
/// PEFT's own LoKr, which always divides its alpha by its configured rank (PEFT 0.21.0
/// `tuners/lokr/layer.py`).
final class LokrRecipe {
  private LokrRecipe() {}

  static Body read(Parts parts) throws IOException {
    Factor<TensorInfo> small = factor(parts, "lokr_w1", null);
    Factor<TensorInfo> large = factor(parts, "lokr_w2", parts.find("lokr_t2"));
    parts.find("lokr_t1");
    small.shape(TensorInfo::shape);
    large.shape(TensorInfo::shape);
    OptionalInt rank = rank(small, large);
    if (rank.isPresent()) {
      parts.because().add("rank %d from the b factor".formatted(rank.getAsInt()));
      OptionalDouble alpha = parts.alpha();
      Scale scale = parts.explicit(parts.scale(alpha, rank.getAsInt()));
      return Body.of(Algorithm.LOKR, new Lokr<>(small, large, scale), rank.getAsInt(), alpha);
    }
    OptionalDouble configured = parts.configuredRank();
    if (configured.isPresent() && !parts.has(Suffixes.ALPHA)) {
      int peft = (int) configured.getAsDouble();
      parts.because().add("PEFT's LoKr: alpha over the configured rank, for whole factors too");
      OptionalDouble alpha = parts.alpha();
      Scale scale = parts.explicit(parts.scale(alpha, peft));
      return Body.of(Algorithm.LOKR, new Lokr<>(small, large, scale), peft, alpha);
    }
    return whole(parts, new Lokr<>(small, large, parts.explicit(Scale.none(1))));
  }

  private static Body whole(Parts parts, Lokr<TensorInfo> lokr) throws IOException {
    TensorInfo stored = parts.find(Suffixes.ALPHA);
    OptionalDouble alpha = OptionalDouble.empty();
    if (stored != null) {
      double value = parts.number(stored);
      parts
          .because()
          .add("both factors are whole: the scale is 1, alpha %s does not count".formatted(value));
      alpha = Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }
    return new Body(Algorithm.LOKR, lokr, null, OptionalInt.empty(), alpha, false);
  }

  private static Factor<TensorInfo> factor(Parts parts, String name, @Nullable TensorInfo core) {
    TensorInfo whole = parts.find(name);
    if (whole != null) {
      if (parts.has(name + "_a") || parts.has(name + "_b")) {
        throw new ShapeMismatch("%s is stored whole and as a product".formatted(name));
      }
      return new Factor.Whole<>(whole);
    }
    TensorInfo up = parts.need(name + "_a");
    TensorInfo down = parts.need(name + "_b");
    return core == null ? new Factor.Split<>(up, down) : new Factor.Tucker<>(up, core, down, true);
  }

  private static OptionalInt rank(Factor<TensorInfo> small, Factor<TensorInfo> large) {
    OptionalInt of = rank(large);
    return of.isPresent() ? of : rank(small);
  }

  private static OptionalInt rank(Factor<TensorInfo> factor) {
    return switch (factor) {
      case Factor.Whole<TensorInfo> _ -> OptionalInt.empty();
      case Factor.Split<TensorInfo>(var _, TensorInfo down) ->
          OptionalInt.of(Math.toIntExact(down.shape().dim(0)));
      case Factor.Experts<TensorInfo> _ -> throw new IllegalArgumentException("no LoKr: " + factor);
      case Factor.Tucker<TensorInfo>(var _, var _, TensorInfo down, var _) ->
          OptionalInt.of(Math.toIntExact(down.shape().dim(0)));
    };
  }
}
