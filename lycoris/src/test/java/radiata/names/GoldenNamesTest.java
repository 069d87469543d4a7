package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every adapter module of the baking goldens is found where the programs put it.
class GoldenNamesTest {
  private static final Path GOLDENS = KeyLists.TESTDATA.resolve("golden/bake");

  @TestFactory
  Stream<DynamicTest> findsTheWeightThatEachLayerChanges() throws IOException {
    try (Stream<Path> folders = Files.list(GOLDENS)) {
      List<Path> cases =
          folders.filter(folder -> Files.exists(folder.resolve("case.json"))).sorted().toList();
      assertThat(cases).hasSizeGreaterThan(60);
      return cases.stream()
          .map(folder ->
              DynamicTest.dynamicTest(folder.getFileName().toString(), () -> check(folder)));
    }
  }

  private static void check(Path folder) throws IOException {
    JsonObject golden = KeyLists.json(folder.resolve("case.json"));
    NameTable table =
        NameTable.of(KeyLists.header(folder.resolve(golden.get("base").getAsString())));
    String dialect = golden.get("adapter_dialect").getAsString();
    assertThat(table.family()).isEqualTo(family(folder.getFileName().toString(), dialect));
    JsonElement layers = golden.get("layers");
    for (JsonElement element : layers == null ? new JsonArray() : layers.getAsJsonArray()) {
      JsonObject layer = element.getAsJsonObject();
      String name = layer.get("adapter").getAsString();
      Target weight = table.find(name).orElseThrow(() -> new AssertionError(name)).weight();
      assertThat(weight.tensor()).as(name).isEqualTo(layer.get("weight").getAsString());
      Rows rows = null;
      if (layer.has("slice")) {
        JsonArray slice = layer.getAsJsonArray("slice");
        rows = new Rows(slice.get(0).getAsLong(), slice.get(1).getAsLong());
      }
      assertThat(weight.rows()).as(name).isEqualTo(rows);
      assertThat(weight.transposed()).as(name).isFalse();
    }
  }

  private static Family family(String name, String dialect) {
    if (dialect.startsWith("kohya SD1")) {
      return Family.SD1;
    }
    if (dialect.contains("SDXL")) {
      return Family.SDXL;
    }
    if (name.startsWith("peft-gpt2")) {
      return Family.GPT2;
    }
    if (name.equals("peft-experts")) {
      return Family.QWEN3;
    }
    // Where no config.json says otherwise, the attention of GPT-OSS is named as Llama's.
    if (name.startsWith("peft-llama") || name.equals("peft-experts-transposed")) {
      return Family.LLAMA;
    }
    return name.startsWith("aitoolkit") || name.startsWith("dotted-comfy")
        ? Family.FLUX
        : Family.GENERIC;
  }
}
