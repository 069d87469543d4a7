package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.cli.demo.SdShapedCheckpoint.Extent;
import radiata.names.BaseTensor;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

class SdShapedCheckpointTest {
  private static final DemoMaterial MATERIAL =
      new DemoMaterial(Path.of(System.getProperty("radiata.testdata")));

  @TempDir Path folder;

  @Test
  void hasTheSizeOfThePublishedCheckpointWhenFull() throws IOException {
    Header header = SdShapedCheckpoint.header(MATERIAL.keys(), Extent.FULL);

    // v1-5-pruned-emaonly in fp16: 859.5 M in the UNet, 123 M in CLIP, 83.7 M in the VAE.
    assertThat(header.dataBytes()).isBetween(2_132_000_000L, 2_133_000_000L);
    assertThat(header.tensor("model.diffusion_model.input_blocks.0.0.weight"))
        .map(TensorInfo::shape)
        .hasValue(Shape.of(320, 4, 3, 3));
    assertThat(header.tensors()).noneMatch(tensor -> tensor.name().startsWith("model_ema"));
  }

  @Test
  void hasEveryTensorThatTheAdapterChanges() throws IOException {
    Map<String, Shape> tensors =
        SdShapedCheckpoint.header(MATERIAL.keys(), Extent.ATTENTION).tensors().stream()
            .collect(Collectors.toMap(TensorInfo::name, TensorInfo::shape));

    assertThat(LoraByHand.places(MATERIAL.places()))
        .hasSize(128)
        .allSatisfy(place ->
            assertThat(tensors.get(place.tensor()))
                .isEqualTo(Shape.of(place.rows(), place.columns())));
    Set<Integer> ranks = tensors.values().stream().map(Shape::rank).collect(Collectors.toSet());
    assertThat(ranks).containsExactlyInAnyOrder(1, 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ATTENTION", "FULL"})
  void isTakenForStableDiffusionOne(Extent extent) throws IOException {
    Header header = SdShapedCheckpoint.header(MATERIAL.keys(), extent);

    assertThat(
            NameTable.of(
                    header.tensors().stream()
                        .map(tensor -> new BaseTensor("", tensor.name(), tensor.shape()))
                        .toList())
                .family())
        .isEqualTo(Family.SD1);
  }

  @Test
  void writesTheSameBytesAgain() throws IOException {
    Header header = small();
    SdShapedCheckpoint.write(header, folder.resolve("a.safetensors"));
    SdShapedCheckpoint.write(header, folder.resolve("b.safetensors"));

    assertThat(folder.resolve("a.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("b.safetensors"));
  }

  @Test
  void scattersWeightsAndCountsPositions() throws IOException {
    Path file = folder.resolve("a.safetensors");
    SdShapedCheckpoint.write(small(), file);

    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      float[] weights = Weights.floats(opened, opened.tensor("weight").orElseThrow());
      double mean = 0;
      double square = 0;
      for (float weight : weights) {
        assertThat(weight).isBetween(-0.05f, 0.05f);
        mean += weight / weights.length;
        square += weight * weight / weights.length;
      }
      assertThat(mean).isBetween(-1e-3, 1e-3);
      assertThat(Math.sqrt(square)).isBetween(0.028, 0.030);
      long[] positions = new long[5];
      opened.read(opened.tensor("positions").orElseThrow(), 0, MemorySegment.ofArray(positions));
      assertThat(positions).containsExactly(0, 1, 2, 3, 4);
    }
  }

  private static Header small() {
    return Header.canonical(
        List.of(
            new TensorSpec("weight", DType.F16, Shape.of(300, 500)),
            new TensorSpec("positions", DType.I64, Shape.of(1, 5))),
        Map.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\t[1]\tfloat32", "a\t[-1]\tfloat32\tvae", "a\t[1,]\tfloat32\tvae", "a"})
  void refusesALineThatIsNoTensor(String line) throws IOException {
    Path keys = Files.writeString(folder.resolve("keys.tsv"), "# a\n" + line + "\n");

    assertThatThrownBy(() -> SdShapedCheckpoint.header(keys, Extent.FULL))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("found '" + line + "'");
  }
}
