package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;

/// One module, `W = [[1, 2], [3, 0]]`, `up = [[1], [2]]`, `down = [[0.5, 0.25]]`, so that `W + up ·
/// down = [[1.5, 2.25], [4, 0.5]]`.
class LoraByHandTest {
  private static final List<LoraByHand.Place> PLACES =
      List.of(new LoraByHand.Place("a.attn1.to_out.0", "w", 2, 2));

  @TempDir Path folder;
  private Path base;
  private Path adapter;

  @BeforeEach
  void write() throws IOException {
    base = file("base", Map.of("w", Shape.of(2, 2)), DType.F16, 1, 2, 3, 0);
    Map<String, Shape> factors = new LinkedHashMap<>();
    factors.put("a.attn1.processor.to_out_lora.down.weight", Shape.of(1, 2));
    factors.put("a.attn1.processor.to_out_lora.up.weight", Shape.of(2, 1));
    adapter = file("adapter", factors, DType.F32, 0.5f, 0.25f, 1, 2);
  }

  private Path file(String name, Map<String, Shape> shapes, DType dtype, float... values)
      throws IOException {
    Path path = folder.resolve(name + ".safetensors");
    Header header =
        Header.inOrder(
            shapes.entrySet().stream()
                .map(entry -> new TensorSpec(entry.getKey(), dtype, entry.getValue()))
                .toList(),
            Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, header, Replace.FORCE)) {
      int at = 0;
      for (TensorInfo tensor : header.tensors()) {
        int count = (int) tensor.shape().elements();
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) tensor.bytes()]);
        Narrow.fromFloats(values, at, count, dtype, bytes, 0);
        writer.write(tensor, 0, bytes);
        at += count;
      }
      writer.commit();
    }
    return path;
  }

  private LoraByHand.Outcome outcome(float... baked) throws IOException {
    Path file = file("baked", Map.of("w", Shape.of(2, 2)), DType.F16, baked);
    return LoraByHand.compare(PLACES, base, adapter, 1, file, 2);
  }

  @Test
  void findsTheRightNumbersEqual() throws IOException {
    assertThat(outcome(1.5f, 2.25f, 4, 0.5f)).isEqualTo(new LoraByHand.Outcome(1, 4, 4, 0));
  }

  @Test
  void allowsANeighbourAndNoMore() throws IOException {
    float step = 0x1p-10f;

    assertThat(outcome(1.5f + step, 2.25f, 4, 0.5f)).isEqualTo(new LoraByHand.Outcome(1, 4, 3, 0));
    assertThat(outcome(1.5f - 2 * step, 2.25f, 4, 0.5f))
        .isEqualTo(new LoraByHand.Outcome(1, 4, 3, 1));
  }

  @Test
  void findsEveryWrongNumber() throws IOException {
    assertThat(outcome(1, 2, 3, 0).beyond()).isEqualTo(4);
    assertThat(outcome(-1.5f, 2.25f, 4, 0.5f).beyond()).isEqualTo(1);
    assertThat(outcome(Float.NaN, Float.POSITIVE_INFINITY, 4, 0.5f).beyond()).isEqualTo(2);
  }

  @Test
  void namesAFactorOfAnotherShape() {
    assertThatThrownBy(() -> LoraByHand.compare(PLACES, base, adapter, 4, base, 1))
        .isInstanceOf(SafetensorsException.class)
        .hasMessage(
            "tensor a.attn1.processor.to_out_lora.up.weight: shape [2, 1], expected [2, 4]");
  }

  @Test
  void namesEveryFactorOfTheRealAdapter() throws IOException {
    DemoMaterial material = new DemoMaterial(Path.of(System.getProperty("radiata.testdata")));
    try (SafetensorsFile lora = SafetensorsFile.open(material.lora())) {
      List<String> named =
          LoraByHand.places(material.places()).stream()
              .flatMap(place -> List.of(place.factor("down"), place.factor("up")).stream())
              .toList();

      assertThat(lora.tensors()).extracting(TensorInfo::name).hasSameElementsAs(named);
    }
  }

  @Test
  void refusesALineThatIsNoPlace() throws IOException {
    Path list = Files.writeString(folder.resolve("places.tsv"), "# a\na\tb\t[320]\n");

    assertThatThrownBy(() -> LoraByHand.places(list))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("found 'a\tb\t[320]'");
  }
}
