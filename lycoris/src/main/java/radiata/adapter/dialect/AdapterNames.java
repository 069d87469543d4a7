package radiata.adapter.dialect;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.names.BareName;
import radiata.names.BaseTensor;
import radiata.names.Dialect;
import radiata.names.Family;
import radiata.names.NameTable;

/// The names of the model an adapter is for, where the model itself is not at hand.
public final class AdapterNames {
  private static final Set<Dialect> FLAT =
      EnumSet.of(Dialect.KOHYA, Dialect.KOHYA_DIFFUSERS, Dialect.LYCORIS);

  private AdapterNames() {}

  /// The table of the adapter's family; for a family without one, a table of the adapter's own
  /// dotted names. Names in underscores can then become other names in underscores only.
  ///
  /// @throws AdapterException if they would have to become dotted
  public static NameTable of(AdapterFile file, Dialect to) {
    Family family = file.family();
    if (family.hasTable()) {
      return NameTable.of(family);
    }
    List<BaseTensor> base = new ArrayList<>();
    for (AdapterModule module : file.modules()) {
      if (!module.bias()) {
        base.add(new BaseTensor("", path(file, module, to) + ".weight", module.madeFor()));
      }
    }
    return NameTable.of(base);
  }

  private static String path(AdapterFile file, AdapterModule module, Dialect to) {
    BareName bare = BareName.of(module.name());
    if (!bare.denoiser()) {
      throw new AdapterException(
          file.path(),
          module.name(),
          "%s stands for a text encoder or VAE of a model that no table knows; name it with --base"
              .formatted(module.name()));
    }
    if (bare.flat() && !FLAT.contains(to)) {
      throw new AdapterException(
          file.path(),
          module.name(),
          "%s stands in underscores, and no table tells where its dots were; name the model with --base"
              .formatted(module.name()));
    }
    return bare.path();
  }
}
