package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.dialect.Scales;
import radiata.adapter.file.AdapterModule;
import radiata.adapter.file.Misfit;
import radiata.adapter.file.Unsupported;
import radiata.cli.report.Json;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// One module of an adapter as `inspect` lists it.
///
/// @param bias whether it changes the bias of its layer
/// @param rank empty where the module is known by its keys only, as are alpha, scale and shape
/// @param scale what stands in front of the delta at strength 1
/// @param dora `none`, `output` or `input`; null where there is a magnitude whose axis nothing
///   tells
/// @param shape of the weight it was made for
record ListedModule(
    String name,
    boolean bias,
    String algorithm,
    OptionalInt rank,
    OptionalDouble alpha,
    OptionalDouble scale,
    @Nullable String dora,
    Optional<Shape> shape) {
  private static final String NO_DORA = "none";

  static ListedModule of(AdapterModule module) {
    return new ListedModule(
        module.name(),
        module.bias(),
        module.algorithm().id(),
        module.rank(),
        module.alpha(),
        Scales.exact(module.adapter()),
        module.axis().map(ListedModule::id).orElse(NO_DORA),
        Optional.of(module.madeFor()));
  }

  static ListedModule of(Unsupported module) {
    return byKeys(module.name(), module.algorithm(), module.tensors());
  }

  static ListedModule of(Misfit module) {
    return byKeys(module.name(), module.algorithm(), module.tensors());
  }

  private static ListedModule byKeys(String name, String algorithm, List<TensorInfo> tensors) {
    return new ListedModule(
        name,
        false,
        algorithm,
        OptionalInt.empty(),
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        dora(tensors),
        Optional.empty());
  }

  /// The axis as far as LyCORIS' `dora_scale` shows it in its shape: `[1, in, ...]` or `[out, 1,
  /// ...]`.
  private static @Nullable String dora(List<TensorInfo> tensors) {
    for (TensorInfo tensor : tensors) {
      if (tensor.name().endsWith("." + Magnitude.DORA_SCALE.key())) {
        Shape shape = tensor.shape();
        if (shape.rank() < 2 || shape.elements() == 1) {
          return null;
        }
        return id(shape.dim(0) == 1 ? DoraAxis.INPUT : DoraAxis.OUTPUT);
      }
    }
    return NO_DORA;
  }

  private static String id(DoraAxis axis) {
    return axis.name().toLowerCase(Locale.ROOT);
  }

  /// Its name, told apart from that of the module for the weight of the same layer.
  String key() {
    return bias ? name + ".bias" : name;
  }

  boolean hasDora() {
    return !NO_DORA.equals(dora);
  }

  /// @param target the tensor that it changes; null where it has no place
  JsonObject document(@Nullable String target) {
    JsonObject module = new JsonObject();
    module.addProperty("name", name);
    module.add("target", Json.text(target));
    module.addProperty("algorithm", algorithm);
    module.add("rank", rank.isPresent() ? Json.number(rank.getAsInt()) : JsonNull.INSTANCE);
    module.add("alpha", Json.number(alpha));
    module.add("scale", Json.number(scale));
    module.add("dora", Json.text(dora));
    module.add("shape", shape.<JsonElement>map(Json::shape).orElse(JsonNull.INSTANCE));
    return module;
  }
}
