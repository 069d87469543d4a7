package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.SmallModels.Values;
import radiata.train.nn.Layers;
import radiata.train.nn.Weights;
import radiata.train.nn.Weights.Place;

/// The weights of a folder, stored in one file as other programs store them, are the same weights.
final class SingleFileTest {
  private static final Path FOLDER = SmallModels.TESTDATA.resolve("golden/train/sd1-pipeline");
  private static final Map<Role, String> PREFIXES =
      Map.of(Role.UNET, "unet_", Role.TEXT_ENCODER, "te_", Role.VAE, "vae_");

  @TempDir Path folder;

  private final Torch torch = Torch.on(Device.CPU);

  private static Map<Role, Map<String, List<Place>>> places(Checkpoint checkpoint) {
    return ComponentPlaces.of(checkpoint, ComponentPlaces.table(checkpoint));
  }

  private Map<String, Values> values(Map<String, List<Place>> places) {
    Map<String, Values> values = new TreeMap<>();
    try (Scope _ = Scope.open();
        Weights weights = new Weights(torch, places, DType.F32)) {
      for (String name : weights.names()) {
        Tensor tensor = weights.need(name);
        if (!name.endsWith("position_ids")) {
          values.put(name, new Values(tensor.shape(), tensor.floats()));
        }
      }
    }
    return values;
  }

  @Test
  void everyWeightOfAnLdmFileIsThatOfTheFolder() throws IOException {
    Map<Role, Map<String, Values>> own = new HashMap<>();
    try (Checkpoint checkpoint = Checkpoint.open(FOLDER, Limits.DEFAULT)) {
      places(checkpoint).forEach((role, places) -> own.put(role, values(places)));
    }
    Path map = SmallModels.TESTDATA.resolve("real/keys/aitoolkit__keymap_sd1.json");
    JsonObject names =
        JsonParser.parseString(Files.readString(map))
            .getAsJsonObject()
            .getAsJsonObject("ldm_diffusers_keymap");
    Map<String, Values> file = new TreeMap<>();
    for (Map.Entry<String, JsonElement> name : names.entrySet()) {
      own.forEach((role, values) -> {
        String prefix = PREFIXES.get(role);
        String diffusers = name.getValue().getAsString();
        Values found =
            diffusers.startsWith(prefix) ? values.get(diffusers.substring(prefix.length())) : null;
        if (found != null) {
          boolean kernel = name.getKey().matches(".*attn_1\\.(q|k|v|proj_out)\\.weight");
          long[] dims = found.shape().dims();
          Shape shape = kernel ? Shape.of(dims[0], dims[1], 1, 1) : found.shape();
          file.put(name.getKey(), new Values(shape, found.values()));
        }
      });
    }
    Path path = SmallModels.write(folder.resolve("ldm.safetensors"), file);
    try (Checkpoint checkpoint = Checkpoint.open(path, Limits.DEFAULT)) {
      Map<Role, Map<String, List<Place>>> places = places(checkpoint);
      own.forEach((role, values) -> {
        Map<String, Values> read = values(places.getOrDefault(role, Map.of()));
        assertThat(read.keySet()).isEqualTo(values.keySet());
        values.forEach((name, value) ->
            assertThat(read.get(name).values()).as(name).containsExactly(value.values()));
      });
    }
  }

  /// One below the other, as OpenCLIP stores q, k and v.
  private static Values stacked(Values... parts) {
    int size = parts[0].values().length;
    float[] all = new float[parts.length * size];
    for (int i = 0; i < parts.length; i++) {
      System.arraycopy(parts[i].values(), 0, all, i * size, size);
    }
    long[] dims = parts[0].shape().dims();
    dims[0] *= parts.length;
    return new Values(Shape.of(dims), all);
  }

  private static Map<String, Values> openClip(Map<String, Values> text) {
    String to = "cond_stage_model.model.";
    Map<String, Values> file = new TreeMap<>();
    text.forEach((name, value) -> {
      String open =
          name.replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
              .replace("text_model.embeddings.", "")
              .replace("text_model.final_layer_norm", "ln_final")
              .replace("text_model.encoder.layers", "transformer.resblocks")
              .replace("layer_norm", "ln_")
              .replace("mlp.fc1", "mlp.c_fc")
              .replace("mlp.fc2", "mlp.c_proj")
              .replace("self_attn.out_proj", "attn.out_proj");
      if (name.contains("self_attn.q_proj.")) {
        Values k = text.get(name.replace("q_proj", "k_proj"));
        Values v = text.get(name.replace("q_proj", "v_proj"));
        file.put(to + open.replace("self_attn.q_proj.", "attn.in_proj_"), stacked(value, k, v));
      } else if (!name.contains("self_attn.k_proj.") && !name.contains("self_attn.v_proj.")) {
        file.put(to + open, value);
      }
    });
    return file;
  }

  private List<float[]> encoded(Map<String, List<Place>> places) throws IOException {
    String config = Files.readString(FOLDER.resolve("text_encoder/config.json"));
    try (Weights weights = new Weights(torch, places, DType.F32);
        Scope _ = Scope.open()) {
      ClipText text = new ClipText(new Layers(weights), ClipConfig.parse(config, "config.json"));
      ClipText.States states =
          text.forward(torch.of(new long[] {998, 3, 70, 999}, 1, 4), Segments.PLAIN);
      return List.of(states.last().floats(), states.pooled().floats());
    }
  }

  @Test
  void anEncoderInOpenClipsLayoutGivesTheSameStates() throws IOException {
    try (Checkpoint plain = Checkpoint.open(FOLDER, Limits.DEFAULT)) {
      Map<String, List<Place>> own = places(plain).get(Role.TEXT_ENCODER);
      Path path = SmallModels.write(folder.resolve("open.safetensors"), openClip(values(own)));
      try (Checkpoint open = Checkpoint.open(path, Limits.DEFAULT)) {
        List<float[]> states = encoded(places(open).get(Role.TEXT_ENCODER));
        List<float[]> expected = encoded(own);
        assertThat(states.get(0)).containsExactly(expected.get(0));
        assertThat(states.get(1)).containsExactly(expected.get(1));
      }
    }
  }
}
