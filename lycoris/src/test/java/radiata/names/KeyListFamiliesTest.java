package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.names.KeyLists.part;
import static radiata.names.KeyLists.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Shape;

/// Every key list is told for what it is, and no key of it is left over.
class KeyListFamiliesTest {
  private static final Map<String, Family> MODELS =
      Map.ofEntries(
          Map.entry("sdmecha__sd1-ldm.tsv", Family.SD1),
          Map.entry("sdmecha__sdxl-sgm.tsv", Family.SDXL),
          Map.entry("sdmecha__sdxl-diffusers_unet_only.tsv", Family.SDXL),
          Map.entry("sdmecha__sd3-comfyui.tsv", Family.SD3),
          Map.entry("sdmecha__flux-flux.tsv", Family.FLUX),
          Map.entry("invokeai__flux2_transformer_bfl_keys.tsv", Family.FLUX2),
          Map.entry("invokeai__z_image_transformer_comfyui_keys.tsv", Family.Z_IMAGE),
          Map.entry("invokeai__anima_comfyui_keys.tsv", Family.ANIMA),
          Map.entry("invokeai__qwen_vl_encoder_comfyui_keys.tsv", Family.QWEN2),
          // An autoencoder, control networks and image prompts: no family that adapters are for.
          Map.entry("invokeai__flux2_vae_bfl_keys.tsv", Family.GENERIC),
          Map.entry(
              "invokeai__instantx_flux_controlnet_state_dict__instantx_sd_shapes.tsv",
              Family.GENERIC),
          Map.entry(
              "invokeai__xlabs_flux_controlnet_state_dict__xlabs_sd_shapes.tsv", Family.GENERIC),
          Map.entry(
              "invokeai__xlabs_flux_ip_adapter_state_dict__xlabs_flux_ip_adapter_sd_shapes.tsv",
              Family.GENERIC),
          Map.entry(
              "invokeai__xlabs_flux_ip_adapter_v2_state_dict__xlabs_flux_ip_adapter_v2_sd_shapes.tsv",
              Family.GENERIC));

  private static final Map<String, Family> ADAPTERS =
      Map.ofEntries(
          Map.entry("sdmecha__sd1-kohya.tsv", Family.SD1),
          Map.entry("sdmecha__sdxl-kohya.tsv", Family.SDXL),
          Map.entry("sdmecha__sdxl-kohya_but_diffusers.tsv", Family.SDXL),
          Map.entry("lorainspector__keys_union.tsv", Family.SDXL),
          Map.entry("invokeai__flux_lora_kohya_format.tsv", Family.FLUX),
          Map.entry("invokeai__flux_lora_diffusers_format.tsv", Family.FLUX),
          Map.entry("invokeai__flux_lora_xlabs_format.tsv", Family.FLUX),
          Map.entry("invokeai__flux_dora_onetrainer_format.tsv", Family.FLUX),
          Map.entry("invokeai__flux_lokr_bfl_format.tsv", Family.FLUX),
          Map.entry("invokeai__anima_lora_kohya_format.tsv", Family.ANIMA),
          Map.entry("invokeai__anima_lora_kohya_with_te_format.tsv", Family.ANIMA),
          Map.entry("invokeai__anima_lora_lokr_format.tsv", Family.ANIMA),
          // Two projections of an attention, as any of several transformers names them.
          Map.entry("invokeai__qwen_image_lora_diffusers_format.tsv", Family.GENERIC));

  /// No tensors: a configuration, and a list of places.
  private static final Set<String> OTHERS =
      Set.of(
          "invokeai__instantx_flux_controlnet_state_dict__instantx_config.tsv",
          "expected_targets_sd15_attn.tsv");

  @Test
  void everyListIsLookedAt() throws IOException {
    Set<String> known = new TreeSet<>(MODELS.keySet());
    known.addAll(ADAPTERS.keySet());
    known.addAll(OTHERS);
    try (Stream<Path> files = Files.list(KeyLists.TESTDATA.resolve("real/keys"))) {
      assertThat(files.map(file -> file.getFileName().toString()).filter(n -> n.endsWith(".tsv")))
          .containsExactlyInAnyOrderElementsOf(known);
    }
  }

  @Test
  void noTensorOfAModelIsUnknown() throws IOException {
    for (Map.Entry<String, Family> model : MODELS.entrySet()) {
      List<BaseTensor> base = KeyLists.base(model.getKey());
      NameTable table = NameTable.of(base);
      assertThat(table.family()).as(model.getKey()).isEqualTo(model.getValue());
      assertThat(base)
          .as(model.getKey())
          .allSatisfy(tensor ->
              assertThat(table.kind(tensor)).as(tensor.name()).isNotEqualTo(TensorKind.UNKNOWN));
    }
  }

  @Test
  void theFamilyOfAnAdapterIsToldFromItsNames() throws IOException {
    for (Map.Entry<String, Family> adapter : ADAPTERS.entrySet()) {
      assertThat(Families.guess(modules(adapter.getKey()), name -> Shape.SCALAR))
          .as(adapter.getKey())
          .isEqualTo(adapter.getValue());
    }
  }

