package radiata.safetensors;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// The index of a sharded model, `{"metadata": {...}, "weight_map": {tensor: file}}`, as
/// huggingface_hub writes it. The names of files are the only thing that is believed of it, and
/// only where they stay in the folder and end as the index says (`.safetensors` or `.bin`); each
/// tensor is looked up in its shard.
///
/// @param weightMap tensor to the name of its file
record ShardIndex(Path path, Map<String, String> weightMap) {
  private static final Pattern SHARD_NAME =
      Pattern.compile("[^/\\\\:\\p{Cntrl}]+(\\.safetensors|\\.bin)");

  /// @throws SafetensorsException if it is too long, not JSON, without a `weight_map`, or names a
  ///   file that is not a weight file of its own folder
  static ShardIndex read(Path path) throws IOException {
    try (JsonReader json = new JsonReader(new StringReader(SideFile.read(path)))) {
      json.setStrictness(Strictness.STRICT);
      Map<String, String> weightMap = document(path, json);
      if (weightMap == null || weightMap.isEmpty()) {
        throw broken(path, null, "the index has no weight_map, or an empty one");
      }
      return new ShardIndex(path, weightMap);
    } catch (MalformedJsonException | EOFException e) {
      throw broken(path, null, "the index is not valid JSON; download or copy it again");
    } catch (IllegalStateException e) {
      throw broken(path, null, "the index does not map the names of tensors to names of files");
    }
  }

  private static @Nullable Map<String, String> document(Path path, JsonReader json)
      throws IOException {
    Map<String, String> weightMap = null;
    json.beginObject();
    while (json.hasNext()) {
      if (!json.nextName().equals("weight_map")) {
        json.skipValue();
      } else if (weightMap != null) {
        throw broken(path, null, "the index has two weight_maps");
      } else {
        weightMap = weightMap(path, json);
      }
    }
    json.endObject();
    if (json.peek() != JsonToken.END_DOCUMENT) {
      throw new MalformedJsonException("text behind the object");
    }
    return weightMap;
  }

  private static Map<String, String> weightMap(Path path, JsonReader json) throws IOException {
    Map<String, String> weightMap = new LinkedHashMap<>();
    json.beginObject();
    while (json.hasNext()) {
      String tensor = json.nextName();
      if (json.peek() != JsonToken.STRING) {
        throw broken(path, tensor, "the file of tensor " + Quoted.of(tensor) + " is no string");
      }
      String file = json.nextString();
      if (!SHARD_NAME.matcher(file).matches() || !file.endsWith(ending(path))) {
        throw broken(
            path,
            tensor,
            "tensor %s is said to be in %s, which is not the name of a %s file in the index's folder"
                .formatted(Quoted.of(tensor), Quoted.of(file), ending(path)));
      }
      if (weightMap.put(tensor, file) != null) {
        throw broken(path, tensor, "tensor " + Quoted.of(tensor) + " stands twice in the index");
      }
    }
    json.endObject();
    return weightMap;
  }

  private static String ending(Path index) {
    return String.valueOf(index.getFileName()).contains(".bin.") ? ".bin" : ".safetensors";
  }

  /// Compares what the index says of a shard with what the shard holds.
  ///
  /// @throws SafetensorsException if either has a tensor that the other has not
  void require(String shard, TensorFile file) {
    for (TensorInfo tensor : file.tensors()) {
      String claimed = weightMap.get(tensor.name());
      if (claimed == null) {
        throw broken(
            path,
            tensor.name(),
            "%s holds tensor %s, which the index does not list"
                .formatted(Quoted.of(shard), Quoted.of(tensor.name())));
      }
      if (!claimed.equals(shard)) {
        throw broken(
            path,
            tensor.name(),
            "tensor %s is in %s, the index says %s"
                .formatted(Quoted.of(tensor.name()), Quoted.of(shard), Quoted.of(claimed)));
      }
    }
    weightMap.forEach((tensor, claimed) -> {
      if (claimed.equals(shard) && file.tensor(tensor).isEmpty()) {
        throw broken(
            path,
            tensor,
            "tensor %s is not in %s, where the index says it is"
                .formatted(Quoted.of(tensor), Quoted.of(shard)));
      }
    });
  }

  static SafetensorsException broken(Path path, @Nullable String tensor, String what) {
    return new SafetensorsException(Kind.BROKEN_INDEX, path, tensor, what);
  }
}
