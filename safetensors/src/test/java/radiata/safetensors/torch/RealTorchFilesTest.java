package radiata.safetensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Files that PyTorch 2.7.1 wrote, held against what the same Python wrote as safetensors.
class RealTorchFilesTest {
  private static final Path FILES = Path.of(System.getProperty("radiata.testdata"), "torch");
  private static final List<String> FEW =
      List.of("plain", "transposed", "first", "second", "bfloat16");

  @ParameterizedTest
  @ValueSource(
      strings = {"mixed.pt", "mixed-protocol-4.pt", "mixed-legacy.pt", "mixed-deflated.pt"})
  void everyTypeAndEveryViewIsWhatSafetensorsHolds(String name) throws IOException {
    try (TensorFile torch = open(name);
        TensorFile expected = SafetensorsFile.open(FILES.resolve("mixed.safetensors"))) {
      assertThat(torch.tensors())
          .extracting(TensorInfo::name)
          .containsExactlyInAnyOrderElementsOf(
              expected.tensors().stream().map(TensorInfo::name).toList());
      requireEqual(torch, expected);
      assertThat(torch.metadata()).containsEntry("format", "pt").hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"bare.pkl, 5", "lightning.ckpt, 5", "big-endian.pt, 6"})
  void theTensorsOfOtherFilesAreTheSame(String name, int count) throws IOException {
    try (TensorFile torch = open(name);
        TensorFile expected = SafetensorsFile.open(FILES.resolve("mixed.safetensors"))) {
      assertThat(torch.tensors()).hasSize(count);
      requireEqual(torch, expected);
    }
  }

  /// Bytes are asked for in pieces that begin and end inside an element.
  private static void requireEqual(TensorFile torch, TensorFile expected) throws IOException {
    for (TensorInfo tensor : torch.tensors()) {
      TensorInfo wanted = expected.tensor(tensor.name()).orElseThrow();
      assertThat(tensor.spec()).isEqualTo(wanted.spec());
      byte[] want = new byte[(int) wanted.bytes()];
      expected.read(wanted, 0, MemorySegment.ofArray(want));
      for (int piece : new int[] {3, 7, want.length}) {
        byte[] got = new byte[want.length];
        for (int at = 0; at < got.length; at += piece) {
          int length = Math.min(piece, got.length - at);
          torch.read(tensor, at, MemorySegment.ofArray(got).asSlice(at, length));
        }
        assertThat(got).as("%s in pieces of %d", tensor.name(), piece).isEqualTo(want);
      }
    }
  }

  @Test
  void whatIsNotWeightsIsListedAsLeftOut() throws IOException {
    try (TorchFile file = TorchFile.open(FILES.resolve("lightning.ckpt"), Limits.DEFAULT)) {
      assertThat(file.tensors())
          .extracting(TensorInfo::name)
          .containsExactlyInAnyOrderElementsOf(FEW);
      assertThat(file.leftOut())
          .contains(
              "\"epoch\": a number",
              "\"pytorch-lightning_version\": a text",
              "\"optimizer_states\": a list of 1",
              "\"loss\": an object of \"numpy._core.multiarray.scalar\"");
    }
  }

  @Test
  void anEmbeddingIsFlattened() throws IOException {
    try (TorchFile file = TorchFile.open(FILES.resolve("embedding.pt"), Limits.DEFAULT)) {
      assertThat(file.tensors()).extracting(TensorInfo::name).containsExactly("string_to_param.*");
      assertThat(file.leftOut()).contains("\"string_to_token.*\": a number", "\"name\": a text");
    }
  }

  @Test
  void plainTensorsAreReadWhereTheyLie() throws IOException {
    try (TensorFile file = open("mixed.pt")) {
      assertThat(file.position(file.tensor("plain").orElseThrow())).isPresent();
      assertThat(file.position(file.tensor("second").orElseThrow())).isPresent();
      assertThat(file.position(file.tensor("transposed").orElseThrow())).isEmpty();
    }
    try (TensorFile file = open("mixed-deflated.pt")) {
      assertThat(file.position(file.tensor("plain").orElseThrow())).isEmpty();
    }
    try (TensorFile file = open("big-endian.pt")) {
      assertThat(file.position(file.tensor("plain").orElseThrow())).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "module, UNSUPPORTED, a whole model instead of its weights",
    "torchscript, UNSUPPORTED, TorchScript",
    "quantised, UNSUPPORTED, quantised",
    "sparse, UNSUPPORTED, to_dense",
    "conjugated, UNSUPPORTED, conjugated",
    "complex128, UNSUPPORTED, complex128",
    "list, UNSUPPORTED, without names",
    "expanded, LIMIT, contiguous()",
    "os-system, FORBIDDEN_GLOBAL, posix.system",
    "os-system-legacy, FORBIDDEN_GLOBAL, posix.system"
  })
  void whatCannotBeReadIsRefusedInASentence(String name, Kind kind, String said) {
    Path file = FILES.resolve("refused-" + name + ".pt");
    SafetensorsException e =
        catchThrowableOfType(
            SafetensorsException.class, () -> TorchFile.open(file, Limits.DEFAULT).close());
    assertThat(e).isNotNull();
    assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind);
    assertThat(e.getMessage()).contains(said).doesNotContain("\n");
    assertThat(Path.of("radiata-was-attacked")).doesNotExist();
  }

  private static TensorFile open(String name) throws IOException {
    return TensorFile.open(FILES.resolve(name), Limits.DEFAULT);
  }
}