  private static Set<String> modules(String list) throws IOException {
    return KeyLists.rows(list).stream()
        .map(row -> row[0])
        .map(key ->
            key.replaceAll(
                "\\.(lora_(up|down|A|B)\\.weight|(up|down)\\.weight|lokr_w\\d|alpha|dora_scale"
                    + "|hada_\\w+|oft_\\w+|lora_\\w+|weight|bias)$",
                ""))
        .map(key -> key.startsWith("unet.") || key.startsWith("te") ? "lora_" + key : key)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /// FLUX with the names that diffusers gives its parts, from the rules.
  private static List<BaseTensor> diffusersFlux() {
    List<BaseTensor> base = new ArrayList<>();
    for (ModuleNames module : Families.modules(Family.FLUX)) {
      if (module.parts().isEmpty()) {
        String component =
            switch (module.role()) {
              case UNET -> "transformer";
              case TEXT_ENCODER -> "text_encoder";
              case TEXT_ENCODER_3 -> "text_encoder_2";
              case VAE -> "vae";
              case TEXT_ENCODER_2, OTHER -> throw new AssertionError(module.path());
            };
        base.add(part(component, module.diffusersWeight(), 3072, 3072));
      }
    }
    return base;
  }

  @ParameterizedTest
  @CsvSource({
    "invokeai__flux_lora_kohya_format.tsv, 304",
    "invokeai__flux_dora_onetrainer_format.tsv, 506",
    "invokeai__flux_lora_diffusers_format.tsv, 494",
    "invokeai__flux_lora_xlabs_format.tsv, 12",
    "invokeai__flux_lokr_bfl_format.tsv, 6"
  })
  void everyModuleOfAFluxAdapterIsInBothLayouts(String list, int count) throws IOException {
    Set<String> modules = modules(list);
    assertThat(modules).hasSize(count);
    NameTable fused = NameTable.of(KeyLists.base("sdmecha__flux-flux.tsv"));
    NameTable split = NameTable.of(diffusersFlux());
    assertThat(split.family()).isEqualTo(Family.FLUX);
    for (String name : modules) {
      assertThat(fused.find(name)).as(name).isPresent();
      assertThat(split.find(name)).as(name).isPresent();
    }
  }

  @Test
  void theMagnitudesOfARealFluxDoraLieAlongTheInputOfTheirRows() throws IOException {
    List<BaseTensor> base = KeyLists.base("sdmecha__flux-flux.tsv");
    NameTable table = NameTable.of(base);
    Map<String, Shape> shapes =
        base.stream().collect(Collectors.toMap(BaseTensor::name, BaseTensor::shape));
    Map<String, Shape> factors = new HashMap<>();
    for (BaseTensor tensor : KeyLists.base("invokeai__flux_dora_onetrainer_format.tsv")) {
      factors.put(tensor.name(), tensor.shape());
    }
    int magnitudes = 0;
    for (String name : modules("invokeai__flux_dora_onetrainer_format.tsv")) {
      Target weight = table.find(name).orElseThrow().weight();
      Shape stored = shapes.get(weight.tensor());
      long rows = weight.rows() instanceof Rows run ? run.count() : stored.dim(0);
      assertThat(factors.get(name + ".dora_scale")).as(name).isEqualTo(Shape.of(1, stored.dim(1)));
      assertThat(factors.get(name + ".lora_up.weight").dim(0)).as(name).isEqualTo(rows);
      magnitudes++;
    }
    assertThat(magnitudes).isEqualTo(506);
  }

  @Test
  void animaAndItsTextEncoderAreFoundUnderKohyasNames() throws IOException {
    List<BaseTensor> base = new ArrayList<>(KeyLists.base("invokeai__anima_comfyui_keys.tsv"));
    for (String name :
        List.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj")) {
      base.add(part("text_encoder", "model.layers.0." + name + ".weight", 4, 4));
    }
    NameTable table = NameTable.of(base);
    for (String list :
        List.of(
            "invokeai__anima_lora_kohya_format.tsv",
            "invokeai__anima_lora_kohya_with_te_format.tsv",
            "invokeai__anima_lora_lokr_format.tsv")) {
      for (String name : modules(list)) {
        Located module = table.find(name).orElseThrow(() -> new AssertionError(name));
        assertThat(module.role())
            .isEqualTo(name.startsWith("lora_te") ? Role.TEXT_ENCODER : Role.UNET);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"''", "transformer.", "model.diffusion_model."})
  void qwenImageIsFoundByItsOwnNames(String prefix) throws IOException {
    Set<String> modules = modules("invokeai__qwen_image_lora_diffusers_format.tsv");
    List<BaseTensor> base = new ArrayList<>();
    modules.forEach(module -> base.add(tensor(prefix + module + ".weight", 3072, 3072)));
    base.add(tensor(prefix + "transformer_blocks.0.img_mod.1.weight", 4, 4));
    NameTable table = NameTable.of(base);
    assertThat(table.family()).isEqualTo(Family.QWEN_IMAGE);
    for (String module : modules) {
      for (String wrapper :
          List.of(
              "",
              "transformer.",
              "diffusion_model.",
              "lora_unet_",
              "lora_transformer_",
              "lycoris_")) {
        String name = wrapper.endsWith("_") ? wrapper + module.replace('.', '_') : wrapper + module;
        assertThat(table.find(name)).as(name).isPresent();
      }
    }
  }
}
