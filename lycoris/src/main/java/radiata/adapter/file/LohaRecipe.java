package radiata.adapter.file;

import java.io.IOException;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Factor;
import radiata.adapter.Loha;
import radiata.adapter.Scale;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;

/// Reads LoHa. With a core `hada_t*` the a factor is stored `[r, out]`.
final class LohaRecipe {
  private LohaRecipe() {}

  static Body read(Parts parts) throws IOException {
    TensorInfo down = parts.need("hada_w1_b");
    Factor<TensorInfo> one = factor(parts.need("hada_w1_a"), parts.find("hada_t1"), down);
    Factor<TensorInfo> two =
        factor(parts.need("hada_w2_a"), parts.find("hada_t2"), parts.need("hada_w2_b"));
    one.shape(TensorInfo::shape);
    int rank = Math.toIntExact(down.shape().dim(0));
    parts.because().add("rank %d from %s %s".formatted(rank, down.name(), down.shape()));
    OptionalDouble alpha = parts.alpha();
    Scale scale = parts.explicit(parts.scale(alpha, rank));
    return Body.of(Algorithm.LOHA, new Loha<>(one, two, scale), rank, alpha);
  }

  private static Factor<TensorInfo> factor(
      TensorInfo up, @Nullable TensorInfo core, TensorInfo down) {
    return core == null ? new Factor.Split<>(up, down) : new Factor.Tucker<>(up, core, down, true);
  }
}
