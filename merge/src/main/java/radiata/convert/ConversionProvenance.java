package radiata.convert;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import radiata.convert.folder.Prediction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;
import radiata.safetensors.provenance.Source;

/// What a conversion says of where its output comes from.
final class ConversionProvenance {
  private ConversionProvenance() {}

  static Provenance of(Checkpoint input, ConversionRequest request) throws IOException {
    List<Source> files = new ArrayList<>();
    for (Part part : input.parts()) {
      files.add(Source.byHeader(part.file()));
    }
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("to", request.layout().name().toLowerCase(Locale.ROOT));
    settings.put(
        "dtype", request.dtype().map(type -> type.name().toLowerCase(Locale.ROOT)).orElse("keep"));
    request
        .maxShardBytes()
        .ifPresent(bytes -> settings.put("max-shard-size", Long.toString(bytes)));
    request
        .prediction()
        .map(Prediction::diffusers)
        .ifPresent(name -> settings.put("prediction", name));
    return new Provenance(
        new Recipe("convert", settings), List.of(new Input("input", Map.of(), files)));
  }
}
