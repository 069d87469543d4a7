package radiata.adapter.file;

import static radiata.adapter.file.Suffixes.BIAS;
import static radiata.adapter.file.Suffixes.DOWN;
import static radiata.adapter.file.Suffixes.MID;
import static radiata.adapter.file.Suffixes.UP;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Factor;
import radiata.adapter.Full;
import radiata.adapter.Lora;
import radiata.adapter.Replacement;
import radiata.adapter.Scale;
import radiata.adapter.Sparse;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;

/// Reads LoRA, LoCon and DyLoRA, with or without a Tucker core, the extractor's sparse remainder,
/// or a bias beside it.
final class LoraRecipe {
  private LoraRecipe() {}

  static Body read(Parts parts) throws IOException {
    TensorInfo up = parts.need(UP);
    TensorInfo down = parts.need(DOWN);
    TensorInfo mid = parts.find(MID);
    Optional<Wrapped> wrapped = mid == null ? parts.wrapped() : Optional.empty();
    if (wrapped.isPresent()) {
      return wrapped(parts, wrapped.get(), up, down);
    }
    Factor<TensorInfo> factor =
        mid == null ? new Factor.Split<>(up, down) : new Factor.Tucker<>(up, mid, down, false);
    factor.shape(TensorInfo::shape);
    int rank = Math.toIntExact(down.shape().dim(0));
    parts.because().add("rank %d from %s %s".formatted(rank, down.name(), down.shape()));
    if (mid == null && down.shape().rank() > 2 && up.shape().rank() == 2) {
      parts
          .because()
          .add(
              "%s is 2-D on a convolution, as DyLoRA writes it; read at its full rank"
                  .formatted(up.name()));
    }
    OptionalDouble alpha = parts.alpha();
    Scale scale = parts.explicit(parts.scale(alpha, rank));
    Additive<TensorInfo> lora = sparse(parts, new Lora<>(factor, scale));
    return new Body(
        Algorithm.LORA,
        lora,
        bias(parts, scale),
        OptionalInt.of(rank),
        alpha,
        parts.config() != null && parts.config().fanInFanOut(),
        parts.padded(factor.shape(TensorInfo::shape)));
  }

  /// LoRA on a parameter, as far as the file tells: how many experts share the rows of down is for
  /// the base to say, and with it rank and scale.
  private static Body wrapped(Parts parts, Wrapped wrapped, TensorInfo up, TensorInfo down) {
    Factor<TensorInfo> factor = new Factor.Split<>(up, down);
    factor.shape(TensorInfo::shape);
    Wrapped.Candidate first = wrapped.candidates().getFirst();
    int rank =
        parts.configuredRank().isPresent()
            ? (int) parts.configuredRank().getAsDouble()
            : Math.toIntExact(down.shape().dim(0));
    parts
        .because()
        .add(
            "it is for a parameter of %s (target_parameters: %s); the shapes of the base tell which"
                .formatted(
                    wrapped.module(),
                    String.join(
                        ", ",
                        wrapped.candidates().stream().map(Wrapped.Candidate::parameter).toList())));
    return Body.of(
        Algorithm.LORA,
        new Lora<>(factor, wrapped.scale(first, Math.max(1, rank))),
        rank,
        first.alpha());
  }

  /// LoRA on an embedding: `lora_embedding_A [r, vocabulary]`, `lora_embedding_B [dim, r]`; the
  /// delta of the stored weight `[vocabulary, dim]` is the transpose of their product (PEFT 0.21.0
  /// `tuners/lora/layer.py` `Embedding.get_delta_weight`).
  static Body embedding(Parts parts) throws IOException {
    TensorInfo down = parts.need("lora_embedding_A");
    TensorInfo up = parts.need("lora_embedding_B");
    Factor<TensorInfo> factor = new Factor.Split<>(up, down);
    factor.shape(TensorInfo::shape);
    int rank = Math.toIntExact(down.shape().dim(0));
    OptionalDouble alpha = parts.alpha();
    Additive<TensorInfo> lora = new Lora<>(factor, parts.scale(alpha, rank));
    return new Body(Algorithm.LORA, lora, null, OptionalInt.of(rank), alpha, true);
  }

  private static Additive<TensorInfo> sparse(Parts parts, Lora<TensorInfo> lora) {
    if (!parts.has("bias_indices") && !parts.has("bias_values")) {
      return lora;
    }
    TensorInfo indices = parts.need("bias_indices");
    TensorInfo values = parts.need("bias_values");
    parts.find("bias_size");
    return new Sparse<>(lora, indices, values);
  }

  private static @Nullable Adapter<TensorInfo> bias(Parts parts, Scale scale) {
    TensorInfo added = parts.find("lora_B.bias");
    if (added != null) {
      return new Full<>(added, scale);
    }
    TensorInfo difference = parts.find("diff_b");
    if (difference != null) {
      return new Full<>(difference, Scale.none(1));
    }
    TensorInfo trained = parts.find(BIAS);
    return trained == null ? null : new Replacement<>(trained);
  }
}
