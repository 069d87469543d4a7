package radiata.train.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lokr;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.names.Dialect;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorInfo;
import radiata.train.adapter.Blueprint.Algorithm;
import radiata.train.nn.NetworkException;

/// What an adapter that is to be trained further is, as its file says.
///
/// @param blueprint ranks, alphas and the axis of its modules, the first of each kind standing for
///   all
/// @param peft whether it has the names of PEFT
/// @param settings the text of its `adapter_config.json`, where it has one
/// @param textEncoder whether modules of a text encoder are among it, as kohya's names tell
public record Continued(
    Blueprint blueprint, boolean peft, Optional<String> settings, boolean textEncoder) {
  /// Reads the header of an adapter.
  ///
  /// @throws NetworkException if it is of an algorithm that is not trained
  public static Continued read(Path path) throws IOException {
    try (AdapterFile file = AdapterFile.open(path, Limits.DEFAULT, null)) {
      Optional<String> settings =
          file.config().isPresent()
              ? Optional.of(Files.readString(file.config().get()))
              : Optional.empty();
      return new Continued(
          blueprint(file),
          file.dialect() == Dialect.PEFT,
          settings,
          file.modules().stream().anyMatch(module -> module.name().startsWith("lora_te")));
    }
  }

  private static Blueprint blueprint(AdapterFile file) {
    List<AdapterModule> modules = file.modules();
    AdapterModule first =
        modules.stream()
            .findFirst()
            .orElseThrow(() -> new NetworkException(file.path() + " has no module to go on with"));
    modules.forEach(module -> algorithm(file, module));
    Optional<AdapterModule> linear = modules.stream().filter(m -> !kernel(m)).findFirst();
    Optional<AdapterModule> kernel = modules.stream().filter(Continued::kernel).findFirst();
    AdapterModule plain = linear.orElse(first);
    return new Blueprint(
        algorithm(file, first),
        rank(plain),
        alpha(plain),
        kernel.map(Continued::rank).orElse(0),
        kernel.map(Continued::alpha).orElse(0.0),
        first.axis(),
        false,
        -1,
        modules.stream().anyMatch(Continued::splitsBoth));
  }

  private static boolean kernel(AdapterModule module) {
    return Blueprint.isKernel(module.madeFor());
  }

  private static int rank(AdapterModule module) {
    return module.rank().orElse(1);
  }

  private static double alpha(AdapterModule module) {
    return module.alpha().orElse(rank(module));
  }

  private static boolean splitsBoth(AdapterModule module) {
    return (module.adapter() instanceof Dora<TensorInfo> dora ? dora.inner() : module.adapter())
            instanceof Lokr<TensorInfo> lokr
        && lokr.small() instanceof Factor.Split<TensorInfo>;
  }

  private static Algorithm algorithm(AdapterFile file, AdapterModule module) {
    return switch (module.algorithm()) {
      case LORA -> Algorithm.LORA;
      case LOHA -> Algorithm.LOHA;
      case LOKR -> Algorithm.LOKR;
      case GLORA, IA3, FULL, NORM, OFT, BOFT, TLORA, WHOLE ->
          throw new NetworkException(
              "%s: module %s is %s, which is not trained; lora, loha and lokr are"
                  .formatted(file.path(), module.name(), module.algorithm().id()));
    };
  }
}
