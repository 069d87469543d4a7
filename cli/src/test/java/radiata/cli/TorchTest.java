package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models and adapters as torch files, in every command that takes them.
class TorchTest {
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";
  private static final String E = "model.embed_tokens.weight";
  private static final String PEFT = "base_model.model.model.layers.0.self_attn.q_proj.";

  @TempDir Path folder;
  private Path base;
  private Path adapter;

  @BeforeEach
  void models() throws IOException {
    base =
        new TensorFileBuilder()
            .metadata("format", "pt")
            .f32(Q, shape(8, 8), filled(64, 3))
            .f16(E, shape(4, 8), filled(32, 4))
            .write(folder.resolve("base.safetensors"));
    adapter =
        new TensorFileBuilder()
            .f32(PEFT + "lora_A.weight", shape(2, 8), filled(16, 1))
            .f32(PEFT + "lora_B.weight", shape(8, 2), filled(16, 2))
            .write(folder.resolve("adapter.safetensors"));
  }

  private static double[] filled(int count, int seed) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> ((i * 31 + seed) % 17 - 8) / 16.0);
    return values;
  }

  private static Ran done(Object... args) {
    Ran ran = radiata(args);
    assertThat(ran.exit()).as(ran.err()).isZero();
    return ran;
  }

  @Test
  void bakingACkptWithAPtGivesTheTensorsOfBakingSafetensors() throws IOException {
    Path expected = folder.resolve("expected.safetensors");
    done("bake", base, "-a", adapter, "-o", expected);
    Path ckpt = TorchFileBuilder.checkpoint(base, folder.resolve("base.ckpt"));
    Path old = TorchFileBuilder.legacy(base, folder.resolve("old.pth"));
    Path pt = TorchFileBuilder.checkpoint(adapter, folder.resolve("adapter.pt"));
    Path bin = TorchFileBuilder.legacy(adapter, folder.resolve("adapter.bin"));
    for (Path model : new Path[] {ckpt, old}) {
      for (Path with : new Path[] {pt, bin}) {
        Path out = folder.resolve("out.safetensors");
        done("bake", model, "-a", with, "-o", out, "--force", "--verify");
        done("compare", out, expected);
        JsonObject seen = done("inspect", out, "--json").json();
        assertThat(seen.get("container").getAsString()).isEqualTo("safetensors");
        assertThat(seen.getAsJsonObject("metadata").get("format").getAsString()).isEqualTo("pt");
      }
    }
  }

  @Test
  void aFolderOfBinShardsBecomesAFolderOfSafetensorsShards() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    Path q =
        new TensorFileBuilder().f32(Q, shape(8, 8), filled(64, 3)).write(folder.resolve("q.s"));
    Path e =
        new TensorFileBuilder().f16(E, shape(4, 8), filled(32, 4)).write(folder.resolve("e.s"));
    TorchFileBuilder.checkpoint(q, model.resolve("pytorch_model-00001-of-00002.bin"));
    TorchFileBuilder.legacy(e, model.resolve("pytorch_model-00002-of-00002.bin"));
    Files.writeString(
        model.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\":{\"%s\":\"pytorch_model-00001-of-00002.bin\",\"%s\":\"pytorch_model-00002-of-00002.bin\"}}"
            .formatted(Q, E));
    Files.writeString(model.resolve("config.json"), "{\"model_type\":\"llama\"}");
    Path out = folder.resolve("out");
    done("bake", model, "-a", adapter, "-o", out);
    try (var names = Files.list(out)) {
      assertThat(names.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "config.json",
              "model-00001-of-00002.safetensors",
              "model-00002-of-00002.safetensors",
              "model.safetensors.index.json");
    }
    Path expected = folder.resolve("expected.safetensors");
    done("bake", base, "-a", adapter, "-o", expected);
    done("compare", out, expected);
    assertThat(done("inspect", model, "--json").json().get("container").getAsString())
        .isEqualTo("folder");
  }

  @Test
  void aDiffusersFolderOfBinsIsBaked() throws IOException {
    Path model = folder.resolve("sd");
    Path unet = Files.createDirectories(model.resolve("unet"));
    Files.writeString(
        model.resolve("model_index.json"), "{\"unet\":[\"diffusers\",\"UNet2DConditionModel\"]}");
    Files.writeString(unet.resolve("config.json"), "{}");
    Path weights =
        new TensorFileBuilder()
            .f32("a.weight", shape(4, 4), filled(16, 1))
            .write(folder.resolve("unet.s"));
    TorchFileBuilder.checkpoint(weights, unet.resolve("diffusion_pytorch_model.bin"));
    Path lora =
        new TensorFileBuilder()
            .f32("lora_unet_a.lora_down.weight", shape(1, 4), 1, 2, 3, 4)
            .f32("lora_unet_a.lora_up.weight", shape(4, 1), 1, 1, 1, 1)
            .write(folder.resolve("lora.safetensors"));
    Path out = folder.resolve("out");
    done("bake", model, "-a", lora, "-o", out, "--verify");
    assertThat(out.resolve("unet/diffusion_pytorch_model.safetensors")).exists();
    assertThat(out.resolve("unet/diffusion_pytorch_model.bin")).doesNotExist();
  }

  @Test
  void aPeftFolderWithABinIsAnAdapter() throws IOException {
    Path peft = Files.createDirectory(folder.resolve("peft"));
    TorchFileBuilder.checkpoint(adapter, peft.resolve("adapter_model.bin"));
    Files.writeString(
        peft.resolve("adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4,\"target_modules\":[\"q_proj\"]}");
    JsonObject seen = done("inspect", peft, "--json").json();
    assertThat(seen.get("kind").getAsString()).isEqualTo("adapter");
    JsonObject module =
        seen.getAsJsonObject("adapter").getAsJsonArray("modules").get(0).getAsJsonObject();
    assertThat(module.get("scale").getAsDouble()).isEqualTo(2);
    done("bake", base, "-a", peft, "-o", folder.resolve("out.safetensors"));
    done("verify", peft, "--base", base);
  }

  @ParameterizedTest
  @CsvSource({"true, torch-zip", "false, torch-legacy"})
  void inspectNamesTheContainerAndWhatIsLeftOut(boolean zip, String container) throws IOException {
    Path file = folder.resolve("model.ckpt");
    if (zip) {
      TorchFileBuilder.checkpoint(base, file);
    } else {
      TorchFileBuilder.legacy(base, file);
    }
    JsonObject seen = done("inspect", file, "--json", "--hashes").json();
    assertThat(seen.get("container").getAsString()).isEqualTo(container);
    assertThat(seen.get("kind").getAsString()).isEqualTo("checkpoint");
    assertThat(seen.get("tensors").getAsInt()).isEqualTo(2);
    assertThat(seen.has("left_out")).isEqualTo(zip);
    String screen = done("inspect", file, "--keys").out();
    assertThat(screen).contains(container, Q);
    assertThat(screen.contains("\"epoch\": a number")).isEqualTo(zip);
  }

  @Test
  void verifyFindsDamageByTheChecksumOfAnArchive() throws IOException {
    Path file = TorchFileBuilder.checkpoint(base, folder.resolve("model.ckpt"));
    Ran sound = done("verify", file, "--json");
    assertThat(sound.out()).contains("left-out").doesNotContain("checksum");
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    bytes[text.indexOf("archive/data/0") + "archive/data/0".length() + 5] ^= 4;
    Files.write(file, bytes);
    Ran damaged = radiata("verify", file, "--json");
    assertThat(damaged.exit()).isEqualTo(1);
    assertThat(damaged.out()).contains("\"code\": \"checksum\"", "archive/data/0");
  }

  @Test
  void compareTakesTorchFiles() throws IOException {
    Path ckpt = TorchFileBuilder.checkpoint(base, folder.resolve("base.ckpt"));
    done("compare", ckpt, base);
    done("compare", base, TorchFileBuilder.legacy(base, folder.resolve("old.pt")));
  }

  @Test
  void anOutputNamedLikeATorchFileIsRefused() {
    Ran ran = radiata("bake", base, "-a", adapter, "-o", folder.resolve("out.ckpt"));
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("outputs are safetensors files");
    assertThat(folder.resolve("out.ckpt")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"refused-os-system.pt", "refused-os-system-legacy.pt"})
  void anAttackIsRefusedInOneLineByEveryCommand(String name) {
    Path attack = Ran.TESTDATA.resolve("torch").resolve(name);
    for (Ran ran :
        new Ran[] {
          radiata("inspect", attack),
          radiata("bake", attack, "-a", adapter, "-o", folder.resolve("out.safetensors")),
          radiata("bake", base, "-a", attack, "-o", folder.resolve("out.safetensors")),
          radiata("compare", base, attack)
        }) {
      assertThat(ran.exit()).isEqualTo(1);
      assertThat(ran.err()).contains("posix.system", "byte ").hasLineCount(1);
    }
    Ran verified = radiata("verify", attack, "--json");
    assertThat(verified.exit()).isEqualTo(1);
    assertThat(verified.out()).contains("\"code\": \"forbidden-global\"");
    assertThat(Path.of("radiata-was-attacked")).doesNotExist();
    assertThat(folder.resolve("out.safetensors")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "GGUF\\3\\0\\0\\0, GGUF",
    "version https://git-lfs.github.com/spec/v1, git lfs pull",
    "<!DOCTYPE html><html>, web page",
    "'', empty",
    "PK\\5\\6\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0, torch.save did not write"
  })
  void whatIsNoModelIsToldInOneLine(String text, String said) throws IOException {
    Path file = folder.resolve("model.ckpt");
    Files.write(file, text.translateEscapes().getBytes(StandardCharsets.ISO_8859_1));
    Ran ran = radiata("inspect", file);
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains(said).hasLineCount(1);
  }
}
