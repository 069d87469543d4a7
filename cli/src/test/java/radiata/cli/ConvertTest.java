package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `convert` as a user runs it.
class ConvertTest {

  private static final Path GOLDEN = Ran.TESTDATA.resolve("golden/bake");
  private static final Path REAL =
      Ran.TESTDATA.resolve(
          "real/files/catundchat+stable-diffusion-v1.5-lora__pytorch_lora_weights.safetensors");

  @TempDir Path folder;

  @Test
  void aRealDiffusersFileGoesToKohyaAndComesBackEqual() {
    Path kohya = folder.resolve("kohya.safetensors");
    Path back = folder.resolve("back.safetensors");
    Ran ran = radiata("convert", REAL, "-o", kohya, "--to", "kohya");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("128 modules from diffusers to kohya");
    assertThat(radiata("convert", kohya, "-o", back, "--to", "diffusers").exit()).isZero();
    Path again = folder.resolve("again.safetensors");
    assertThat(radiata("convert", REAL, "-o", again, "--to", "diffusers").exit()).isZero();
    assertThat(radiata("compare", back, again).exit()).isZero();
  }

  @Test
  void aPeftFolderHoldsWeightsAndSettings() throws IOException {
    Path peft = folder.resolve("peft");
    Path adapter = GOLDEN.resolve("dora-locon-out/adapter.safetensors");
    Path base = GOLDEN.resolve("dora-locon-out/base.safetensors");
    Ran ran = radiata("convert", adapter, "-o", peft, "--to", "peft", "--base", base);
    assertThat(ran.exit()).as(ran.err()).isZero();
    JsonObject config =
        JsonParser.parseString(Files.readString(peft.resolve("adapter_config.json")))
            .getAsJsonObject();
    assertThat(config.get("peft_type").getAsString()).isEqualTo("LORA");
    assertThat(config.get("use_dora").getAsBoolean()).isTrue();
    assertThat(radiata("inspect", peft, "--json").json().getAsJsonObject("adapter"))
        .satisfies(found -> assertThat(found.get("dialect").getAsString()).isEqualTo("peft"));
  }

