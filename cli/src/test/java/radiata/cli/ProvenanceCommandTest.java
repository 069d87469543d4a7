package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Hashes;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;

/// What a baked file says of itself, and what `verify` and `inspect` make of it.
class ProvenanceCommandTest {
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";
  private static final String E = "model.embed_tokens.weight";
  private static final String PEFT = "base_model.model.model.layers.0.self_attn.q_proj.";

  @TempDir private Path folder;
  private Path base = Path.of("");
  private Path adapter = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void inputs() throws IOException {
    base = model(folder.resolve("base.safetensors"));
    adapter =
        new TensorFileBuilder()
            .metadata("ss_output_name", "style")
            .f32(PEFT + "lora_A.weight", shape(2, 8), filled(16, 1))
            .f32(PEFT + "lora_B.weight", shape(8, 2), filled(16, 2))
            .write(folder.resolve("style.safetensors"));
    out = folder.resolve("out.safetensors");
  }

  private static Path model(Path path) throws IOException {
    return new TensorFileBuilder()
        .metadata("modelspec.sai_model_spec", "1.0.1")
        .metadata("modelspec.title", "Base")
        .metadata("modelspec.hash_sha256", "0x" + "1".repeat(64))
        .metadata("sshs_model_hash", "2".repeat(64))
        .metadata("sshs_legacy_hash", "3".repeat(8))
        .f32(Q, shape(8, 8), filled(64, 3))
        .f32(E, shape(4, 8), filled(32, 4))
        .write(path);
  }

