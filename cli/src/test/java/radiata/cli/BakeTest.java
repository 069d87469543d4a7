package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Hashes;

/// Whole bakes through the command line.
class BakeTest {
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";
  private static final String E = "model.embed_tokens.weight";
  private static final String PEFT = "base_model.model.model.layers.0.self_attn.q_proj.";

  @TempDir Path folder;

  private static double[] filled(int count, int seed) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> ((i * 31 + seed) % 17 - 8) / 16.0);
    return values;
  }

  private Path adapter() throws IOException {
    return new TensorFileBuilder()
        .f32(PEFT + "lora_A.weight", shape(2, 8), filled(16, 1))
        .f32(PEFT + "lora_B.weight", shape(8, 2), filled(16, 2))
        .write(folder.resolve("adapter.safetensors"));
  }

  private static TensorFileBuilder model() {
    return new TensorFileBuilder()
        .f32(Q, shape(8, 8), filled(64, 3))
        .f32(E, shape(4, 8), filled(32, 4));
  }

  private Path out() {
    return folder.resolve("out");
  }

  private static void done(Ran ran) {
    assertThat(ran.exit()).as(ran.err()).isZero();
  }

  @Test
  void shardsStayShardsWithTheirIndexAndCompanions() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    new TensorFileBuilder()
        .f32(Q, shape(8, 8), filled(64, 3))
        .write(base.resolve("model-00001-of-00002.safetensors"));
    new TensorFileBuilder()
        .f32(E, shape(4, 8), filled(32, 4))
        .write(base.resolve("model-00002-of-00002.safetensors"));
    String index =
        "{\"metadata\":{\"total_size\":384},\"weight_map\":{\"%s\":\"model-00002-of-00002.safetensors\",\"%s\":\"model-00001-of-00002.safetensors\"}}"
            .formatted(E, Q);
    Files.writeString(base.resolve("model.safetensors.index.json"), index);
    Files.writeString(base.resolve("config.json"), "{}");
    Files.writeString(base.resolve("tokenizer.json"), "{\"a\":1}");
    done(Ran.radiata("bake", base, "-a", adapter(), "-o", out()));
    assertThat(out().resolve("model.safetensors.index.json")).hasContent(index);
    assertThat(out().resolve("tokenizer.json")).hasContent("{\"a\":1}");
    String untouched = "model-00002-of-00002.safetensors";
    done(Ran.radiata("compare", out().resolve(untouched), base.resolve(untouched)));
    done(Ran.radiata("bake", base, "-a", adapter(), "-o", out(), "--force", "--dtype", "bf16"));
    JsonObject halved =
        JsonParser.parseString(Files.readString(out().resolve("model.safetensors.index.json")))
            .getAsJsonObject();
    assertThat(halved.getAsJsonObject("metadata").get("total_size").getAsLong()).isEqualTo(192);
    Path one = folder.resolve("one.safetensors");
    done(Ran.radiata("bake", base, "-a", adapter(), "-o", one));
    Path single = model().write(folder.resolve("single.safetensors"));
    Path other = folder.resolve("other.safetensors");
    done(Ran.radiata("bake", single, "-a", adapter(), "-o", other));
    done(Ran.radiata("compare", one, other));
  }

  @Test
  void aDiffusersFolderStaysOne() throws IOException {
    Path base = Files.createDirectory(folder.resolve("sd"));
    Path unet = Files.createDirectory(base.resolve("unet"));
    Path scheduler = Files.createDirectory(base.resolve("scheduler"));
    Files.writeString(
        base.resolve("model_index.json"),
        "{\"_class_name\":\"StableDiffusionPipeline\",\"unet\":[\"diffusers\",\"UNet2DConditionModel\"],\"scheduler\":[\"diffusers\",\"DDIMScheduler\"]}");
    Files.writeString(scheduler.resolve("scheduler_config.json"), "{}");
    Files.writeString(unet.resolve("config.json"), "{}");
    String path = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    new TensorFileBuilder()
        .f32(path + ".weight", shape(8, 8), filled(64, 3))
        .f32(
            "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
            shape(8, 768),
            filled(8 * 768, 3))
        .write(unet.resolve("diffusion_pytorch_model.safetensors"));
    Path adapter =
        new TensorFileBuilder()
            .f32("unet." + path + ".lora_A.weight", shape(2, 8), filled(16, 1))
            .f32("unet." + path + ".lora_B.weight", shape(8, 2), filled(16, 2))
            .write(folder.resolve("unet.safetensors"));
    done(Ran.radiata("bake", base, "-a", adapter, "-o", out(), "--verify"));
    assertThat(out().resolve("scheduler/scheduler_config.json")).hasContent("{}");
    assertThat(out().resolve("unet/diffusion_pytorch_model.safetensors")).exists();
    Ran compared = Ran.radiata("compare", base, out(), "--json");
    assertThat(compared.json().getAsJsonArray("changed")).hasSize(1);
  }

  @Test
  void aWeightOfZeroRemovesAModuleAndAStrengthOfZeroAsksTheRuntime() throws IOException {
    Path base = Ran.golden("dora-locon-out/base.safetensors");
    Path adapter = Ran.golden("dora-locon-out/adapter.safetensors");
    Path out = folder.resolve("zero.safetensors");
    done(Ran.radiata("bake", base, "-a", adapter + ":0", "-o", out));
    done(Ran.radiata("compare", base, out));
    done(
        Ran.radiata(
            "bake", base, "-a", adapter + ":0", "-o", out, "--force", "--runtime", "lycoris"));
    assertThat(Ran.radiata("compare", base, out).exit()).isEqualTo(1);
    Path sd = Ran.golden("sd1-kohya-lora/base.safetensors");
    Ran filtered =
        Ran.radiata(
            "bake",
            sd,
            "-a",
            Ran.golden("sd1-kohya-lora/adapter.safetensors"),
            "-o",
            out,
            "--force",
            "--unet",
            "0",
            "--te",
            "0");
    done(filtered);
    assertThat(filtered.err()).contains("warning");
    done(Ran.radiata("compare", sd, out));
  }

  @Test
  void aDryRunWritesNothingAndSaysWhatABakeWouldDo() throws IOException {
    Path base = model().write(folder.resolve("model.safetensors"));
    Path out = folder.resolve("out.safetensors");
    Ran dry = Ran.radiata("bake", base, "-a", adapter(), "-o", out, "--dry-run", "--json");
    done(dry);
    assertThat(out).doesNotExist();
    assertThat(dry.json().keySet())
        .contains(
            "schema",
            "output",
            "runtime",
            "tensors",
            "ledger",
            "delta",
            "plan",
            "output_bytes",
            "peak_bytes");
    assertThat(dry.json().getAsJsonArray("plan")).hasSize(2);
    Ran real = Ran.radiata("bake", base, "-a", adapter(), "-o", out, "--json");
    done(real);
    assertThat(real.json().get("ledger")).isEqualTo(dry.json().get("ledger"));
    assertThat(real.json().getAsJsonArray("delta")).hasSize(1);
    assertThat(dry.json().get("output_bytes").getAsLong()).isEqualTo(Files.size(out));
  }

  @Test
  void theBytesDoNotDependOnTheThreads() throws IOException {
    for (String name :
        new String[] {"dora-f16-out", "dora-f16-in", "dora-locon-in", "stack-dora-then-dora"}) {
      String last = "";
      for (int threads : new int[] {1, 2, 8}) {
        Path out = folder.resolve("threads.safetensors");
        String second =
            Files.exists(Ran.golden(name + "/adapter2.safetensors"))
                ? "/adapter2.safetensors"
                : "/adapter.safetensors";
        done(
            Ran.radiata(
                "bake",
                Ran.golden(name + "/base.safetensors"),
                "-a",
                Ran.golden(name + "/adapter.safetensors") + ":0.7",
                "-a",
                Ran.golden(name + second) + ":-0.4",
                "-o",
                out,
                "--force",
                "--threads",
                threads));
        String hash = Hashes.of(out).sha256();
        assertThat(last.isEmpty() ? hash : last).as(name).isEqualTo(hash);
        last = hash;
      }
      assertThat(HexFormat.of().parseHex(last)).hasSize(32);
    }
  }
}
