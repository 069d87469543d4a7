package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.adapter.Scale;
import radiata.adapter.dialect.Scales;
import radiata.convention.DoraAxis;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

class AdapterKeysTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "lora_unet_a_b.lora_up.weight, lora_unet_a_b.lora_down.weight, lora_unet_a_b",
    "unet.a.b.lora.up.weight, unet.a.b.lora.down.weight, unet.a.b",
    "a.processor.to_q_lora.up.weight, a.processor.to_q_lora.down.weight, a.processor.to_q",
    "unet.a.b.lora_B.weight, unet.a.b.lora_A.weight, unet.a.b",
    "unet.a.b.lora_B, unet.a.b.lora_A, unet.a.b",
    "t.q.lora_linear_layer.up.weight, t.q.lora_linear_layer.down.weight, t.q",
    "x.q.lora_B.default.weight, x.q.lora_A.default.weight, x.q",
    "x.q.lora_B.mine, x.q.lora_A.mine, x.q",
    "a.lora_up.weight, a.lora_A.weight, a"
  })
  void everySpellingOfUpAndDownIsOneModule(String up, String down, String module)
      throws IOException {
    try (AdapterFile adapter = open(new TensorBytes().zeros(up, 6, 2).zeros(down, 2, 5))) {
      assertThat(adapter.modules()).hasSize(1);
      assertThat(adapter.modules().getFirst().name()).isEqualTo(module);
      assertThat(adapter.modules().getFirst().madeFor()).isEqualTo(Shape.of(6, 5));
    }
  }

  @Test
  void oneOfSeveralNamedAdaptersIsTakenOnlyWhenNamed() throws IOException {
    TensorBytes two =
        new TensorBytes()
            .zeros("x.q.lora_A.cat.weight", 2, 5)
            .zeros("x.q.lora_B.cat.weight", 6, 2)
            .zeros("x.q.lora_A.dog.weight", 3, 5)
            .zeros("x.q.lora_B.dog.weight", 6, 3)
            .zeros("x.q.lora_magnitude_vector.dog.weight", 6);
    Path file = two.write(folder.resolve("two.safetensors"));
    assertThatThrownBy(() -> AdapterFile.open(file, Limits.DEFAULT, null))
        .isInstanceOf(AdapterException.class)
        .hasMessage("holds several adapters (cat, dog); choose one with --adapter-name");
    assertThatThrownBy(() -> AdapterFile.open(file, Limits.DEFAULT, "cow"))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("it holds cat, dog");
    try (AdapterFile dog = AdapterFile.open(file, Limits.DEFAULT, "dog")) {
      assertThat(dog.modules()).hasSize(1);
      assertThat(dog.modules().getFirst().rank()).hasValue(3);
      assertThat(dog.modules().getFirst().axis()).hasValue(DoraAxis.OUTPUT);
      assertThat(dog.ignored()).hasSize(2);
    }
  }

  @Test
  void anAdapterNameIsRefusedWhereKeysHaveNone() {
    assertThatThrownBy(() ->
            AdapterFile.open(
                new TensorBytes().peft("x.q", 4, 4).write(folder.resolve("a.safetensors")),
                Limits.DEFAULT,
                "default"))
        .hasMessageContaining("its keys name no adapter");
  }

  @Test
  void aSuffixGluedToAKohyaNameIsRefused() {
    refused(
        new TensorBytes().zeros("lora_unet_x_lora_down.weight", 2, 5),
        "lora_unet_x_lora_down.weight has its suffix glued to the module's name; it should read lora_unet_x.lora_down.weight");
  }

  @Test
  void halfAPairIsRefused() {
    refused(
        new TensorBytes().pair("lora_unet_a", 4, 4).zeros("lora_unet_b.lora_down.weight", 2, 4),
        "lora_unet_b.lora_down.weight but no lora_up");
    refused(
        new TensorBytes().zeros("lora_unet_b.lora_up.weight", 4, 2),
        "lora_unet_b.lora_up.weight but no lora_down");
    refused(
        new TensorBytes().zeros("lora_unet_b.lora_mid.weight", 2, 2, 3, 3),
        "lora_unet_b.lora_mid.weight but no lora_up");
  }

  @Test
  void theSamePartUnderTwoSpellingsIsRefused() {
    refused(
        new TensorBytes().pair("unet.a", 4, 4).zeros("unet.a.lora_B.weight", 4, 2),
        "unet.a.lora_up.weight and unet.a.lora_B.weight are the same part (lora_up)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"oft_R.weight oft (OneTrainer)", "bias_indices sparse bias"})
  void otherAlgorithmsAreNamed(String suffixAndAlgorithm) throws IOException {
    String suffix = suffixAndAlgorithm.substring(0, suffixAndAlgorithm.indexOf(' '));
    String algorithm = suffixAndAlgorithm.substring(suffix.length() + 1);
    try (AdapterFile adapter = open(new TensorBytes().zeros("lycoris_a." + suffix, 3, 2, 2))) {
      assertThat(adapter.modules()).isEmpty();
      assertThat(adapter.unsupported()).hasSize(1);
      assertThat(adapter.unsupported().getFirst().algorithm()).isEqualTo(algorithm);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hada_w1_a hada_w1_b",
        "lokr_w1 lokr_w2_a",
        "lora_embedding_A lora_embedding_B",
      })
  void aModuleThatLacksAPartIsRefused(String partAndMissing) {
    String[] words = partAndMissing.split(" ");
    refused(
        new TensorBytes().zeros("lycoris_a." + words[0], 3, 2),
        "lycoris_a." + words[0] + " but no " + words[1]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora_B.bias", "diff_b", "bias"})
  void theBiasBesideAPairIsAModuleOfItsOwn(String part) throws IOException {
    try (AdapterFile adapter =
        open(new TensorBytes().pair("lycoris_a", 4, 4).zeros("lycoris_a." + part, 4))) {
      assertThat(adapter.modules()).extracting(AdapterModule::bias).containsExactly(false, true);
      assertThat(adapter.modules().getLast().tensors()).hasSize(1);
    }
  }

  @Test
  void aModuleWithAPartThatChangesItIsNotReadWithoutThatPart() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .zeros("lycoris_a.lora_embedding_A", 2, 4)
                .zeros("lycoris_a.lora_embedding_B", 4, 2)
                .alpha("lycoris_a.scale", 2))) {
      assertThat(adapter.modules()).isEmpty();
      assertThat(adapter.unsupported().getFirst().algorithm())
          .isEqualTo("lora on an embedding with scale");
      assertThat(adapter.unsupported().getFirst().tensors()).hasSize(3);
    }
  }

  @Test
  void anExplicitScaleStandsBesideAlpha() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .pair("lora_unet_a", 4, 6)
                .alpha("lora_unet_a.alpha", 1)
                .alpha("lora_unet_a.scale", 3)
                .zeros("lora_unet_a.dora_scale", 4, 1)
                .zeros("lora_unet_b.lokr_w1", 2, 2)
                .zeros("lora_unet_b.lokr_w2", 3, 4)
                .alpha("lora_unet_b.scale", 0.25f))) {
      AdapterModule pair = adapter.modules().getFirst();
      Scale scale = Scales.of(pair.adapter()).orElseThrow();
      assertThat(scale.explicit()).hasValue(3);
      assertThat(scale.under(Profiles.EXACT)).isEqualTo(3);
      assertThat(scale.under(Profiles.A1111)).isEqualTo(3);
      assertThat(scale.under(Profiles.COMFYUI)).isEqualTo(0.5);
      assertThat(pair.alpha()).hasValue(1);
      assertThat(pair.tensors()).hasSize(5);
      assertThat(pair.because()).anyMatch(reason -> reason.contains("lora_unet_a.scale"));
      Scale whole = Scales.of(adapter.modules().getLast().adapter()).orElseThrow();
      assertThat(whole.under(Profiles.EXACT)).isEqualTo(0.25);
      assertThat(whole.under(Profiles.LYCORIS)).isEqualTo(1);
    }
  }

  @Test
  void anExplicitScaleThatIsNoFiniteNumberIsRefused() {
    refused(
        new TensorBytes()
            .pair("lora_unet_a", 4, 6)
            .alpha("lora_unet_a.scale", Float.POSITIVE_INFINITY),
        "lora_unet_a.scale is Infinity: an explicit scale needs a finite number");
    refused(
        new TensorBytes().pair("lora_unet_a", 4, 6).zeros("lora_unet_a.scale", 4),
        "lora_unet_a.scale is F32 [4], one number of shape [] or [1] was expected");
  }

  @Test
  void unknownSuffixesAndLonelyAlphasAreListed() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .pair("lora_unet_a", 4, 4)
                .zeros("lora_unet_a.lokr_factor", 1)
                .alpha("lora_unet_b.alpha", 1)
                .zeros("norm.query_norm.scale", 4))) {
      assertThat(adapter.modules()).hasSize(1);
      assertThat(adapter.unrecognised())
          .extracting(TensorInfo::name)
          .containsExactlyInAnyOrder(
              "lora_unet_a.lokr_factor", "lora_unet_b.alpha", "norm.query_norm.scale");
    }
  }

  @Test
  void bundledEmbeddingsAreIgnored() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .pair("lora_unet_a", 4, 4)
                .zeros("bundle_emb.cat.string_to_param.*", 2, 4))) {
      assertThat(adapter.ignored()).hasSize(1);
      assertThat(adapter.unrecognised()).isEmpty();
      assertThat(adapter.writer()).isEqualTo("onetrainer");
    }
  }

  @Test
  void aMagnitudeThatDiffusersLeftHalfDottedFindsItsModule() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .pair("lora_unet_mid_block_attn1_to_q", 6, 4)
                .zeros("lora_unet_mid_block_attn1.to_q.lora_magnitude_vector", 6)
                .zeros("lora_unet_mid_block_attn1.to_k.lora_magnitude_vector", 6))) {
      assertThat(adapter.modules().getFirst().axis()).hasValue(DoraAxis.OUTPUT);
      assertThat(adapter.unrecognised()).hasSize(1);
    }
  }

  @Test
  void factorsThatDoNotMultiplyAreMisfits() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .zeros("lora_unet_a.lora_up.weight", 4, 3)
                .zeros("lora_unet_a.lora_down.weight", 2, 5)
                .zeros("lora_unet_b.lora_up.weight", 4, 0)
                .zeros("lora_unet_b.lora_down.weight", 0, 5)
                .zeros("lora_unet_c.lora_up.weight", 4)
                .zeros("lora_unet_c.lora_down.weight", 2, 5))) {
      assertThat(adapter.modules()).isEmpty();
      assertThat(adapter.misfits())
          .extracting(Misfit::because)
          .containsExactly(
              "cannot multiply [4, 3] by [2, 5]",
              "lora_unet_b.lora_down.weight is empty: [0, 5]",
              "cannot multiply [4] by [2, 5]");
    }
  }

  @Test
  void emptyTensorsOfHugeDimensionsAreMisfits() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .raw("lora_unet_a.lora_up.weight", DType.F32, new byte[0], 0, 1L << 40, 1L << 40)
                .zeros("lora_unet_a.lora_down.weight", 2, 5))) {
      assertThat(adapter.misfits()).hasSize(1);
    }
  }

  @Test
  void aTwoDimensionalUpOnAConvolutionIsNotedAsDylora() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .zeros("lora_unet_a.lora_up.weight", 8, 2)
                .zeros("lora_unet_a.lora_down.weight", 2, 5, 3, 3))) {
      AdapterModule module = adapter.modules().getFirst();
      assertThat(module.madeFor()).isEqualTo(Shape.of(8, 5, 3, 3));
      assertThat(module.because()).anyMatch(reason -> reason.contains("DyLoRA"));
    }
  }

  @Test
  void sdxlOnDiffusersPathsIsADialectOfItsOwn() throws IOException {
    try (AdapterFile adapter =
        open(
            new TensorBytes()
                .pair(
                    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_1_attn1_to_q",
                    4,
                    4))) {
      assertThat(adapter.dialect()).isEqualTo(Dialect.KOHYA_DIFFUSERS);
    }
  }

  @Test
  void namesThatWouldBreakTheTerminalStayOnOneLine() {
    refused(
        new TensorBytes().zeros("lora_unet_\\n\\u001b[31m.lora_up.weight", 4, 2),
        "lora_unet_??[31m.lora_up.weight but no lora_down");
  }

  private AdapterFile open(TensorBytes bytes) throws IOException {
    return AdapterFile.open(bytes.write(folder.resolve("a.safetensors")), Limits.DEFAULT, null);
  }

  private void refused(TensorBytes bytes, String message) {
    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining(message);
  }
}
