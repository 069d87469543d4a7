package radiata.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.bake.DtypeNames;
import radiata.bake.ModelFiles;
import radiata.names.Dialect;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Recipe;

/// Converts a whole adapter file: the plan, and what writes it.
///
/// @param converted every tensor of the output and where its numbers come from
/// @param writer of the output; the files it reads must still be open then
public record AdapterConversion(Converted converted, AdapterWriter writer) {
  /// What a user asks of it.
  ///
  /// @param dtype of the floats but alpha; empty keeps that of each
  /// @param base the model the adapter is for; null to know its names by the family
  /// @param adapterName which of several named adapters of a PEFT file was opened; null for the
  ///   only one
  /// @param drop whether what the dialect cannot hold is left out
  /// @param ranks how many ranks of every low-rank pair are kept (DyLoRA); empty for all
  /// @param date what `modelspec.date` says in the output; empty for none
  public record Request(
      Dialect to,
      Optional<DType> dtype,
      @Nullable Path base,
      @Nullable String adapterName,
      boolean drop,
      OptionalInt ranks,
      Optional<String> date) {}

  /// The plan of a conversion.
  ///
  /// @param file what is converted
  /// @param from the file it comes from: itself, or that of which it was made
  /// @param fitted settings of how it was made, for the provenance
  /// @param others what it was made from besides that file
  /// @throws radiata.adapter.file.AdapterException if the dialect cannot hold the file, or modules
  ///   have no place
  public static AdapterConversion of(
      AdapterFile file,
      AdapterFile from,
      Request request,
      Map<String, String> fitted,
      List<Input> others)
      throws IOException {
    Conversion.Request asked =
        new Conversion.Request(
            request.to(), request.dtype().orElse(null), request.drop(), request.ranks());
    Converted converted = Conversion.of(file, names(file, request), asked);
    return new AdapterConversion(
        converted,
        new AdapterWriter(converted, from, recipe(request, fitted), request.date(), others));
  }

  private static Recipe recipe(Request request, Map<String, String> fitted) {
    Map<String, String> settings = new LinkedHashMap<>(fitted);
    settings.put("to", request.to().id());
    settings.put("dtype", DtypeNames.of(request.dtype()));
    if (request.drop()) {
      settings.put("drop-unsupported", "true");
    }
    if (request.adapterName() != null) {
      settings.put("adapter-name", request.adapterName());
    }
    request.ranks().ifPresent(kept -> settings.put("dylora-rank", Integer.toString(kept)));
    return new Recipe("convert", settings);
  }

  private static NameTable names(AdapterFile file, Request request) throws IOException {
    Path base = request.base();
    if (base == null) {
      return AdapterNames.of(file, request.to());
    }
    try (Checkpoint model = ModelFiles.open(base)) {
      return ModelFiles.names(model);
    }
  }

  /// Bytes of all tensors of the output.
  public long tensorBytes() {
    return converted.tensors().values().stream()
        .mapToLong(content -> content.shape().elements() * content.dtype().bytes())
        .sum();
  }
}
