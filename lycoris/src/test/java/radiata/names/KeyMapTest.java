package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Shape;

/// The tables agree, both ways, with the maps between LDM and diffusers that ai-toolkit made from
/// real checkpoints.
class KeyMapTest {
  /// ai-toolkit's prefixes of the diffusers side; the first text encoder's is `te_` or `te0_`.
  private static final Map<Role, List<String>> PREFIXES =
      Map.of(
          Role.UNET, List.of("unet_"),
          Role.VAE, List.of("vae_"),
          Role.TEXT_ENCODER, List.of("te_", "te0_"),
          Role.TEXT_ENCODER_2, List.of("te1_"));

  @ParameterizedTest
  @CsvSource({
    "sd1, SD1, 0",
    // The map was made from a text encoder without its unused last layer and its projection.
    "sd2, SD2, 17",
    "sdxl, SDXL, 1",
    "refiner, SDXL_REFINER, 1",
    // Distilled SDXL: a part of its modules, so the rules have many that the map lacks.
    "ssd, SDXL, -1",
    "vega, SDXL, -1"
  })
  void mapsEveryKeyBothWays(String map, Family family, int beyond) throws IOException {
    JsonObject keymap = KeyLists.json("aitoolkit__keymap_" + map + ".json");
    Map<String, String> toDiffusers = new HashMap<>();
    Map<String, List<String>> fused = new HashMap<>();
    Set<String> heads = new HashSet<>();
    for (ModuleNames module : Families.modules(family)) {
      for (String prefix : PREFIXES.get(module.role())) {
        put(
            module,
            module.checkpointWeight(),
            prefix + module.diffusersWeight(),
            toDiffusers,
            fused);
        String bias = module.checkpointBias();
        if (bias != null) {
          put(module, bias, prefix + module.diffusersBias(), toDiffusers, fused);
        }
        heads.add(prefix);
      }
    }
    assertThat(heads).isNotEmpty();
    Map<String, String> expected = strings(keymap.getAsJsonObject("ldm_diffusers_keymap"));
    for (Map.Entry<String, String> entry : expected.entrySet()) {
      String ldm = entry.getKey();
      // SSD-1B and Vega store the projection as transformers does, under an LDM prefix.
      if (!ldm.endsWith("text_projection.weight")) {
        assertThat(toDiffusers.get(ldm + "|" + prefix(entry.getValue())))
            .as(ldm)
            .isEqualTo(entry.getValue());
      }
    }
    Map<String, List<String>> cats = new HashMap<>();
    operators(keymap, "ldm_diffusers_operator_map")
        .forEach((ldm, operator) -> cats.put(ldm, list(operator.getAsJsonArray("cat"))));
    cats.forEach((ldm, parts) -> assertThat(fused.get(ldm)).as(ldm).isEqualTo(parts));
    if (beyond >= 0) {
      long modules =
          Families.modules(family).stream()
              .mapToLong(module -> module.checkpointBias() == null ? 1 : 2)
              .sum();
      assertThat(modules).isEqualTo(expected.size() + 3L * cats.size() + beyond);
    }
  }

  private static String prefix(String name) {
    return name.substring(0, name.indexOf('_') + 1);
  }

  private static void put(
      ModuleNames module,
      String ldm,
      String diffusers,
      Map<String, String> toDiffusers,
      Map<String, List<String>> fused) {
    if (module.storage().shared()) {
      if (!diffusers.startsWith("te0_")) {
        fused.computeIfAbsent(ldm, name -> new ArrayList<>()).add(diffusers);
      }
    } else {
      toDiffusers.put(ldm + "|" + prefix(diffusers), diffusers);
    }
  }

  @ParameterizedTest
  @CsvSource({"sd2, SD2", "sdxl, SDXL", "refiner, SDXL_REFINER"})
  void cutsFusedWeightsWhereTheMapCutsThem(String map, Family family) throws IOException {
    JsonObject keymap = KeyLists.json("aitoolkit__keymap_" + map + ".json");
    NameTable table = NameTable.of(family);
    Map<String, JsonObject> operators = operators(keymap, "diffusers_ldm_operator_map");
    assertThat(operators).hasSizeGreaterThan(100);
    operators.forEach((diffusers, operator) -> {
      JsonArray slice = operator.getAsJsonArray("slice");
      boolean bias = diffusers.endsWith(".bias");
      String path = diffusers.substring(diffusers.indexOf('_') + 1, diffusers.lastIndexOf('.'));
      String part = family == Family.SD2 ? "text_encoder." : "text_encoder_2.";
      Located module = table.find(part + path).orElseThrow();
      Target target = bias ? module.bias() : module.weight();
      assertThat(target).isNotNull();
      assertThat(target.tensor()).isEqualTo(slice.get(0).getAsString());
      Rows rows = target.rows();
      assertThat(rows).isNotNull();
      String cut = slice.get(1).getAsString();
      assertThat(cut)
          .startsWith(rows.start() + ":")
          .containsAnyOf(":" + (rows.start() + rows.count()) + ",", ":,");
    });
  }

