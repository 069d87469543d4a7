package radiata.cli.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;

/// What others recorded of the story model.
///
/// @param story the tokens it is known to write
/// @param texts texts it was not trained on, as tokens
/// @param before the mean cross entropy of the model over them
/// @param after the same with the adapter
public record StoryRecord(
    List<Integer> story, List<List<Integer>> texts, double before, double after) {
  private static final String TEXTS = "eval.input_ids";
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Reads what was recorded of the stories.
  ///
  /// @throws FileSystemException if a record is not what it should be
  public static StoryRecord read(DemoMaterial material) throws IOException {
    JsonObject story = json(material.story());
    JsonObject pack = json(material.record());
    try {
      JsonObject facts = pack.getAsJsonObject("facts");
      return new StoryRecord(
          story.getAsJsonArray("greedy_token_ids").asList().stream()
              .map(JsonElement::getAsInt)
              .toList(),
          texts(material.texts()),
          facts.get("eval_before").getAsDouble(),
          facts.get("eval_after").getAsDouble());
    } catch (IllegalStateException
        | UnsupportedOperationException
        | ClassCastException
        | NullPointerException
        | NumberFormatException e) {
      throw broken(material.record(), e);
    }
  }

  private static JsonObject json(Path file) throws IOException {
    try {
      return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw broken(file, e);
    }
  }

  private static FileSystemException broken(Path file, RuntimeException why) {
    return new FileSystemException(
        file.toString(), null, "not the record that was expected: " + why.getMessage());
  }

  private static List<List<Integer>> texts(Path file) throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      TensorInfo ids =
          tensors
              .tensor(TEXTS)
              .filter(tensor -> tensor.shape().rank() == 2)
              .orElseThrow(() ->
                  new SafetensorsException(
                      Kind.TENSOR_INVALID_INFO, file, TEXTS, "no matrix of this name"));
      MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(ids.bytes())]);
      tensors.read(ids, 0, bytes);
      int length = (int) ids.shape().dim(1);
      return IntStream.range(0, (int) ids.shape().dim(0))
          .mapToObj(text ->
              IntStream.range(0, length)
                  .mapToObj(i -> (int) bytes.getAtIndex(LONG, (long) text * length + i))
                  .toList())
          .toList();
    }
  }
}
