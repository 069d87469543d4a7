package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Shape;

/// The key lists of whole checkpoints, made by others.
class KeyListTest {
  @Test
  void findsTheTargetsOfRealSd15AttentionAdapters() throws IOException {
    NameTable table = NameTable.of(KeyLists.base("sdmecha__sd1-ldm.tsv"));
    List<String[]> expected = KeyLists.rows("expected_targets_sd15_attn.tsv");
    assertThat(expected).hasSize(128);
    for (String[] row : expected) {
      for (String name : spellings(row[0])) {
        Located module = table.find(name).orElseThrow(() -> new AssertionError(name));
        assertThat(module.weight()).as(name).isEqualTo(new Target("", row[1], null, false));
        assertThat(module.path()).isEqualTo(row[0]);
      }
    }
  }

  /// One UNet module as every program writes it.
  private static List<String> spellings(String path) {
    String old = path.replace("attn1.", "attn1.processor.").replace("attn2.", "attn2.processor.");
    return List.of(
        "lora_unet_" + path.replace('.', '_'),
        "lycoris_" + path.replace('.', '_'),
        "unet." + path,
        "unet." + path.replace("to_out.0", "to_out"),
        "unet." + old.replace("to_out.0", "to_out") + "_lora",
        old.replace("to_out.0", "to_out") + "_lora",
        "base_model.model." + path,
        "base_model.model.unet." + path + ".base_layer",
        "unet.base_model.model." + path,
        path);
  }

  @ParameterizedTest
  @CsvSource({"sdmecha__sd1-ldm.tsv, SD1, 1130, 701", "sdmecha__sdxl-sgm.tsv, SDXL, 2513, 18"})
  void knowsWhatEveryTensorOfACheckpointIs(String list, Family family, int modules, int copied)
      throws IOException {
    List<BaseTensor> base = KeyLists.base(list);
    NameTable table = NameTable.of(base);
    assertThat(table.family()).isEqualTo(family);
    Map<TensorKind, Integer> kinds = new TreeMap<>();
    base.forEach(tensor -> kinds.merge(table.kind(tensor), 1, Integer::sum));
    assertThat(kinds).isEqualTo(Map.of(TensorKind.MODULE, modules, TensorKind.COPIED, copied));
  }

  @ParameterizedTest
  @CsvSource({
    "sdmecha__sd1-kohya.tsv, sdmecha__sd1-ldm.tsv",
    "sdmecha__sdxl-kohya.tsv, sdmecha__sdxl-sgm.tsv",
    "sdmecha__sdxl-kohya_but_diffusers.tsv, sdmecha__sdxl-sgm.tsv"
  })
  void resolvesKohyaNamesOfWholeModels(String names, String base) throws IOException {
    NameTable table = NameTable.of(KeyLists.base(base));
    List<String> modules =
        KeyLists.rows(names).stream()
            .map(row -> row[0])
            .filter(key -> key.endsWith(".weight"))
            .map(key -> key.substring(0, key.length() - ".weight".length()))
            .toList();
    assertThat(modules).hasSizeGreaterThan(500);
    for (String module : modules) {
      String name =
          module.startsWith("unet.") || module.startsWith("te")
              ? "lora_" + module.replace('.', '_')
              : module;
      assertThat(table.find(name)).as(name).isPresent();
    }
  }

  /// The union of keys that an inspector saw in real files: LoRA, LoHa, LoKr and OFT of SD1 and
  /// SDXL.
  @Test
  void resolvesTheKeysOfManyRealAdapters() throws IOException {
    NameTable sd1 = NameTable.of(Family.SD1);
    NameTable sdxl = NameTable.of(Family.SDXL);
    List<String> modules =
        KeyLists.rows("lorainspector__keys_union.tsv").stream()
            .map(row -> row[0].substring(0, row[0].indexOf('.')))
            .distinct()
            .toList();
    assertThat(modules).hasSizeGreaterThan(1000);
    assertThat(modules)
        .allSatisfy(name ->
            assertThat(sd1.find(name).isPresent() || sdxl.find(name).isPresent())
                .as(name)
                .isTrue());
  }

  @Test
  void resolvesARealFileInDiffusersOldSpelling() throws IOException {
    Path file =
        KeyLists.TESTDATA.resolve(
            "real/files/catundchat+stable-diffusion-v1.5-lora__pytorch_lora_weights.safetensors");
    NameTable table = NameTable.of(Family.SD1);
    Map<String, Shape> widths = new TreeMap<>();
    for (BaseTensor tensor : KeyLists.header(file)) {
      String name = tensor.name().replaceAll("\\.(up|down)\\.weight$", "");
      assertThat(table.find(name)).as(name).isPresent();
      if (tensor.name().endsWith("down.weight")) {
        widths.put(name, tensor.shape());
      }
    }
    assertThat(widths).hasSize(128);
    assertThat(Families.guess(widths.keySet(), widths::get)).isEqualTo(Family.SD1);
  }
}
