package radiata.adapter.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.names.Dialect;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.Recipe;

/// What the real programs taught about files for them: settings that they take for more layers than
/// were meant, shapes that they build, scales that they do not apply.
class WrittenSettingsTest {
  @TempDir Path folder;
  private final Map<String, Shape> tensors = new LinkedHashMap<>();

  private void pair(String name, int out, int rank, int in) {
    tensors.put(name + ".lora_A.weight", Shape.of(rank, in));
    tensors.put(name + ".lora_B.weight", Shape.of(out, rank));
  }

  /// A file of these tensors; every element is 0.5.
  private Path write(Path path) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, shape) -> specs.add(new TensorSpec(name, DType.F32, shape)));
    Header header = Header.canonical(specs, Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, header, Replace.REFUSE);
        Arena arena = Arena.ofConfined()) {
      for (TensorInfo info : header.tensors()) {
        MemorySegment bytes = arena.allocate(info.bytes());
        for (long i = 0; i < info.bytes() / 4; i++) {
          bytes.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, 0.5f);
        }
        writer.write(info, 0, bytes);
      }
      writer.commit();
    }
    return path;
  }

  private Path convert(Path from, Dialect to, @Nullable DType dtype) throws IOException {
    Path path = folder.resolve("out-" + to.id());
    try (AdapterFile file = AdapterFile.open(from, Limits.DEFAULT, null)) {
      Converted converted =
          Conversion.of(file, AdapterNames.of(file, to), new Conversion.Request(to, dtype, false));
      new AdapterWriter(converted, file, new Recipe("convert", Map.of()), Optional.empty())
          .write(path, Replace.REFUSE, bytes -> {});
    }
    return path;
  }

  private Path peft(String config) throws IOException {
    Path source = Files.createDirectory(folder.resolve("peft"));
    write(source.resolve("adapter_model.safetensors"));
    Files.writeString(source.resolve("adapter_config.json"), config);
    return source;
  }

  private static float first(Path file, String name) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(file);
        Arena arena = Arena.ofConfined()) {
      TensorInfo info =
          open.tensors().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
      MemorySegment bytes = arena.allocate(info.bytes());
      open.read(info, 0, bytes);
      return bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
    }
  }

  private static Shape shape(Path file, String name) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      return open.tensors().stream()
          .filter(t -> t.name().equals(name))
          .findFirst()
          .orElseThrow()
          .shape();
    }
  }

  @Test
  void aPatternForANameThatOthersEndInIsTiedToTheStart() throws IOException {
    pair("transformer.proj_out", 6, 2, 8);
    for (int i = 0; i < 3; i++) {
      pair("transformer.single_transformer_blocks." + i + ".proj_out", 6, 4, 8);
    }
    Path from = write(folder.resolve("in.safetensors"));
    String text;
    try (SafetensorsFile file = SafetensorsFile.open(convert(from, Dialect.DIFFUSERS, null))) {
      text = file.metadata().get("lora_adapter_metadata");
    }
    JsonObject settings = JsonParser.parseString(text).getAsJsonObject();
    assertThat(settings.get("transformer.rank_pattern")).hasToString("{\"^proj_out\":2}");
    assertThat(settings.get("transformer.r").getAsInt()).isEqualTo(4);
  }

  @Test
  void clipStandsInTheSettingsWithoutTheLevelThatTransformersDropped() throws IOException {
    pair("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", 6, 2, 8);
    pair("text_encoder.text_model.encoder.layers.0.mlp.fc1", 6, 4, 8);
    Path from = write(folder.resolve("in.safetensors"));
    Path out = convert(from, Dialect.DIFFUSERS, null);
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      assertThat(file.metadata().get("lora_adapter_metadata"))
          .contains("\"text_encoder.target_modules\":[\"encoder.layers.0.mlp.fc1\"]");
    }
    assertThat(shape(out, "text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_A.weight"))
        .isEqualTo(Shape.of(4, 8));
  }

  @Test
  void doraOverLohaAndLokrIsRefusedWhereItIsNotRead() throws IOException {
    tensors.put("diffusion_model.a.hada_w1_a", Shape.of(6, 2));
    tensors.put("diffusion_model.a.hada_w1_b", Shape.of(2, 8));
    tensors.put("diffusion_model.a.hada_w2_a", Shape.of(6, 2));
    tensors.put("diffusion_model.a.hada_w2_b", Shape.of(2, 8));
    tensors.put("diffusion_model.a.dora_scale", Shape.of(6, 1));
    Path from = write(folder.resolve("in.safetensors"));
    assertThatThrownBy(() -> convert(from, Dialect.PEFT, null))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("peft knows DoRA over LoRA alone, not over loha");
  }

  @Test
  void severalAlgorithmsAreRefusedByAiToolkit() throws IOException {
    pair("transformer.a", 6, 2, 8);
    tensors.put("transformer.b.lokr_w1", Shape.of(2, 2));
    tensors.put("transformer.b.lokr_w2", Shape.of(3, 4));
    Path from = write(folder.resolve("in.safetensors"));
    assertThatThrownBy(() -> convert(from, Dialect.AITOOLKIT, null))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("aitoolkit holds one algorithm");
  }

  @Test
  void magnitudesOfConvolutionsHaveAsManyDimensionsAsTheWeight() throws IOException {
    for (int kernel = 1; kernel <= 3; kernel++) {
      long[] down = new long[kernel + 2];
      long[] up = new long[kernel + 2];
      long[] magnitude = new long[kernel + 2];
      java.util.Arrays.fill(down, 3);
      java.util.Arrays.fill(up, 1);
      java.util.Arrays.fill(magnitude, 1);
      down[0] = up[1] = 2;
      up[0] = magnitude[1] = 6;
      tensors.put("base_model.model.c" + kernel + ".lora_A.weight", Shape.of(down));
      tensors.put("base_model.model.c" + kernel + ".lora_B.weight", Shape.of(up));
      tensors.put("base_model.model.c" + kernel + ".lora_magnitude_vector", Shape.of(magnitude));
    }
    Path from = peft("{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":2,\"use_dora\":true}");
    Path out = convert(from, Dialect.LYCORIS, null);
    assertThat(shape(out, "lycoris_c1.dora_scale")).isEqualTo(Shape.of(6, 1, 1));
    assertThat(shape(out, "lycoris_c2.dora_scale")).isEqualTo(Shape.of(6, 1, 1, 1));
    assertThat(shape(out, "lycoris_c3.dora_scale")).isEqualTo(Shape.of(6, 1, 1, 1, 1));
  }

  @Test
  void theScaleThatPeftGivesWholeFactorsOfLokrGoesIntoOneOfThem() throws IOException {
    tensors.put("base_model.model.a.lokr_w1", Shape.of(2, 2));
    tensors.put("base_model.model.a.lokr_w2", Shape.of(3, 4));
    Path from = peft("{\"peft_type\":\"LOKR\",\"r\":16,\"alpha\":4}");
    Path out = convert(from, Dialect.LYCORIS, null);
    assertThat(first(out, "lycoris_a.lokr_w1")).isEqualTo(0.125f);
    assertThat(first(out, "lycoris_a.lokr_w2")).isEqualTo(0.5f);
    assertThat(first(out, "lycoris_a.alpha")).isEqualTo(16);
  }

  @Test
  void aScaleOfWholeFactorsThatWouldRoundIsRefusedUnlessFloat32IsAskedFor() throws IOException {
    tensors.put("base_model.model.a.lokr_w1", Shape.of(2, 2));
    tensors.put("base_model.model.a.lokr_w2", Shape.of(3, 4));
    Path from = peft("{\"peft_type\":\"LOKR\",\"r\":16,\"alpha\":3}");
    assertThatThrownBy(() -> convert(from, Dialect.LYCORIS, null))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("does not scale whole factors of LoKr")
        .hasMessageContaining("--dtype fp32");
    assertThat(first(convert(from, Dialect.LYCORIS, DType.F32), "lycoris_a.lokr_w1"))
        .isEqualTo(0.09375f);
  }
}
