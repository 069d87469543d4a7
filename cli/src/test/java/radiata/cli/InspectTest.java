package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.golden;
import static radiata.cli.Ran.radiata;
import static radiata.cli.Ran.real;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectTest {
  private static final Path DIFFUSERS_LORA =
      real("files/catundchat+stable-diffusion-v1.5-lora__pytorch_lora_weights.safetensors");
  private static final Path SDXL = golden("sdxl-kohya-dora-out");

  @TempDir private Path folder;

  private static JsonObject inspect(Object... args) {
    Object[] all = new Object[args.length + 2];
    all[0] = "inspect";
    System.arraycopy(args, 0, all, 1, args.length);
    all[all.length - 1] = "--json";
    Ran ran = radiata(all);
    assertThat(ran.err()).isEmpty();
    assertThat(ran.exit()).isZero();
    return ran.json();
  }

  private static List<JsonObject> modules(JsonObject document) {
    return document.getAsJsonObject("adapter").getAsJsonArray("modules").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .toList();
  }

  private static List<String> each(List<JsonObject> modules, String key) {
    return modules.stream().map(module -> module.get(key).toString()).distinct().toList();
  }

  @Test
  void findsThePlaceOfEveryModuleOfARealLora() {
    JsonObject document = inspect(DIFFUSERS_LORA);
    List<JsonObject> modules = modules(document);

    assertThat(document.keySet())
        .containsExactly(
            "schema",
            "path",
            "container",
            "kind",
            "tensors",
            "parameters",
            "bytes",
            "dtypes",
            "metadata",
            "adapter",
            "checkpoint",
            "hashes");
    assertThat(document.get("container").getAsString()).isEqualTo("safetensors");
    assertThat(document.get("kind").getAsString()).isEqualTo("adapter");
    assertThat(document.get("checkpoint").isJsonNull()).isTrue();
    assertThat(document.get("hashes").isJsonNull()).isTrue();
    JsonObject adapter = document.getAsJsonObject("adapter");
    assertThat(adapter.keySet())
        .containsExactly("dialect", "family", "writer", "because", "modules", "unrecognised");
    assertThat(adapter.get("family").getAsString()).isEqualTo("sd1");
    assertThat(adapter.get("dialect").getAsString()).isEqualTo("diffusers");
    assertThat(adapter.get("writer").getAsString()).isEqualTo("diffusers");
    assertThat(adapter.getAsJsonArray("because")).isNotEmpty();
    assertThat(adapter.getAsJsonArray("unrecognised")).isEmpty();
    assertThat(modules).hasSize(128);
    assertThat(modules.getFirst().keySet())
        .containsExactly("name", "target", "algorithm", "rank", "alpha", "scale", "dora", "shape");
    assertThat(each(modules, "target"))
        .hasSize(128)
        .allMatch(target -> target.startsWith("\"model.diffusion_model."));
    assertThat(each(modules, "algorithm")).containsExactly("\"lora\"");
    assertThat(each(modules, "dora")).containsExactly("\"none\"");
    assertThat(each(modules, "scale")).containsExactly("1");
  }

  @Test
  void tellsTheAxisOfDora() {
    JsonObject document = inspect(SDXL.resolve("adapter.safetensors"));

    assertThat(document.getAsJsonObject("adapter").get("family").getAsString()).isEqualTo("sdxl");
    assertThat(each(modules(document), "dora")).containsExactly("\"output\"");
    assertThat(each(modules(inspect(golden("sd1-kohya-dora-in/adapter.safetensors"))), "dora"))
        .containsExactly("\"input\"");
  }

  @Test
  void namesTheTensorsOfABase() throws IOException {
    Path base = SDXL.resolve("base.safetensors");
    JsonObject document = inspect(SDXL.resolve("adapter.safetensors"), "--base", base);

    String header = Files.readString(base, java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(each(modules(document), "target"))
        .isNotEmpty()
        .allSatisfy(target -> assertThat(header).contains(target));
  }

  @Test
  void leavesAModuleWithoutAPlaceInTheBaseWithoutATarget() {
    List<JsonObject> modules =
        modules(inspect(DIFFUSERS_LORA, "--base", real("models/stories260K")));

    assertThat(each(modules, "target")).containsExactly("null");
    assertThat(radiata("inspect", DIFFUSERS_LORA, "--base", real("models/stories260K")).out())
        .contains("0 of 128 modules have a place in the base");
  }

  @Test
  void listsModulesThatAreKnownByTheirKeysOnly() throws IOException {
    Path file =
        new TensorFileBuilder()
            .f32("lora_unet_a.oft_blocks", shape(1, 2, 2), 0, 1, 1, 0)
            .write(folder.resolve("oft.safetensors"));

    JsonObject module = modules(inspect(file)).getFirst();

    assertThat(module.get("algorithm").getAsString()).isEqualTo("oft");
    assertThat(module.get("rank").isJsonNull()).isTrue();
    assertThat(module.get("target").isJsonNull()).isTrue();
  }

  @Test
  void readsThePeftConfigurationBesideTheFile() {
    JsonObject document = inspect(golden("peft-llama-dora/adapter.safetensors"));

    assertThat(document.getAsJsonObject("adapter").get("dialect").getAsString()).isEqualTo("peft");
    assertThat(each(modules(document), "alpha")).doesNotContain("null");
  }

  @Test
  void describesACheckpoint() {
    JsonObject document = inspect(real("models/stories260K/model.safetensors"));

    assertThat(document.get("kind").getAsString()).isEqualTo("checkpoint");
    assertThat(document.get("adapter").isJsonNull()).isTrue();
    assertThat(document.getAsJsonObject("checkpoint").keySet())
        .containsExactly("family", "layout", "components");
    assertThat(document.getAsJsonObject("checkpoint").get("family").getAsString())
        .isEqualTo("llama");
    assertThat(document.getAsJsonObject("checkpoint").get("layout").getAsString()).isEqualTo("hf");
    assertThat(inspect(real("models/stories260K")).get("container").getAsString())
        .isEqualTo("folder");
    assertThat(
            inspect(SDXL.resolve("base.safetensors"))
                .getAsJsonObject("checkpoint")
                .get("layout")
                .getAsString())
        .isEqualTo("ldm");
  }

  @Test
  void recognisesAnEmbedding() throws IOException {
    Path file =
        new TensorFileBuilder()
            .f32("emb_params", shape(1, 768), new double[768])
            .write(folder.resolve("token.safetensors"));

    assertThat(inspect(file).get("kind").getAsString()).isEqualTo("embedding");
    assertThat(radiata("inspect", file).out()).contains("textual-inversion").contains("emb_params");
  }

  @Test
  void showsTheKeysOfAFileNobodyKnows() {
    Path file = real("files/MathieuNlp+Sam_LoRA__lora_weights__lora_rank4.safetensors");

    JsonObject document = inspect(file);

    assertThat(document.get("kind").getAsString()).isEqualTo("unknown");
    assertThat(document.getAsJsonObject("adapter").getAsJsonArray("unrecognised"))
        .hasSize(document.get("tensors").getAsInt());
    assertThat(radiata("inspect", file).out()).contains("Unrecognised keys").contains("... and ");
  }

  @Test
  void refusesABrokenAdapterWithItsTensor() throws IOException {
    Path file =
        new TensorFileBuilder()
            .f32("lora_unet_a.lora_up.weight", shape(2, 1), 1, 2)
            .write(folder.resolve("half.safetensors"));

    Ran ran = radiata("inspect", file, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.json().getAsJsonObject("error").get("tensor").getAsString())
        .isEqualTo("lora_unet_a.lora_up.weight");
  }

  @Test
  void computesTheHashesOfAFile() throws Exception {
    JsonObject hashes = inspect(DIFFUSERS_LORA, "--hashes").getAsJsonObject("hashes");

    byte[] bytes = Files.readAllBytes(DIFFUSERS_LORA);
    String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    assertThat(hashes.keySet()).containsExactly("sha256", "autov2", "autov3", "legacy");
    assertThat(hashes.get("sha256").getAsString()).isEqualTo(sha256);
    assertThat(hashes.get("autov2").getAsString()).isEqualTo(sha256.substring(0, 10));
    assertThat(hashes.get("autov3").getAsString()).hasSize(12);
    assertThat(hashes.get("legacy").getAsString()).hasSize(8);
  }

  @Test
  void measuresAndListsEveryTensor() throws IOException {
    Path file =
        new TensorFileBuilder()
            .f32("w.weight", shape(4), 1, 2, 3, Double.NaN)
            .write(folder.resolve("w.safetensors"));

    JsonObject document = inspect(file, "--stats", "--keys");

    JsonObject stats = document.getAsJsonArray("stats").get(0).getAsJsonObject();
    assertThat(stats.get("nan").getAsLong()).isEqualTo(1);
    assertThat(stats.get("mean").getAsDouble()).isEqualTo(2);
    assertThat(stats.get("max").getAsDouble()).isEqualTo(3);
    assertThat(document.getAsJsonArray("keys").get(0).toString())
        .isEqualTo("{\"tensor\":\"w.weight\",\"dtype\":\"F32\",\"shape\":[4],\"bytes\":16}");
  }

  @Test
  void saysItAllOnOneScreen() {
    Ran ran = radiata("inspect", DIFFUSERS_LORA);

    assertThat(ran.exit()).isZero();
    assertThat(ran.out().lines().count()).isLessThan(25);
    assertThat(ran.out())
        .contains("an adapter for sd1 (lora)")
        .contains("128 of 128 modules have a place in sd1")
        .contains("writer diffusers: ");
  }

  @Test
  void showsNothingThatSteersTheTerminal() throws IOException {
    Path file =
        new TensorFileBuilder()
            .metadata("k\u001b[31m", "v\u001b]0;x\u0007")
            .f32("a\u001b[2J", shape(1), 1)
            .write(folder.resolve("evil.safetensors"));

    assertThat(radiata("inspect", file, "--keys").out()).contains("\\x1b").doesNotContain("\u001b");
  }
}
