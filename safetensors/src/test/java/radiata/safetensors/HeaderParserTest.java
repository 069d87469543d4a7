package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.BrokenFile.entry;
import static radiata.safetensors.BrokenFile.refused;
import static radiata.safetensors.SafetensorsException.Kind.DUPLICATE_NAME;
import static radiata.safetensors.SafetensorsException.Kind.HEADER_TOO_LARGE;
import static radiata.safetensors.SafetensorsException.Kind.HEADER_TOO_SMALL;
import static radiata.safetensors.SafetensorsException.Kind.INVALID_HEADER;
import static radiata.safetensors.SafetensorsException.Kind.INVALID_HEADER_DESERIALIZATION;
import static radiata.safetensors.SafetensorsException.Kind.INVALID_HEADER_LENGTH;
import static radiata.safetensors.SafetensorsException.Kind.LIMIT;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules of the header, one by one; the reference's outcome stands in each case.
class HeaderParserTest {
  @TempDir Path folder;

  static List<Arguments> headersThatAreNoHeader() {
    String x = "{\"x\":";
    return List.of(
        json("no object", "[]"),
        json("nothing", ""),
        json("spaces", "   "),
        json("not closed", "{"),
        json("trailing comma", "{" + entry("x", 0) + ",}"),
        json("trailing characters", "{}x"),
        json("two objects", "{}{}"),
        json("NUL padding", "{}\0\0"),
        json("NUL in front", "\0{}"),
        json("byte order mark", "\ufeff{}"),
        json("vertical tab as space", "{}\u000b"),
        json("single quotes", "{'x':{}}"),
        json("comment", "{/**/}"),
        json("unquoted name", "{x:{}}"),
        json("missing colon", "{\"x\" {}}"),
        json("entry null", x + "null}"),
        json("entry number", x + "1}"),
        json("entry as array", x + "[\"U8\",[1],[0,1]]}"),
        json("entry empty", x + "{}}"),
        json(
            "dtype as enum map",
            x + "{\"dtype\":{\"U8\":null},\"shape\":[0],\"data_offsets\":[0,0]}}"),
        json("dtype unknown", "{" + entry("x", "F12", "[0]", 0, 0) + "}"),
        json("dtype of wrong case", "{" + entry("x", "u8", "[0]", 0, 0) + "}"),
        json("dtype missing", x + "{\"shape\":[0],\"data_offsets\":[0,0]}}"),
        json("shape missing", x + "{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}"),
        json("offsets missing", x + "{\"dtype\":\"U8\",\"shape\":[0]}}"),
        json(
            "dtype twice",
            x + "{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
        json(
            "shape twice",
            x + "{\"dtype\":\"U8\",\"shape\":[0],\"sh\\u0061pe\":[0],\"data_offsets\":[0,0]}}"),
        json(
            "offsets twice",
            x + "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"data_offsets\":[0,0]}}"),
        json("one offset", x + "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0]}}"),
        json("three offsets", x + "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]}}"),
        json("offsets as object", x + "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":{}}}"),
        json("shape null", "{" + entry("x", "U8", "null", 0, 0) + "}"),
        json("metadata array", "{\"__metadata__\":[]}"),
        json("metadata number", "{\"__metadata__\":1}"),
        json("metadata string", "{\"__metadata__\":\"a\"}"),
        json("metadata nested", "{\"__metadata__\":{\"a\":{}}}"),
        json("metadata value null", "{\"__metadata__\":{\"a\":null}}"),
        json("metadata value number", "{\"__metadata__\":{\"a\":1}}"),
        json("metadata twice", "{\"__metadata__\":{},\"__metadat\\u0061__\":{}}"),
        json("metadata null and again", "{\"__metadata__\":null,\"__metadata__\":{}}"),
        json("raw control character", "{" + entry("a\u0001", 0) + "}"),
        json("raw line break", "{" + entry("a\n", 0) + "}"),
        json("bad escape", "{" + entry("\\x", 0) + "}"),
        json("short escape", "{" + entry("\\u12", 0) + "}"),
        json("lone high surrogate", "{" + entry("\\ud800", 0) + "}"),
        json("high surrogate and text", "{" + entry("\\ud800\\u0041", 0) + "}"),
        json("lone low surrogate", "{" + entry("\\udc00", 0) + "}"),
        json("lone surrogate in an unknown field", unknown("\"\\ud800\"")),
        json("NaN", unknown("NaN")),
        json("Infinity", unknown("-Infinity")),
        json("1e999", unknown("1e999")),
        json("01", unknown("01")),
        json("1.", unknown("1.")),
        json(".5", unknown(".5")),
        json("1e", unknown("1e")),
        json("+1", unknown("+1")),
        json("-", unknown("-")),
        json("tru", unknown("tru")),
        json("array with a hole", unknown("[1,,2]")),
        json("126 arrays", unknown("[".repeat(126) + "]".repeat(126))),
        json("100,000 arrays", unknown("[".repeat(100_000))),
        json("126 objects", unknown("{\"a\":".repeat(126) + "1" + "}".repeat(126))));
  }

