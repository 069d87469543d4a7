package radiata.convert;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import radiata.bake.DtypeNames;
import radiata.convert.folder.Prediction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;

/// What a conversion says of where its output comes from.
final class ConversionProvenance {
  private ConversionProvenance() {}

  static Provenance of(Checkpoint input, ConversionRequest request) throws IOException {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("to", request.layout().name().toLowerCase(Locale.ROOT));
    settings.put("dtype", DtypeNames.of(request.dtype()));
    request
        .maxShardBytes()
        .ifPresent(bytes -> settings.put("max-shard-size", Long.toString(bytes)));
    request
        .prediction()
        .map(Prediction::diffusers)
        .ifPresent(name -> settings.put("prediction", name));
    return new Provenance(new Recipe("convert", settings), List.of(Input.byHeader("input", input)));
  }
}