  @ParameterizedTest
  @CsvSource({
    "sd1, SD1",
    "sd2, SD2",
    "sdxl, SDXL",
    "refiner, SDXL_REFINER",
    "ssd, SDXL",
    "vega, SDXL"
  })
  void findsOneModuleInBothLayouts(String map, Family family) throws IOException {
    JsonObject keymap = KeyLists.json("aitoolkit__keymap_" + map + ".json");
    Map<String, String> pairs = strings(keymap.getAsJsonObject("ldm_diffusers_keymap"));
    List<BaseTensor> ldm = new ArrayList<>();
    List<BaseTensor> diffusers = new ArrayList<>();
    pairs.forEach((from, to) -> {
      boolean context = from.endsWith("attn2.to_k.weight") && family == Family.SD2;
      Shape shape = context ? Shape.of(320, 1024) : Shape.SCALAR;
      ldm.add(new BaseTensor("", from, shape));
      diffusers.add(new BaseTensor(component(to), to.substring(to.indexOf('_') + 1), shape));
    });
    NameTable checkpoint = NameTable.of(ldm);
    NameTable folder = NameTable.of(diffusers);
    assertThat(checkpoint.family()).isEqualTo(family);
    assertThat(folder.family()).isEqualTo(family);
    ldm.forEach(tensor -> assertThat(checkpoint.kind(tensor)).isEqualTo(TensorKind.MODULE));
    diffusers.forEach(tensor -> assertThat(folder.kind(tensor)).isEqualTo(TensorKind.MODULE));
    assertThat(folder.modules()).hasSameSizeAs(checkpoint.modules());
    for (Located module : checkpoint.modules()) {
      for (Dialect dialect : List.of(Dialect.KOHYA, Dialect.DIFFUSERS, Dialect.COMFYUI)) {
        checkpoint
            .name(module, dialect)
            .ifPresent(name -> {
              Target there = folder.find(name).orElseThrow(() -> new AssertionError(name)).weight();
              assertThat(component(pairs.get(module.weight().tensor())))
                  .isEqualTo(there.component());
              assertThat(pairs.get(module.weight().tensor())).endsWith("_" + there.tensor());
            });
      }
    }
  }

  private static String component(String diffusers) {
    return switch (prefix(diffusers)) {
      case "unet_" -> "unet";
      case "vae_" -> "vae";
      case "te_", "te0_" -> "text_encoder";
      case "te1_" -> "text_encoder_2";
      default -> throw new AssertionError(diffusers);
    };
  }

  @ParameterizedTest
  @CsvSource({"sd1, SD1", "sd2, SD2", "sdxl, SDXL", "refiner, SDXL_REFINER"})
  void knowsWhichLinearLayersAreStoredAsConvolutions(String map, Family family) throws IOException {
    JsonObject shapes =
        KeyLists.json("aitoolkit__keymap_" + map + ".json")
            .getAsJsonObject("ldm_diffusers_shape_map");
    List<String> pointwise =
        Families.modules(family).stream()
            .filter(module -> module.storage() == Storage.POINTWISE)
            .map(ModuleNames::checkpointWeight)
            .toList();
    assertThat(pointwise).containsExactlyInAnyOrderElementsOf(shapes.keySet());
  }

  private static Map<String, String> strings(JsonObject map) {
    Map<String, String> strings = new HashMap<>();
    map.entrySet().forEach(entry -> strings.put(entry.getKey(), entry.getValue().getAsString()));
    return strings;
  }

  private static Map<String, JsonObject> operators(JsonObject keymap, String name) {
    Map<String, JsonObject> operators = new HashMap<>();
    keymap
        .getAsJsonObject(name)
        .entrySet()
        .forEach(entry -> operators.put(entry.getKey(), entry.getValue().getAsJsonObject()));
    return operators;
  }

  private static List<String> list(JsonArray array) {
    return array.asList().stream().map(JsonElement::getAsString).toList();
  }
}
