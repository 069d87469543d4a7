package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.names.BaseTensor;
import radiata.names.Dialect;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.provenance.Recipe;

/// Every golden adapter into every dialect that can hold it: baked exactly it gives what it gave
/// before, and converted back it is the same file again.
class ConvertedBakesTest {
  private static final List<Dialect> DIALECTS =
      Arrays.stream(Dialect.values()).filter(dialect -> dialect != Dialect.UNKNOWN).toList();

  /// Adapters under names that their dialect's programs read but do not write: diffusers' paths
  /// behind `diffusion_model.`.
  private static final List<String> FOREIGN_NAMES = List.of("dotted-comfy-lora");

  /// How many of the files each dialect holds, at least: a conversion that refused all would pass
  /// every single test.
  private static final Map<Dialect, Integer> HELD =
      Map.of(
          Dialect.KOHYA, 62,
          Dialect.KOHYA_DIFFUSERS, 65,
          Dialect.LYCORIS, 66,
          Dialect.DIFFUSERS, 23,
          Dialect.PEFT, 31,
          Dialect.COMFYUI, 62,
          Dialect.AITOOLKIT, 15);

  private static final Map<Dialect, Integer> WRITTEN = new EnumMap<>(Dialect.class);

  @TempDir Path folder;

  @AfterAll
  static void everyDialectHoldsWhatItCan() {
    HELD.forEach((dialect, least) ->
        assertThat(WRITTEN.getOrDefault(dialect, 0))
            .as("files written as " + dialect.id())
            .isGreaterThanOrEqualTo(least));
  }

  @TestFactory
  Stream<DynamicTest> aConvertedAdapterBakesTheSameAndComesBackBitForBit() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (GoldenCase golden : GoldenCase.all()) {
      if (golden.isRefused()) {
        continue;
      }
      for (Path adapter : golden.adapters()) {
        for (Dialect dialect : DIALECTS) {
          String name = golden.name() + "/" + adapter.getFileName() + " to " + dialect.id();
          tests.add(
              DynamicTest.dynamicTest(name, () -> check(golden.base(), adapter, dialect, name)));
        }
      }
    }
    return tests.stream();
  }

  private void check(Path base, Path adapter, Dialect dialect, String name) throws IOException {
    Path there = folder.resolve(name.replace('/', '_') + ".there");
    Path back = folder.resolve(name.replace('/', '_') + ".back");
    NameTable names = names(base);
    Dialect from;
    try (AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      from = file.dialect();
      if (!write(file, names, dialect, there)) {
        return;
      }
    }
    assertThat(bake(base, there)).as(name + ", baked").isEqualTo(bake(base, adapter));
    WRITTEN.merge(dialect, 1, Integer::sum);
    if (FOREIGN_NAMES.contains(base.getParent().getFileName().toString())) {
      return;
    }
    try (AdapterFile file = AdapterFile.open(there, Limits.DEFAULT, null)) {
      assertThat(write(file, names, from, back)).as(name).isTrue();
    }
    assertThat(tensors(weights(back))).as(name + " and back").isEqualTo(tensors(adapter));
  }

  private static Path weights(Path path) {
    Path inside = path.resolve("adapter_model.safetensors");
    return Files.exists(inside) ? inside : path;
  }

  /// @return false where the dialect cannot hold the file
  private static boolean write(AdapterFile file, NameTable names, Dialect to, Path output)
      throws IOException {
    Converted converted;
    try {
      converted = Conversion.of(file, names, new Conversion.Request(to, null, false));
    } catch (AdapterException e) {
      assertThat(e).hasMessageContaining("cannot be written as " + to.id());
      return false;
    }
    new AdapterWriter(converted, file, new Recipe("convert", Map.of()), Optional.empty())
        .write(output, Replace.REFUSE, bytes -> {});
    return true;
  }

  private static NameTable names(Path base) throws IOException {
    try (Checkpoint model = Checkpoint.open(base, Limits.DEFAULT)) {
      return NameTable.of(
          model.tensors().stream()
              .map(t -> new BaseTensor(t.component(), t.name(), t.info().shape()))
              .toList());
    }
  }

  private Map<String, List<Object>> bake(Path base, Path adapter) throws IOException {
    Path output = Files.createTempFile(folder, "baked", ".safetensors");
    Files.delete(output);
    Bakes.bake(
        base, List.of(adapter), List.of(0.7), Profiles.EXACT, Optional.empty(), false, 1, output);
    return tensors(output);
  }

  private static Map<String, List<Object>> tensors(Path path) throws IOException {
    Map<String, List<Object>> all = new TreeMap<>();
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined()) {
      for (TensorInfo tensor : file.tensors()) {
        MemorySegment bytes =
            arena.allocate(Math.max(1, tensor.bytes())).asSlice(0, tensor.bytes());
        file.read(tensor, 0, bytes);
        all.put(
            tensor.name(),
            List.of(
                tensor.dtype(),
                tensor.shape(),
                java.util.HexFormat.of()
                    .formatHex(bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))));
      }
    }
    return all;
  }
}