  private static Arguments json(String name, String header) {
    return Arguments.of(name, header);
  }

  private static String unknown(String value) {
    return "{\"x\":{\"note\":" + value + ",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("headersThatAreNoHeader")
  void refusesWhatIsNoHeader(String name, String header) throws IOException {
    SafetensorsException e = refused(write(BrokenFile.header(header)));
    assertThat(e.kind()).isEqualTo(INVALID_HEADER_DESERIALIZATION);
    assertThat(e.getMessage()).startsWith("header, byte ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.0",
        "1e0",
        "1E2",
        "-1",
        "-0",
        "+1",
        "01",
        "00",
        "\"1\"",
        "true",
        "null",
        "[1]",
        "18446744073709551616",
        "99999999999999999999999999999999999999999",
        ""
      })
  void refusesWhatIsNoWholeNumber(String number) throws IOException {
    String offsets = "{\"x\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[%s,%s]}}";
    for (String header :
        List.of(
            offsets.formatted(number.isEmpty() ? "," : number, "0", "1"),
            offsets.formatted("1", number, "1"),
            offsets.formatted("1", "0", number))) {
      assertThat(refused(write(BrokenFile.header(header).data(0))).kind())
          .isEqualTo(INVALID_HEADER_DESERIALIZATION);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "\\u0061", "\\u006" + "1"})
  void refusesDuplicateNamesPlainAndEscaped(String second) throws IOException {
    String header = "{" + entry("a", 1) + "," + entry(second, 1) + "}";
    SafetensorsException e = refused(write(BrokenFile.header(header).data(7)));
    assertThat(e.kind()).isEqualTo(DUPLICATE_NAME);
    assertThat(e.tensor()).isEqualTo("a");
  }

  @Test
  void doesNotNormaliseNames() throws IOException {
    String header = "{" + entry("\u00e9", 0) + "," + entry("e\u0301", 0) + "}";
    assertThat(names(header)).containsExactly("e\u0301", "\u00e9");
  }

  @ParameterizedTest
  @ValueSource(longs = {100_000_001, Long.MAX_VALUE, Long.MIN_VALUE, -1, 0xffffff000000003cL})
  void refusesHeadersAboveTheCap(long length) throws IOException {
    assertThat(refused(write(BrokenFile.header("{}").length(length))).kind())
        .isEqualTo(HEADER_TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 1000, 99_999_992, 100_000_000})
  void refusesHeadersBeyondTheFile(long length) throws IOException {
    assertThat(refused(write(BrokenFile.header("{}").length(length))).kind())
        .isEqualTo(INVALID_HEADER_LENGTH);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void refusesFilesShorterThanALength(int size) throws IOException {
    for (String text : List.of("\0\0\0\0\0\0\0", "{\"a\":1}", "PK\3\4PK\3")) {
      Path file = Files.writeString(folder.resolve("short"), text.substring(0, size));
      assertThat(refused(file).kind()).isEqualTo(HEADER_TOO_SMALL);
    }
  }

  @Test
  void refusesAnEmptyHeader() throws IOException {
    assertThat(refused(Files.write(folder.resolve("zero"), new byte[8])).kind())
        .isEqualTo(INVALID_HEADER_DESERIALIZATION);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"\u00ff\":1}",
        "{\"\u00c0\u0080\":1}",
        "{\"\u00ed\u00a0\u0080\":1}",
        "\u00fe\u00ff\0{\0}"
      })
  void refusesWhatIsNotUtf8(String latin1) throws IOException {
    byte[] header = latin1.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(refused(write(BrokenFile.header(header))).kind()).isEqualTo(INVALID_HEADER);
  }

  @Test
  void refusesUtf16() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_16LE);
    assertThat(refused(write(BrokenFile.header(header))).kind())
        .isEqualTo(INVALID_HEADER_DESERIALIZATION);
  }

  @Test
  void saysUtf8BeforeJsonAndJsonBeforeLayout() throws IOException {
    byte[] both = "x\u00ff".getBytes(StandardCharsets.ISO_8859_1);
    assertThat(refused(write(BrokenFile.header(both))).kind()).isEqualTo(INVALID_HEADER);
    String overlapThenJunk = "{" + entry("x", 2) + "," + entry("y", 2) + ",";
    assertThat(refused(write(BrokenFile.header(overlapThenJunk).zeros(2))).kind())
        .isEqualTo(INVALID_HEADER_DESERIALIZATION);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", " {}", "\t\n\r {}", "{}\r \t\n", "{ \n}"})
  void acceptsSpacesOnBothSides(String header) throws IOException {
    assertThat(names(header)).isEmpty();
  }

  @Test
  void acceptsHostileNames() throws IOException {
    String header =
        "{"
            + entry("../../x", 0)
            + ","
            + entry("a\\u0000b", 0)
            + ","
            + entry("\\ud83d\\ude00", 0)
            + ","
            + entry("\\\"\\\\\\/\\b\\f\\n\\r\\t\u007f\u2028", 0)
            + "}";
    assertThat(names(header))
        .containsExactlyInAnyOrder(
            "../../x", "a\0b", "\ud83d\ude00", "\"\\/\b\f\n\r\t\u007f\u2028");
  }

  @Test
  void ignoresUnknownFields() throws IOException {
    for (String value :
        List.of(
            "null",
            "true",
            "false",
            "-0.5e+10",
            "0",
            "\"a\\nb\"",
            "{\"a\":[1,{}]}",
            "[]",
            "123456789012345678901234567890",
            "[".repeat(125) + "]".repeat(125))) {
      assertThat(names(unknown(value))).containsExactly("x");
    }
  }

  @Test
  void keepsMetadataInItsOrderAndTheLastOfTwo() throws IOException {
    String header =
        "{" + entry("x", 0) + ",\"__metadata__\":{\"b\":\"1\",\"a\":\"\\u00e4\",\"b\":\"2\"}}";
    try (SafetensorsFile file = SafetensorsFile.open(write(BrokenFile.header(header)))) {
      assertThat(file.metadata().toString()).isEqualTo("{b=2, a=\u00e4}");
    }
  }

  @Test
  void takesNullForNoMetadata() throws IOException {
    assertThat(names("{\"__metadata__\":null}")).isEmpty();
  }

  @Test
  void refusesMoreTensorsThanAllowedBeforeReadingOn() throws IOException {
    String header = "{" + entry("a", 0) + "," + entry("b", 0) + ", junk";
    Path file = write(BrokenFile.header(header));
    assertThat(refused(file, new Limits(1000, 1)).kind()).isEqualTo(LIMIT);
    assertThat(refused(file, new Limits(10, 9)).kind()).isEqualTo(LIMIT);
    assertThat(refused(file, new Limits(1000, 2)).kind()).isEqualTo(INVALID_HEADER_DESERIALIZATION);
  }

  @Test
  void refusesMoreMetadataThanAllowed() throws IOException {
    Path file = write(BrokenFile.header("{\"__metadata__\":{\"a\":\"\",\"b\":\"\"}}"));
    assertThat(refused(file, new Limits(1000, 1)).kind()).isEqualTo(LIMIT);
  }

  @Test
  void namesTheByteAndTheTensorOnOneCleanLine() throws IOException {
    Path file = write(BrokenFile.header("{\"a\\u001b[31m\":{\"dtype\":7}}"));
    assertThat(refused(file).getMessage())
        .isEqualTo(
            "header, byte 32 of the file, tensor \"a\\u001b[31m\": expected '\"' to open a dtype, found '7'");
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
