package radiata.adapter.file;

import java.io.IOException;
import java.util.OptionalDouble;
import radiata.adapter.Factor;
import radiata.adapter.Ia3;
import radiata.adapter.Tlora;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;

/// Reads (IA)^3 and T-LoRA.
final class OtherRecipes {
  private OtherRecipes() {}

  static Body ia3(Parts parts) throws IOException {
    TensorInfo flag = parts.need("on_input");
    boolean onInput = parts.number(flag) != 0;
    parts.because().add("on_input: one factor per %s".formatted(onInput ? "input" : "output"));
    parts.find(Suffixes.ALPHA);
    return Body.without(Algorithm.IA3, new Ia3<>(parts.need(Suffixes.WEIGHT), onInput), null);
  }

  static Body tlora(Parts parts) throws IOException {
    TensorInfo down = parts.need("q_layer");
    TensorInfo up = parts.need("p_layer");
    new Factor.Split<>(up, down).shape(TensorInfo::shape);
    int rank = Math.toIntExact(down.shape().dim(0));
    parts
        .because()
        .add(
            "rank %d; what it takes off are the first singular vectors of the base"
                .formatted(rank));
    OptionalDouble alpha = parts.alpha();
    return Body.of(
        Algorithm.TLORA,
        new Tlora<>(up, down, parts.need("lambda_layer"), parts.scale(alpha, rank)),
        rank,
        alpha);
  }
}
