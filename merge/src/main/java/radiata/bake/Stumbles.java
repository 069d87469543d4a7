package radiata.bake;

import java.util.Optional;
import java.util.Set;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Glora;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.convention.Profile;
import radiata.convention.Profile.Stumble;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// Layers that a runtime cannot compute although it knows their algorithm, decided from shapes.
final class Stumbles {
  private Stumbles() {}

  /// Why the runtime stumbles over this layer, if it does.
  static Optional<Stumble> of(Adapter<TensorInfo> adapter, Shape view, Profile as) {
    Set<Stumble> known = as.stumbles();
    if (known.contains(Stumble.NINE_CHANNELS) && view.rank() == 4 && view.dim(1) == 9) {
      return Optional.of(Stumble.NINE_CHANNELS);
    }
    Adapter<TensorInfo> inner = adapter instanceof Dora<TensorInfo> dora ? dora.inner() : adapter;
    return found(inner, view).filter(known::contains);
  }

  private static Optional<Stumble> found(Adapter<TensorInfo> adapter, Shape view) {
    if (adapter instanceof Glora<TensorInfo> glora) {
      return view.rank() > 2
          ? Optional.of(Stumble.GLORA_ON_KERNELS)
          : glora.old() ? Optional.empty() : Optional.of(Stumble.GLORA_NEW);
    }
    if (adapter instanceof Lokr<TensorInfo> lokr) {
      return isTucker(lokr.small()) || isTucker(lokr.large())
          ? Optional.of(Stumble.LOKR_TUCKER)
          : Optional.empty();
    }
    boolean kernels =
        adapter instanceof Loha<TensorInfo> loha
            && (hasKernel(loha.one()) || hasKernel(loha.two()));
    return kernels ? Optional.of(Stumble.LOHA_KERNELS) : Optional.empty();
  }

  private static boolean isTucker(Factor<TensorInfo> factor) {
    return factor instanceof Factor.Tucker<TensorInfo>;
  }

  private static boolean hasKernel(Factor<TensorInfo> factor) {
    return !isTucker(factor) && factor.tensors().stream().anyMatch(t -> t.shape().rank() > 2);
  }
}
