package radiata.adapter.dialect;

import java.util.Optional;
import java.util.OptionalDouble;
import radiata.adapter.Adapter;
import radiata.adapter.Boft;
import radiata.adapter.Dora;
import radiata.adapter.Full;
import radiata.adapter.Glora;
import radiata.adapter.Ia3;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Lora;
import radiata.adapter.Oft;
import radiata.adapter.Replacement;
import radiata.adapter.Scale;
import radiata.adapter.Sparse;
import radiata.adapter.Tlora;
import radiata.convention.Profiles;

/// What stands in front of a delta.
public final class Scales {
  private Scales() {}

  /// alpha over rank as the definition has it; empty for what is not scaled.
  public static OptionalDouble exact(Adapter<?> adapter) {
    return of(adapter).stream().mapToDouble(scale -> scale.under(Profiles.EXACT)).findFirst();
  }

  /// The scale of a delta; empty for what has none.
  public static Optional<Scale> of(Adapter<?> adapter) {
    return switch (adapter) {
      case Dora<?> dora -> of(dora.inner());
      case Sparse<?> sparse -> of(sparse.inner());
      case Lora<?> lora -> Optional.of(lora.scale());
      case Loha<?> loha -> Optional.of(loha.scale());
      case Lokr<?> lokr -> Optional.of(lokr.scale());
      case Glora<?> glora -> Optional.of(glora.scale());
      case Tlora<?> tlora -> Optional.of(tlora.scale());
      case Full<?> full -> Optional.of(full.scale());
      case Ia3<?> _, Oft<?> _, Boft<?> _, Replacement<?> _ -> Optional.empty();
    };
  }
}
