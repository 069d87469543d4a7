package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.names.Role;
import radiata.names.Rows;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;
import radiata.train.nn.Weights.Place;

/// The tensors of whole single-file checkpoints under the names of diffusers folders.
final class ComponentPlacesTest {
  @TempDir Path folder;

  private Map<Role, Map<String, List<Place>>> places(List<TensorSpec> specs) throws IOException {
    Path file = SmallModels.hollow(folder.resolve("model.safetensors"), specs);
    try (Checkpoint checkpoint = Checkpoint.open(file, Limits.DEFAULT)) {
      return ComponentPlaces.of(checkpoint, ComponentPlaces.table(checkpoint));
    }
  }

  private static List<TensorSpec> specs(String model) throws IOException {
    return switch (model) {
      case "sd1" -> SmallModels.list("sdmecha__sd1-ldm.tsv");
      case "sd2" -> SmallModels.sd2();
      case "sdxl" -> SmallModels.list("sdmecha__sdxl-sgm.tsv");
      default -> throw new IllegalArgumentException(model);
    };
  }

  @ParameterizedTest
  @CsvSource({"sd1, 686, 196, 0, 248", "sd2, 686, 389, 0, 248", "sdxl, 1680, 196, 517, 248"})
  void everyPartOfAFileHasAllItsWeights(String model, int unet, int text, int second, int vae)
      throws IOException {
    Map<Role, Map<String, List<Place>>> places = places(specs(model));
    assertThat(places.get(Role.UNET)).hasSize(unet);
    assertThat(places.get(Role.TEXT_ENCODER)).hasSize(text);
    assertThat(places.getOrDefault(Role.TEXT_ENCODER_2, Map.of())).hasSize(second);
    assertThat(places.get(Role.VAE)).hasSize(vae);
  }

  /// ai-toolkit's map of the same checkpoints.
  @ParameterizedTest
  @CsvSource({"sd1, te", "sd2, te", "sdxl, te0"})
  void theNamesAreThoseThatAnotherProgramGives(String model, String text) throws IOException {
    Map<Role, Map<String, List<Place>>> places = places(specs(model));
    assertThat(places.get(Role.UNET).keySet()).isEqualTo(names(model, "unet_"));
    assertThat(places.get(Role.VAE).keySet()).isEqualTo(names(model, "vae_"));
    Set<String> encoder = names(model, text + "_");
    // What OpenCLIP fuses that map lists apart.
    assertThat(places.get(Role.TEXT_ENCODER).keySet()).containsAll(encoder);
    assertThat(encoder).hasSizeGreaterThan(190);
  }

  private static Set<String> names(String model, String prefix) throws IOException {
    Path file = SmallModels.TESTDATA.resolve("real/keys/aitoolkit__keymap_" + model + ".json");
    JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    Set<String> names = new TreeSet<>();
    for (JsonElement name : json.getAsJsonObject("ldm_diffusers_keymap").asMap().values()) {
      if (name.getAsString().startsWith(prefix)) {
        names.add(name.getAsString().substring(prefix.length()));
      }
    }
    return names;
  }

  @Test
  void openClipsFusedRowsAreTakenApartInTheirOrder() throws IOException {
    Map<String, List<Place>> second = places(specs("sdxl")).get(Role.TEXT_ENCODER_2);
    String layer = "text_model.encoder.layers.31.self_attn.";
    assertThat(second.get(layer + "q_proj.weight").getFirst().rows()).isEqualTo(new Rows(0, 1280));
    assertThat(second.get(layer + "k_proj.bias").getFirst().rows()).isEqualTo(new Rows(1280, 1280));
    assertThat(second.get(layer + "v_proj.weight").getFirst().rows())
        .isEqualTo(new Rows(2560, 1280));
    assertThat(second.get("text_projection.weight").getFirst().transposed()).isTrue();
    assertThat(second.get("text_model.embeddings.position_embedding.weight").getFirst())
        .matches(place -> place.stored().info().shape().equals(Shape.of(77, 1280)));
  }
}
