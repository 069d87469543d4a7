package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.BrokenFile.entry;
import static radiata.safetensors.BrokenFile.refused;
import static radiata.safetensors.SafetensorsException.Kind.INVALID_OFFSET;
import static radiata.safetensors.SafetensorsException.Kind.METADATA_INCOMPLETE_BUFFER;
import static radiata.safetensors.SafetensorsException.Kind.MISALIGNED_SLICE;
import static radiata.safetensors.SafetensorsException.Kind.TENSOR_INVALID_INFO;
import static radiata.safetensors.SafetensorsException.Kind.VALIDATION_OVERFLOW;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.SafetensorsException.Kind;

/// The rules by which tensors fill the data section; the reference's outcome stands in each case.
class DataLayoutTest {
  @TempDir Path folder;

  static List<Arguments> layouts() {
    return List.of(
        layout("hole before the first", INVALID_OFFSET, 2, entry("x", "U8", "[1]", 1, 2)),
        layout("hole", INVALID_OFFSET, 3, entry("x", 1), entry("y", "U8", "[1]", 2, 3)),
        layout("overlap", INVALID_OFFSET, 3, entry("x", 2), entry("y", "U8", "[2]", 1, 3)),
        layout("same bytes", INVALID_OFFSET, 2, entry("x", 2), entry("y", 2)),
        layout("reversed", INVALID_OFFSET, 2, entry("x", 2), entry("y", "U8", "[1]", 2, 1)),
        layout("empty elsewhere", INVALID_OFFSET, 6, entry("x", "U8", "[0]", 5, 5), entry("y", 6)),
        layout("too short", TENSOR_INVALID_INFO, 1, entry("x", "F32", "[1]", 0, 1)),
        layout("too long", TENSOR_INVALID_INFO, 5, entry("x", "F32", "[1]", 0, 5)),
        layout("empty with bytes", TENSOR_INVALID_INFO, 1, entry("x", "F32", "[0]", 0, 1)),
        layout("scalar without bytes", TENSOR_INVALID_INFO, 0, entry("x", "U8", "[]", 0, 0)),
        layout("trailing bytes", METADATA_INCOMPLETE_BUFFER, 2, entry("x", 1)),
        layout("data without tensors", METADATA_INCOMPLETE_BUFFER, 1),
        layout("cut short", METADATA_INCOMPLETE_BUFFER, 1, entry("x", 2)),
        layout("F4 scalar", MISALIGNED_SLICE, 1, entry("x", "F4", "[]", 0, 1)),
        layout("F4 odd", MISALIGNED_SLICE, 2, entry("x", "F4", "[1,3]", 0, 2)),
        layout("F6 of 3", MISALIGNED_SLICE, 3, entry("x", "F6_E2M3", "[3]", 0, 3)),
        layout(
            "wraps to 0",
            VALIDATION_OVERFLOW,
            0,
            entry("x", "U8", "[4294967296,4294967296]", 0, 0)),
        layout(
            "overflows before its 0",
            VALIDATION_OVERFLOW,
            0,
            entry("x", "U8", "[9223372036854775807,4,0]", 0, 0)),
        layout(
            "bits overflow",
            VALIDATION_OVERFLOW,
            0,
            entry("x", "U8", "[2305843009213693952]", 0, 0)),
        layout(
            "dimension beyond 2^63-1",
            VALIDATION_OVERFLOW,
            0,
            entry("x", "U8", "[9223372036854775808,0]", 0, 0)));
  }

  private static Arguments layout(String name, Kind kind, int data, String... entries) {
    return Arguments.of(name, kind, data, "{" + String.join(",", entries) + "}");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("layouts")
  void refusesALayout(String name, Kind kind, int data, String header) throws IOException {
    SafetensorsException e = refused(write(BrokenFile.header(header).zeros(data)));
    assertThat(e.kind()).isEqualTo(kind);
    if (kind != METADATA_INCOMPLETE_BUFFER) {
      assertThat(e.tensor()).isNotNull();
      assertThat(e.getMessage()).contains("tensor \"" + e.tensor() + "\"");
    }
  }

  @Test
  void refusesOffsetsBeyondALong() throws IOException {
    String header =
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[18446744073709551615,0]}}";
    SafetensorsException e = refused(write(BrokenFile.header(header)));
    assertThat(e.kind()).isEqualTo(INVALID_OFFSET);
    assertThat(e.getMessage()).contains("2^63-1").contains("byte ");
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void knowsEveryDType(DType dtype) throws IOException {
    String header = "{" + entry("x", dtype.name(), "[2,4]", 0, dtype.bits()) + "}";
    try (SafetensorsFile file =
        SafetensorsFile.open(write(BrokenFile.header(header).zeros(dtype.bits())))) {
      assertThat(file.tensors())
          .containsExactly(new TensorInfo("x", dtype, Shape.of(2, 4), 0, dtype.bits()));
    }
  }

  @Test
  void acceptsPackedTypesThatFillTheirBytes() throws IOException {
    String header =
        "{" + entry("a", "F4", "[2]", 0, 1) + "," + entry("b", "F6_E3M2", "[2,2]", 1, 4) + "}";
    assertThat(names(header, 0, 0, 0, 0)).containsExactly("a", "b");
  }

  @Test
  void acceptsUnalignedTensorsInAnyOrderOfTheHeader() throws IOException {
    String header = "{" + entry("b", "F32", "[]", 1, 5) + "," + entry("a", 1) + "}";
    assertThat(names(header, 1, 2, 3, 4, 5)).containsExactly("a", "b");
  }

  @Test
  void ordersEmptyTensorsByTheBytesOfTheirNames() throws IOException {
    String header =
        "{"
            + entry("x", 1)
            + ","
            + entry("\ud800\udc00", 0)
            + ","
            + entry("\uffff", 0)
            + ","
            + entry("a.10", 0)
            + ","
            + entry("a.2", 0)
            + ","
            + entry("", 0)
            + "}";
    assertThat(names(header, 7)).containsExactly("", "a.10", "a.2", "\uffff", "\ud800\udc00", "x");
  }

  @Test
  void acceptsEmptyTensorsOfHugeOtherDimensions() throws IOException {
    String header =
        "{"
            + entry("x", "U8", "[9223372036854775807,0]", 0, 0)
            + ","
            + entry("y", "U8", "[4611686018427387904,2,0]", 0, 0)
            + "}";
    try (SafetensorsFile file = SafetensorsFile.open(write(BrokenFile.header(header)))) {
      assertThat(file.tensors()).allSatisfy(t -> assertThat(t.shape().elements()).isZero());
    }
  }

  private List<String> names(String header, int... data) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(write(BrokenFile.header(header).data(data)))) {
      return file.tensors().stream().map(TensorInfo::name).toList();
    }
  }

  private Path write(BrokenFile file) throws IOException {
    return file.write(folder.resolve("test.safetensors"));
  }
}
