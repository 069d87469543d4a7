package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.TensorFileBuilder.shape;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `bake` refuses: exit code 1, one line that says why, and no output.
class BakeRefusalTest {
  private static final String Q =
      "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
  private static final String K = Q.replace("attn1_to_q", "attn2_to_k");
  private static final String BASE = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.";
  private static final String LLAMA = "model.layers.0.self_attn.q_proj.weight";
  private static final String PEFT = "base_model.model.model.layers.0.self_attn.q_proj.";

  @TempDir Path folder;
  private Path base;
  private Path llama;
  private Path output;

  @BeforeEach
  void writeModels() throws IOException {
    base =
        new TensorFileBuilder()
            .f32(BASE + "attn1.to_q.weight", shape(4, 4), filled(16))
            .f32(BASE + "attn2.to_k.weight", shape(4, 768), filled(4 * 768))
            .write(folder.resolve("base.safetensors"));
    llama =
        new TensorFileBuilder()
            .f32(LLAMA, shape(4, 4), filled(16))
            .write(folder.resolve("llama.safetensors"));
    output = folder.resolve("out.safetensors");
  }

  private static double[] filled(int count) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> (i % 7 - 3) / 8.0);
    return values;
  }

  private TensorFileBuilder pair(String module, int out, int in, double alpha) {
    return new TensorFileBuilder()
        .f32(module + ".lora_down.weight", shape(2, in), filled(2 * in))
        .f32(module + ".lora_up.weight", shape(out, 2), filled(2 * out))
        .f32(module + ".alpha", shape(), alpha);
  }

  private Path adapter(TensorFileBuilder builder) throws IOException {
    return builder.write(folder.resolve("adapter.safetensors"));
  }

  private void refused(Path model, Path adapter, String... says) throws IOException {
    Ran ran = Ran.radiata("bake", model, "-a", adapter, "-o", output);
    assertThat(ran.exit()).as(ran.err()).isEqualTo(1);
    assertThat(ran.err().lines())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("radiata bake: ")
        .contains(says);
    assertThat(ran.out()).isEmpty();
    assertNothingWritten();
  }

  private void assertNothingWritten() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .noneMatch(name -> name.contains("out"));
    }
  }

  @Test
  void anAdapterOfAnotherFamily() throws IOException {
    refused(
        base,
        adapter(pair(K, 4, 1024, 1)),
        "adapter.safetensors",
        "for sd2, the base is sd1",
        "[4, 1024]",
        "[4, 768]");
  }

  @Test
  void keysThatNobodyKnows() throws IOException {
    Path sam = Ran.real("files/MathieuNlp+Sam_LoRA__lora_weights__lora_rank4.safetensors");
    refused(base, sam, "48 of 48 tensors", "w_a_000");
  }

  @Test
  void aDoubledPrefix() throws IOException {
    refused(base, adapter(pair("lora_unet_" + Q, 4, 4, 1)), "lora_unet_ twice");
    refused(base, adapter(pair(Q.replace("lora_unet_", "lora_unet_unet_"), 4, 4, 1)), "twice");
  }

  @Test
  void aSuffixGluedToTheName() throws IOException {
    TensorFileBuilder glued =
        new TensorFileBuilder()
            .f32(Q + "_lora_down.weight", shape(2, 4), filled(8))
            .f32(Q + "_lora_up.weight", shape(4, 2), filled(8));
    refused(base, adapter(glued), "glued");
  }

  @Test
  void factorsThatDoNotMultiplyOut() throws IOException {
    TensorFileBuilder broken =
        new TensorFileBuilder()
            .f32(Q + ".lora_down.weight", shape(2, 4), filled(8))
            .f32(Q + ".lora_up.weight", shape(4, 3), filled(12));
    refused(base, adapter(broken), "cannot multiply [4, 3] by [2, 4]");
    refused(base, adapter(pair(Q, 4, 5, 1)), "the factors give [4, 5], the weight is [4, 4]");
  }

  @Test
  void anInfiniteAlpha() throws IOException {
    refused(base, adapter(pair(Q, 4, 4, Double.POSITIVE_INFINITY)), "alpha is Infinity");
  }

  @Test
  void aNaNInTheAdapter() throws IOException {
    TensorFileBuilder bad =
        new TensorFileBuilder()
            .f32(Q + ".lora_down.weight", shape(1, 4), 1, Double.NaN, 1, 1)
            .f32(Q + ".lora_up.weight", shape(4, 1), 1, 1, 1, 1);
    refused(base, adapter(bad), "lora_down.weight holds NaN at element 1");
  }

  @Test
  void aNaNInAWeightThatWouldChange() throws IOException {
    double[] weight = filled(16);
    weight[5] = Double.NaN;
    Path broken =
        new TensorFileBuilder()
            .f32(BASE + "attn1.to_q.weight", shape(4, 4), weight)
            .write(folder.resolve("nan.safetensors"));
    refused(broken, adapter(pair(Q, 4, 4, 1)), "holds NaN in row 1");
  }

  @Test
  void twoNamedAdaptersUntilOneIsNamed() throws IOException {
    TensorFileBuilder two = new TensorFileBuilder();
    for (String name : new String[] {"one", "two"}) {
      two.f32(PEFT + "lora_A." + name + ".weight", shape(1, 4), filled(4))
          .f32(PEFT + "lora_B." + name + ".weight", shape(4, 1), filled(4));
    }
    Path adapter = adapter(two);
    refused(llama, adapter, "(one, two)", "--adapter-name");
    Ran named = Ran.radiata("bake", llama, "-a", adapter, "-o", output, "--adapter-name", "one");
    assertThat(named.exit()).as(named.err()).isZero();
  }

  @Test
  void aFourBitBase() throws IOException {
    Path quantised =
        new TensorFileBuilder()
            .raw(LLAMA, "U8", shape(8, 1), 1, 2, 3, 4, 5, 6, 7, 8)
            .f32(LLAMA + ".absmax", shape(1), 1)
            .raw(LLAMA + ".quant_state.bitsandbytes__nf4", "U8", shape(1), 1)
            .write(folder.resolve("nf4.safetensors"));
    refused(quantised, adapter(peft()), "block-quantised");
  }

  private static TensorFileBuilder peft() {
    return new TensorFileBuilder()
        .f32(PEFT + "lora_A.weight", shape(1, 4), filled(4))
        .f32(PEFT + "lora_B.weight", shape(4, 1), filled(4));
  }

  @Test
  void aMissingShard() throws IOException {
    Path shards = Files.createDirectory(folder.resolve("shards"));
    new TensorFileBuilder()
        .f32(LLAMA, shape(4, 4), filled(16))
        .write(shards.resolve("model-00001-of-00002.safetensors"));
    Files.writeString(
        shards.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"%s\":\"model-00001-of-00002.safetensors\",\"b\":\"model-00002-of-00002.safetensors\"}}"
            .formatted(LLAMA));
    refused(shards, adapter(peft()), "model-00002-of-00002.safetensors", "missing");
  }

  @Test
  void aShardOutsideItsFolder() throws IOException {
    Path shards = Files.createDirectory(folder.resolve("shards"));
    Files.writeString(
        shards.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"%s\":\"../llama.safetensors\"}}".formatted(LLAMA));
    refused(shards, adapter(peft()), "../llama.safetensors");
  }

  @Test
  void aCheckpointInTheAdaptersPlaceAndTheReverse() throws IOException {
    refused(base, base, "is a checkpoint");
    Path adapter = adapter(pair(Q, 4, 4, 1));
    refused(adapter, adapter, "this is an adapter");
  }

  @Test
  void aModuleThatTheBaseDoesNotHave() throws IOException {
    Path adapter = adapter(pair(Q.replace("attn1", "attn2"), 4, 4, 1));
    refused(base, adapter, "no place in the base", "nearest", "--allow-unmatched");
    Ran lenient = Ran.radiata("bake", base, "-a", adapter, "-o", output, "--allow-unmatched");
    assertThat(lenient.exit()).isEqualTo(1);
    assertThat(lenient.err()).contains("nothing would change");
    assertNothingWritten();
  }

  @Test
  void anExistingOutputUnlessForced() throws IOException {
    Path adapter = adapter(pair(Q, 4, 4, 1));
    byte[] before = Files.readAllBytes(base);
    Ran refused = Ran.radiata("bake", base, "-a", adapter, "-o", base);
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).contains("--force");
    assertThat(base).hasBinaryContent(before);
    assertThat(Ran.radiata("bake", base, "-a", adapter, "-o", base, "--force").exit()).isZero();
    assertThat(Files.readAllBytes(base)).isNotEqualTo(before);
  }

  @Test
  void wrongUsage() throws IOException {
    Path adapter = adapter(pair(Q, 4, 4, 1));
    for (String[] wrong :
        new String[][] {
          {"--runtime", "comfy"},
          {"--blocks", "IN99=1"},
          {"--blocks", "1,2,3"},
          {"--dtype", "f16"},
          {"--unet", "x"}
        }) {
      Ran ran = Ran.radiata("bake", base, "-a", adapter, "-o", output, wrong[0], wrong[1]);
      assertThat(ran.exit()).as(ran.err()).isEqualTo(2);
      assertThat(ran.err().lines()).hasSize(1);
    }
    Ran half =
        Ran.radiata("bake", base, "-a", adapter + ":0.5", "-o", output, "--runtime", "onetrainer");
    assertThat(half.exit()).isEqualTo(2);
    assertThat(Ran.radiata("bake", base, "-o", output).exit()).isEqualTo(2);
    assertThat(Ran.radiata("bake", base, "-a", adapter).exit()).isEqualTo(2);
    assertNothingWritten();
  }

  @Test
  void theDocumentOfAFailure() throws IOException {
    Ran ran = Ran.radiata("bake", base, "-a", adapter(pair(Q, 4, 5, 1)), "-o", output, "--json");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.json().getAsJsonObject("error").keySet())
        .contains("code", "message", "file", "tensor");
  }
}