  private static double[] filled(int count, int seed) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> ((i * 31 + seed) % 17 - 8) / 16.0);
    return values;
  }

  private Ran bake(Object... more) {
    Object[] args = {"bake", base, "-a", adapter + ":0.8", "-o", out};
    Object[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    Ran ran = Ran.radiata(all);
    assertThat(ran.exit()).as(ran.err()).isZero();
    return ran;
  }

  private static JsonObject provenance(Path file) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      return JsonParser.parseString(open.metadata().getOrDefault("radiata", "")).getAsJsonObject();
    }
  }

  @Test
  void verifyFindsOneChangedByteOfAnyTensor() throws IOException {
    bake();
    assertThat(Ran.radiata("verify", out).out()).isEqualTo(out + ": ok; 2 checksums compared\n");
    byte[] sound = Files.readAllBytes(out);
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      for (TensorInfo tensor : file.tensors()) {
        byte[] changed = sound.clone();
        changed[(int) (file.dataStart() + tensor.begin() + tensor.bytes() / 2)] ^= 1;
        Path other = Files.write(folder.resolve("changed.safetensors"), changed);
        Ran ran = Ran.radiata("verify", other, "--json");
        assertThat(ran.exit()).isEqualTo(1);
        JsonArray findings =
            ran.json().getAsJsonArray("files").get(0).getAsJsonObject().getAsJsonArray("findings");
        assertThat(findings).hasSize(1);
        assertThat(findings.get(0).getAsJsonObject().get("code").getAsString())
            .isEqualTo("changed");
        assertThat(findings.get(0).getAsJsonObject().get("tensor").getAsString())
            .isEqualTo(tensor.name());
      }
    }
  }

  @Test
  void saysTheRecipeAndTheInputsButNoPathHostOrClock() throws IOException {
    bake("--runtime", "comfyui", "--unet", "0.5", "--allow-unmatched");
    JsonObject provenance = provenance(out);
    assertThat(provenance.getAsJsonObject("recipe").toString())
        .isEqualTo(
            "{\"command\":\"bake\",\"settings\":{\"allow-unmatched\":\"true\",\"dtype\":\"keep\",\"runtime\":\"comfyui\",\"unet\":\"0.5\"}}");
    JsonObject second = provenance.getAsJsonArray("inputs").get(1).getAsJsonObject();
    assertThat(second.getAsJsonObject("settings").get("strength").getAsString()).isEqualTo("0.8");
    JsonObject file = second.getAsJsonArray("files").get(0).getAsJsonObject();
    assertThat(file.get("sha256").getAsString()).isEqualTo(Hashes.sha256(adapter));
    assertThat(file.get("bytes").getAsLong()).isEqualTo(Files.size(adapter));
    assertThat(provenance.toString()).doesNotContain("safetensors").doesNotContain("/tmp");
    byte[] first = Files.readAllBytes(out);
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    base = Files.copy(base, elsewhere.resolve("other-name.safetensors"));
    adapter = Files.copy(adapter, elsewhere.resolve("a.safetensors"));
    out = elsewhere.resolve("x.safetensors");
    bake("--runtime", "comfyui", "--unet", "0.5", "--allow-unmatched", "--threads", "1");
    assertThat(out).hasBinaryContent(first);
  }

  @Test
  void hashesOfTheBaseAreNotPassedOn() throws IOException {
    bake("--date", "2026-05-12");
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      assertThat(file.metadata())
          .containsOnlyKeys(
              "format",
              "radiata",
              "modelspec.sai_model_spec",
              "modelspec.title",
              "modelspec.date",
              "modelspec.merged_from")
          .containsEntry("modelspec.date", "2026-05-12")
          .containsEntry("modelspec.merged_from", "Base, style");
    }
    Path other = folder.resolve("other.safetensors");
    assertThat(Ran.radiata("bake", base, "-a", adapter, "-o", other, "--date", "now").exit())
        .isEqualTo(2);
  }

  @Test
  void hashesAreTakenWhenAskedFor() throws IOException {
    bake("--hashes");
    JsonObject first = provenance(out).getAsJsonArray("inputs").get(0).getAsJsonObject();
    assertThat(first.getAsJsonArray("files").get(0).getAsJsonObject().get("sha256").getAsString())
        .isEqualTo(Hashes.sha256(base));
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      Hashes.Sshs sshs = Hashes.sshs(file);
      assertThat(file.metadata())
          .containsEntry("sshs_model_hash", sshs.model())
          .containsEntry("sshs_legacy_hash", sshs.legacy())
          .containsEntry("modelspec.hash_sha256", "0x" + Hashes.of(out).data().orElseThrow());
    }
    assertThat(Ran.radiata("verify", out).out()).isEqualTo(out + ": ok; 2 checksums compared\n");
  }

  @Test
  void verifyComparesTheHashesThatAFileStates() {
    Ran ran = Ran.radiata("verify", base);
    assertThat(ran.exit()).isZero();
    assertThat(ran.out())
        .contains("no provenance")
        .contains("warning: stale-hash: metadata sshs_model_hash is 2222")
        .contains("metadata modelspec.hash_sha256 is 0x1111");
  }

  @Test
  void inspectShowsWhereAFileComesFrom() throws IOException {
    bake();
    String hash = Hashes.sha256(adapter).substring(0, 10);
    assertThat(Ran.radiata("inspect", out).out())
        .contains("bake (dtype keep, runtime exact) of base ")
        .contains(" + adapter " + hash + ":0.8; 2 checksums")
        .doesNotContain("schema");
    assertThat(Ran.radiata("inspect", out, "--json").json().get("provenance"))
        .isEqualTo(provenance(out));
  }

  @Test
  void everyShardHasItsOwnChecksums() throws IOException {
    base = Files.createDirectory(folder.resolve("base"));
    String one = "model-00001-of-00002.safetensors";
    String two = "model-00002-of-00002.safetensors";
    new TensorFileBuilder().f32(Q, shape(8, 8), filled(64, 3)).write(base.resolve(one));
    new TensorFileBuilder().f32(E, shape(4, 8), filled(32, 4)).write(base.resolve(two));
    Files.writeString(
        base.resolve("model.safetensors.index.json"),
        "{\"metadata\":{\"total_size\":384},\"weight_map\":{\"%s\":\"%s\",\"%s\":\"%s\"}}"
            .formatted(E, two, Q, one));
    out = folder.resolve("baked");
    bake();
    assertThat(Ran.radiata("verify", out).out()).isEqualTo(out + ": ok; 2 checksums compared\n");
    JsonObject first = provenance(out.resolve(one));
    JsonObject second = provenance(out.resolve(two));
    assertThat(first.get("inputs")).isEqualTo(second.get("inputs"));
    assertThat(first.get("crc32c")).isNotEqualTo(second.get("crc32c"));
    JsonObject input = first.getAsJsonArray("inputs").get(0).getAsJsonObject();
    assertThat(input.getAsJsonArray("files")).hasSize(2);
  }

  @Test
  void anEditOfTheMetadataLeavesItTrueAndACopyDoesNotSpreadIt() {
    bake();
    assertThat(Ran.radiata("metadata", "set", out, "note=" + "x".repeat(5000)).exit()).isZero();
    assertThat(Ran.radiata("verify", out).out()).contains("ok; 2 checksums compared");
    assertThat(Ran.radiata("metadata", "copy", out, adapter).exit()).isZero();
    assertThat(Ran.radiata("verify", adapter).out()).contains("no provenance");
    assertThat(Ran.radiata("metadata", "set", out, "radiata={}").exit()).isZero();
    Ran broken = Ran.radiata("verify", out);
    assertThat(broken.exit()).isEqualTo(1);
    assertThat(broken.out()).contains("error: broken-provenance");
  }

  @Test
  void stochasticRoundingIsPartOfTheRecipe() throws IOException {
    bake("--dtype", "fp8_e4m3", "--rounding", "stochastic", "--seed", "7");
    assertThat(provenance(out).getAsJsonObject("recipe").getAsJsonObject("settings").toString())
        .isEqualTo(
            "{\"dtype\":\"fp8_e4m3\",\"rounding\":\"stochastic\",\"runtime\":\"exact\",\"seed\":\"7\"}");
    byte[] first = Files.readAllBytes(out);
    bake(
        "--dtype",
        "fp8_e4m3",
        "--rounding",
        "stochastic",
        "--seed",
        "7",
        "--threads",
        "4",
        "--force");
    assertThat(out).hasBinaryContent(first);
    bake("--dtype", "fp8_e4m3", "--rounding", "stochastic", "--seed", "8", "--force", "--verify");
    assertThat(Files.readAllBytes(out)).isNotEqualTo(first);
    assertThat(bake("--rounding", "stochastic", "--force").err())
        .contains("stochastic rounding is for fp8");
    Path other = folder.resolve("other.safetensors");
    assertThat(Ran.radiata("bake", base, "-a", adapter, "-o", other, "--seed", "1").exit())
        .isEqualTo(2);
    assertThat(Ran.radiata("bake", base, "-a", adapter, "-o", other, "--rounding", "random").exit())
        .isEqualTo(2);
    assertThat(
            Ran.radiata(
                    "bake",
                    base,
                    "-a",
                    adapter,
                    "-o",
                    other,
                    "--rounding",
                    "stochastic",
                    "--seed",
                    "x")
                .exit())
        .isEqualTo(2);
  }

  @Test
  void scaledFp8StaysScaledFp8() throws IOException {
    int[] codes = new int[64];
    Arrays.setAll(codes, i -> 0x30 + i % 40);
    base =
        new TensorFileBuilder()
            .raw("scaled_fp8", "F8_E4M3", shape(0))
            .raw(Q, "F8_E4M3", shape(8, 8), codes)
            .f32(Q.replace(".weight", ".scale_weight"), shape(), 0.001)
            .f32(Q.replace(".weight", ".scale_input"), shape(), 1)
            .write(folder.resolve("scaled.safetensors"));
    Ran ran = bake("--json", "--verify");
    assertThat(ran.json().getAsJsonArray("delta")).hasSize(1);
    try (SafetensorsFile before = SafetensorsFile.open(base);
        SafetensorsFile after = SafetensorsFile.open(out)) {
      assertThat(after.tensors())
          .extracting(TensorInfo::spec)
          .containsExactlyInAnyOrderElementsOf(
              before.tensors().stream().map(TensorInfo::spec).toList());
    }
    assertThat(Ran.radiata("verify", out).exit()).isZero();
    bake("--dtype", "bf16", "--force");
    try (SafetensorsFile after = SafetensorsFile.open(out)) {
      assertThat(after.tensors()).extracting(TensorInfo::name).containsExactly(Q);
    }
  }
}