  @Test
  void whatADialectCannotHoldIsOneLineWithTheWayOut() {
    Path out = folder.resolve("out.safetensors");
    Path base = GOLDEN.resolve("dora-locon-in/base.safetensors");
    Path adapter = GOLDEN.resolve("dora-locon-in/adapter.safetensors");
    Ran ran = radiata("convert", adapter, "-o", out, "--to", "diffusers", "--base", base);
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err().lines()).hasSize(1);
    assertThat(ran.err()).contains("--axis output --base BASE");
    assertThat(out).doesNotExist();
  }

  @Test
  void doraPerInputIsFittedPerOutputAndThenWrittenForDiffusers() {
    Path out = folder.resolve("out.safetensors");
    Path base = GOLDEN.resolve("dora-locon-in/base.safetensors");
    Path adapter = GOLDEN.resolve("dora-locon-in/adapter.safetensors");
    Ran ran =
        radiata(
            "convert",
            adapter,
            "-o",
            out,
            "--axis",
            "output",
            "--base",
            base,
            "--rank",
            "4",
            "--to",
            "diffusers",
            "--json");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.json().getAsJsonArray("residuals")).hasSize(8);
    assertThat(radiata("metadata", "show", out).out())
        .as("its numbers come of the base too")
        .contains("\"role\":\"base\"");
    JsonObject inspected = radiata("inspect", out, "--json").json().getAsJsonObject("adapter");
    inspected
        .getAsJsonArray("modules")
        .forEach(module ->
            assertThat(module.getAsJsonObject().get("dora").getAsString()).isEqualTo("output"));
  }

  @Test
  void theFirstRanksOfADyloraKeepItsAlpha() {
    Path out = folder.resolve("out.safetensors");
    Path adapter = GOLDEN.resolve("dylora/adapter.safetensors");
    Path base = GOLDEN.resolve("dylora/base.safetensors");
    Ran ran =
        radiata(
            "convert", adapter, "-o", out, "--to", "lycoris", "--base", base, "--dylora-rank", "2");
    assertThat(ran.exit()).as(ran.err()).isZero();
    JsonObject before = radiata("inspect", adapter, "--json").json().getAsJsonObject("adapter");
    JsonObject after = radiata("inspect", out, "--json").json().getAsJsonObject("adapter");
    for (int i = 0; i < after.getAsJsonArray("modules").size(); i++) {
      JsonObject was = before.getAsJsonArray("modules").get(i).getAsJsonObject();
      JsonObject is = after.getAsJsonArray("modules").get(i).getAsJsonObject();
      assertThat(is.get("rank").getAsInt()).isEqualTo(2);
      assertThat(is.get("alpha")).isEqualTo(was.get("alpha"));
    }
  }

  @Test
  void whatNoLayerReadsSurvivesUnderTheNewNameOfItsModule() throws IOException {
    String name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
    Path in =
        new TensorFileBuilder()
            .f32(name + ".lora_up.weight", new long[] {320, 1}, new double[320])
            .f32(name + ".lora_down.weight", new long[] {1, 768}, new double[768])
            .f32(name + ".pissa_flag", new long[] {1}, 7)
            .f32("bundle_emb.cat.clip_l", new long[] {1, 2}, 1, 2)
            .write(folder.resolve("in.safetensors"));
    Path out = folder.resolve("out.safetensors");
    Ran ran = radiata("convert", in, "-o", out, "--to", "comfyui");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(radiata("inspect", out, "--keys").out())
        .contains("diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.pissa_flag")
        .contains("bundle_emb.cat.clip_l");
    Ran refused = radiata("convert", in, "-o", folder.resolve("d"), "--to", "diffusers");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).contains("bundle_emb.cat.clip_l");
  }

  private Path stranger(String module) throws IOException {
    return new TensorFileBuilder()
        .f32(module + ".lora_up.weight", new long[] {4, 1}, 1, 2, 3, 4)
        .f32(module + ".lora_down.weight", new long[] {1, 4}, 1, 2, 3, 4)
        .write(Files.createTempFile(folder, "in", ".safetensors"));
  }

  @Test
  void namesThatNoTableKnowsAreMovedButNeverGuessed() throws IOException {
    Path dotted = stranger("diffusion_model.mixers.0.gate_to");
    Path peft = folder.resolve("peft");
    assertThat(radiata("convert", dotted, "-o", peft, "--to", "peft").exit()).isZero();
    assertThat(radiata("inspect", peft, "--keys").out())
        .contains("base_model.model.mixers.0.gate_to.lora_A.weight");
    Path flat = folder.resolve("flat.safetensors");
    Path kohya = stranger("lora_unet_mixers_0_gate_to");
    assertThat(radiata("convert", kohya, "-o", flat, "--to", "lycoris").exit()).isZero();
    assertThat(radiata("inspect", flat, "--keys").out())
        .contains("lycoris_mixers_0_gate_to.lora_up.weight");
    Ran guessed = radiata("convert", kohya, "-o", folder.resolve("x"), "--to", "comfyui");
    assertThat(guessed.exit()).isEqualTo(1);
    assertThat(guessed.err()).contains("underscores").contains("--base");
    Path text = stranger("lora_te1_strange_layers_0_fc");
    Ran encoder = radiata("convert", text, "-o", folder.resolve("y"), "--to", "lycoris");
    assertThat(encoder.exit()).isEqualTo(1);
    assertThat(encoder.err()).contains("text encoder").contains("--base");
  }

  @Test
  void aDryRunWritesNothingAndAnExistingOutputIsKept() throws IOException {
    Path out = folder.resolve("out.safetensors");
    assertThat(radiata("convert", REAL, "-o", out, "--to", "kohya", "--dry-run").exit()).isZero();
    assertThat(out).doesNotExist();
    Files.writeString(out, "mine");
    assertThat(radiata("convert", REAL, "-o", out, "--to", "kohya").exit()).isEqualTo(1);
    assertThat(out).hasContent("mine");
  }

  @Test
  void optionsOfTheOtherKindAreWrongUsage() {
    Path out = folder.resolve("out.safetensors");
    Path base = GOLDEN.resolve("dora-locon-in/base.safetensors");
    assertThat(radiata("convert", REAL, "-o", out).exit()).isEqualTo(2);
    assertThat(radiata("convert", REAL, "-o", out, "--to", "webui").exit()).isEqualTo(2);
    assertThat(
            radiata("convert", REAL, "-o", out, "--to", "kohya", "--max-shard-size", "1GB").exit())
        .isEqualTo(2);
    assertThat(radiata("convert", base, "-o", out, "--axis", "output").exit()).isEqualTo(2);
    assertThat(radiata("convert", REAL, "-o", out, "--to", "kohya", "--rank", "4").exit())
        .isEqualTo(2);
    assertThat(out).doesNotExist();
  }

  @Test
  void aCheckpointIsWrittenInAnotherDtypeAndInShards() {
    Path base = GOLDEN.resolve("locon-linear-conv2d/base.safetensors");
    Path half = folder.resolve("half.safetensors");
    Ran ran = radiata("convert", base, "-o", half, "--dtype", "fp16", "--json");
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.json().get("converted").getAsInt()).isPositive();
    Path shards = folder.resolve("shards");
    assertThat(radiata("convert", base, "-o", shards, "--max-shard-size", "2KB").exit()).isZero();
    assertThat(radiata("compare", base, shards).exit()).isZero();
  }
}
