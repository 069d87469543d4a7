package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.names.Dialect;
import radiata.safetensors.Limits;

class PeftSettingsTest {
  @TempDir Path folder;

  @Test
  void aFolderIsItsWeightsAndItsConfig() throws IOException {
    write("{\"peft_type\":\"LORA\",\"r\":8,\"lora_alpha\":3,\"use_dora\":true}");
    try (AdapterFile adapter = open(folder)) {
      AdapterModule module = adapter.modules().getFirst();
      assertThat(module.name()).isEqualTo("base_model.model.a.q");
      assertThat(module.alpha()).hasValue(3);
      assertThat(module.rank()).hasValue(2);
      assertThat(module.because())
          .contains(
              "the settings say rank 8.0, the tensors 2; the tensors count",
              "it has no magnitude although use_dora is true");
      assertThat(adapter.dialect()).isEqualTo(Dialect.PEFT);
    }
  }

  @Test
  void aFolderWithoutConfigOrWeightsIsRefused() throws IOException {
    assertThatThrownBy(() -> open(folder))
        .hasMessageContaining("without adapter_model.safetensors");
    weights();
    assertThatThrownBy(() -> open(folder)).hasMessageContaining("no adapter_config.json");
  }

  @Test
  void aPeftFileWithoutConfigSaysThatItsAlphaIsUnknown() throws IOException {
    try (AdapterFile adapter = open(weights())) {
      assertThat(adapter.modules().getFirst().alpha()).isEmpty();
      assertThat(adapter.because()).anyMatch(reason -> reason.contains("adapter_config.json"));
    }
  }

  @Test
  void aForeignFileInAPeftFolderLeavesTheConfigAlone() throws IOException {
    write("{\"peft_type\":\"LORA\",\"lora_alpha\":3}");
    Path kohya =
        new TensorBytes().pair("lora_unet_a", 4, 4).write(folder.resolve("kohya.safetensors"));
    try (AdapterFile adapter = open(kohya)) {
      assertThat(adapter.modules().getFirst().alpha()).isEmpty();
    }
  }

  @Test
  void patternsMatchWholeTailsOfAPath() throws IOException {
    write(
        "{\"peft_type\":\"LORA\",\"lora_alpha\":3,"
            + "\"alpha_pattern\":{\"k\":5,\"q\":6,\"a.q\":7,\".*\":8}}");
    try (AdapterFile adapter = open(folder)) {
      assertThat(adapter.modules().getFirst().alpha()).hasValue(6);
    }
    write("{\"lora_alpha\":3,\"alpha_pattern\":{\"(k|q)\":5}}");
    try (AdapterFile adapter = open(folder)) {
      assertThat(adapter.modules().getFirst().alpha()).hasValue(5);
    }
    write("{\"lora_alpha\":3,\"alpha_pattern\":{\".q\":5,\"aa.q\":6,\"a\":7}}");
    try (AdapterFile adapter = open(folder)) {
      assertThat(adapter.modules().getFirst().alpha()).hasValue(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'peft_type':'VERA' | peft_type is VERA, one of LORA, LOHA, LOKR was expected",
        "'layer_replication':[[0,4]] | layer_replication is set: several adapter layers share",
        "'alora_invocation_tokens':[1] | alora_invocation_tokens is set",
        "'arrow_config':{'a':1} | arrow_config is set",
        "'megatron_config':{'a':1} | megatron_config is set",
        "'target_parameters':'x' | target_parameters is no list of texts",
        "'target_parameters':[1] | target_parameters holds what is no text: 1",
        "'trainable_token_indices':[1] | trainable_token_indices is set",
        "'use_qalora':true | use_qalora is set",
        "'init_lora_weights':'pissa_niter_4' | training changed the base",
        "'init_lora_weights':'olora' | training changed the base",
        "'init_lora_weights':'corda' | training changed the base",
        "'init_lora_weights':'loftq' | training changed the base",
        "'lora_alpha':'8' | lora_alpha is no finite number",
        "'lora_alpha':1e999 | lora_alpha is no finite number",
        "'lora_alpha':NaN | is not one JSON object",
        "'use_rslora':'yes' | use_rslora is neither true nor false",
        "'alpha_pattern':[1] | alpha_pattern is no object",
        "'alpha_pattern':{'(':1} | is no regular expression",
        "'alpha_pattern':{'q':'x'} | alpha_pattern.q is no finite number"
      })
  void settingsThatCannotBeKeptAreRefusedByName(String setting, String message) throws IOException {
    write("{" + setting.replace('\'', '"') + "}");
    assertThatThrownBy(() -> open(folder))
        .isInstanceOfSatisfying(
            AdapterException.class,
            e -> assertThat(e.file()).isEqualTo(folder.resolve("adapter_config.json")))
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "{}{}", "{'r':1}", "{\"r\":01}", "null", "{\"r\":1,}"})
  void looseJsonIsRefused(String text) throws IOException {
    write(text);
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("is not one JSON object");
  }

  @Test
  void nestingBombsAndOversizedConfigsAreRefused() throws IOException {
    write("{\"a\":".repeat(100_000));
    assertThatThrownBy(() -> open(folder)).isInstanceOf(AdapterException.class);
    write("{\"a\":\"" + "x".repeat(1 << 20) + "\"}");
    assertThatThrownBy(() -> open(folder)).hasMessageContaining("larger than 1 MiB");
    Files.write(folder.resolve("adapter_config.json"), new byte[] {'{', (byte) 0xff, '}'});
    assertThatThrownBy(() -> open(folder)).hasMessageContaining("is not UTF-8");
  }

  @Test
  void exponentialPatternsAreStopped() throws IOException {
    new TensorBytes()
        .peft("base_model.model." + "a".repeat(200), 4, 4)
        .write(folder.resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"alpha_pattern\":{\"(((a+)+)+)+b\":1}}");
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThatThrownBy(() -> open(folder))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("too many steps"));
  }

  @Test
  void diffusersMetadataGivesEachComponentItsAlpha() throws IOException {
    Path file =
        new TensorBytes()
            .peft("unet.a.q", 4, 4)
            .peft("text_encoder.b", 4, 4)
            .peft("other.c", 4, 4)
            .metadata(
                "lora_adapter_metadata",
                "{\\\"unet.r\\\":2,\\\"unet.lora_alpha\\\":5,\\\"unet.use_dora\\\":false,"
                    + "\\\"text_encoder.lora_alpha\\\":1,\\\"text_encoder.alpha_pattern\\\":{\\\"b\\\":9}}")
            .write(folder.resolve("d.safetensors"));
    try (AdapterFile adapter = open(file)) {
      assertThat(adapter.modules())
          .extracting(AdapterModule::alpha)
          .containsExactly(OptionalDouble.of(5), OptionalDouble.of(9), OptionalDouble.empty());
      assertThat(adapter.writer()).isEqualTo("diffusers");
    }
    Path broken =
        new TensorBytes()
            .peft("unet.a.q", 4, 4)
            .metadata("lora_adapter_metadata", "{")
            .write(folder.resolve("e.safetensors"));
    assertThatThrownBy(() -> open(broken))
        .hasMessageContaining("the metadata lora_adapter_metadata is not one JSON object");
  }

  private Path weights() throws IOException {
    return new TensorBytes()
        .peft("base_model.model.a.q", 6, 5)
        .write(folder.resolve("adapter_model.safetensors"));
  }

  private void write(String config) throws IOException {
    weights();
    Files.writeString(folder.resolve("adapter_config.json"), config);
  }

  private static AdapterFile open(Path path) throws IOException {
    return AdapterFile.open(path, Limits.DEFAULT, null);
  }
}
