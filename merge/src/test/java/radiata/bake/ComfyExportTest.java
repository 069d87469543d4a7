package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.parity.ComfyExport;
import radiata.parity.ModuleParity;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;
import radiata.safetensors.provenance.Recipe;

/// Golden adapters made anew for ComfyUI: its arithmetic then bakes what the definition bakes of
/// the original.
class ComfyExportTest {
  /// What ComfyUI cannot be brought to compute, and why.
  private static final Map<String, String> IMPOSSIBLE =
      Map.of(
          "ia3", "does not read ia3",
          "ia3-linear", "does not read ia3",
          "tlora", "does not read tlora",
          "lokr-tucker", "Kronecker product",
          "extractor-sparse-bias", "sparse remainder",
          "oft-rescale", "rescale",
          "oft-constraint", "limits the rotation");

  private static final Set<String> REFUSED =
      Set.of(
          "peft-gpt2-lora",
          "peft-gpt2-dora",
          "peft-modules-to-save-and-bias",
          "peft-experts",
          "peft-experts-transposed");

  @TempDir Path folder;

  @TestFactory
  Stream<DynamicTest> theExportBakesInComfyUiWhatTheDefinitionBakesOfTheOriginal()
      throws IOException {
    return GoldenCase.all().stream()
        .filter(golden -> golden.adapters().size() == 1 && !golden.isRefused())
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> check(golden)));
  }

  private void check(GoldenCase golden) throws IOException {
    Path output = folder.resolve(golden.name() + ".safetensors");
    ComfyExport export;
    try {
      export = export(golden, output);
    } catch (AdapterException e) {
      assertThat(REFUSED).contains(golden.name());
      assertThat(e).hasMessageContaining("cannot be written as comfyui");
      return;
    }
    assertThat(REFUSED).doesNotContain(golden.name());
    String why = IMPOSSIBLE.get(golden.name());
    List<ModuleParity> left =
        export.check().modules().stream().filter(module -> !module.agrees()).toList();
    if (why != null) {
      assertThat(left)
          .isNotEmpty()
          .allSatisfy(module ->
              assertThat(module.departures().get("comfyui"))
                  .satisfies(departure ->
                      assertThat(String.join(", ", departure.because())).contains(why)));
      return;
    }
    assertThat(left).as("%s", left).isEmpty();
    Path wanted = folder.resolve(golden.name() + ".exact");
    Path got = folder.resolve(golden.name() + ".comfyui");
    bake(golden.base(), golden.adapters().getFirst(), Profiles.EXACT, wanted);
    bake(golden.base(), output, Profiles.COMFYUI, got);
    compare(wanted, got);
  }

  /// Of two that are read alike, one is rewritten: what ComfyUI reads as it is stays bit for bit.
  @Test
  void onlyWhatComfyUiReadsOtherwiseIsRewritten() throws IOException {
    Set<String> rewritten = new TreeSet<>();
    for (GoldenCase golden : GoldenCase.all()) {
      if (golden.adapters().size() == 1
          && !golden.isRefused()
          && !REFUSED.contains(golden.name())) {
        Path output = folder.resolve(golden.name() + "-new.safetensors");
        if (!export(golden, output).rewritten().isEmpty()) {
          rewritten.add(golden.name());
        }
      }
    }
    assertThat(rewritten)
        .contains(
            "aitoolkit-dora",
            "alpha-missing-or-zero",
            "dora-1d-scale",
            "dora-bf16-out",
            "dora-locon-in", // its layer with one output
            "dora-locon-out",
            "dora-loha-out",
            "dora-lokr-out",
            "peft-conv2d-dora",
            "peft-llama-dora",
            "sdxl-kohya-dora-out")
        .doesNotContain("locon-linear-conv2d", "loha", "dora-loha-in", "sd1-kohya-dora-in", "oft");
  }

  @Test
  void theFileSaysWhatItIsFor() throws IOException {
    GoldenCase golden =
        GoldenCase.all().stream()
            .filter(each -> each.name().equals("dora-locon-out"))
            .findFirst()
            .orElseThrow();
    Path output = folder.resolve("said.safetensors");
    export(golden, output);
    try (AdapterFile file = AdapterFile.open(output, Limits.DEFAULT, null)) {
      assertThat(file.writer()).isEqualTo("radiata");
      assertThat(file.metadata().get("radiata.for")).contains("ComfyUI at strength 1");
    }
  }

  private static ComfyExport export(GoldenCase golden, Path output) throws IOException {
    try (Checkpoint base = Checkpoint.open(golden.base(), Limits.DEFAULT);
        AdapterFile adapter =
            AdapterFile.open(golden.adapters().getFirst(), Limits.DEFAULT, null)) {
      ComfyExport export =
          ComfyExport.of(base, adapter, new ComfyExport.Request(false, false), 2, bytes -> {});
      new AdapterWriter(export.adapter(), adapter, new Recipe("parity", Map.of()), Optional.empty())
          .write(output, Replace.FORCE, bytes -> {});
      return export;
    }
  }

  private static void bake(Path base, Path adapter, Profile profile, Path output)
      throws IOException {
    Bakes.bake(base, List.of(adapter), List.of(1.0), profile, Optional.empty(), false, 1, output);
  }

  private static void compare(Path wanted, Path got) throws IOException {
    try (SafetensorsFile a = SafetensorsFile.open(wanted);
        SafetensorsFile b = SafetensorsFile.open(got)) {
      for (TensorInfo tensor : a.tensors()) {
        double rtol =
            tensor.dtype() == DType.F32 ? 1e-6 : tensor.dtype() == DType.F16 ? 0x1p-10 : 0x1p-7;
        double[] left = values(a, tensor);
        double[] right = values(b, b.tensor(tensor.name()).orElseThrow());
        for (int i = 0; i < left.length; i++) {
          assertThat(Math.abs(left[i] - right[i]))
              .as("%s[%d]: %s, %s", tensor.name(), i, left[i], right[i])
              .isLessThanOrEqualTo(rtol * Math.abs(left[i]) + 1e-9);
        }
      }
    }
  }

  private static double[] values(SafetensorsFile file, TensorInfo tensor) throws IOException {
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    if (!tensor.dtype().computable()) {
      return new double[0];
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, tensor.bytes())).asSlice(0, tensor.bytes());
      file.read(tensor, 0, bytes);
      Widen.toDoubles(bytes, 0, tensor.dtype(), values, 0, values.length);
    }
    return values;
  }
}
