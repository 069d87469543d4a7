package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.SafetensorsException.Kind;

class HeaderTest {
  private static String json(Header header) {
    byte[] bytes = header.bytes();
    assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong())
        .isEqualTo(bytes.length - 8)
        .isEqualTo(header.dataStart() - 8);
    assertThat(bytes.length % 8).isZero();
    return new String(bytes, 8, bytes.length - 8, StandardCharsets.UTF_8);
  }

  private static List<String> names(Header header) {
    return header.tensors().stream().map(TensorInfo::name).toList();
  }

  private static void refuses(Kind kind, String words, TensorSpec... specs) {
    assertThatThrownBy(() -> Header.canonical(List.of(specs), Map.of()))
        .isInstanceOfSatisfying(
            SafetensorsException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(words);
  }

  @Test
  void sortsAllDtypesAsTheReferenceDoes() {
    String reference =
        "U64 I64 F64 C64 F32 U32 I32 BF16 F16 U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3"
            + " F8_E5M2 I8 U8 F6_E3M2 F6_E2M3 F4 BOOL";
    List<TensorSpec> specs =
        new ArrayList<>(Stream.of(DType.values()).map(type -> spec("t" + type, type, 4)).toList());
    for (int seed = 0; seed < 20; seed++) {
      Collections.shuffle(specs, new Random(seed));
      assertThat(Header.canonical(specs, Map.of()).tensors())
          .extracting(tensor -> tensor.dtype().name())
          .containsExactly(reference.split(" "));
    }
  }

  @Test
  void sortsNamesByTheirUtf8Bytes() {
    List<String> names = List.of("", "a", "a.10", "a.2", "b", "\u00e9", "\uffff", "\ud800\udc00");
    List<TensorSpec> specs =
        new ArrayList<>(names.stream().map(name -> spec(name, DType.U8, 1)).toList());
    Collections.reverse(specs);
    assertThat(names(Header.canonical(specs, Map.of()))).isEqualTo(names);
  }

  @Test
  void sortsMetadataByTheirUtf8Bytes() {
    Header header =
        Header.canonical(List.of(), Map.of("\uffff", "1", "\ud800\udc00", "2", "a", "3"));
    assertThat(header.metadata().keySet()).containsExactly("a", "\uffff", "\ud800\udc00");
    assertThat(json(header)).startsWith("{\"__metadata__\":{\"a\":\"3\",\"\uffff\":\"1\",");
  }

  @Test
  void escapesAsTheReferenceDoes() {
    StringBuilder name = new StringBuilder();
    for (char c = 0; c < ' '; c++) {
      name.append(c);
    }
    name.append("\"\\/\u007f\u2028\ufeff\ud83d\ude00");
    String expected =
        "{\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"
            + "\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"
            + "\\u001b\\u001c\\u001d\\u001e\\u001f\\\"\\\\/\u007f\u2028\ufeff\ud83d\ude00\":{";
    assertThat(json(Header.canonical(List.of(spec(name.toString(), DType.U8, 1)), Map.of())))
        .startsWith(expected);
  }

  @Test
  void leavesOutEmptyMetadata() {
    Header header = Header.canonical(List.of(), Map.of());
    assertThat(json(header)).isEqualTo("{}      ");
    assertThat(header.fileBytes()).isEqualTo(16);
    assertThat(json(Header.canonical(List.of(), Map.of("framework", "pt")))).hasSize(40);
  }

  @ParameterizedTest
  @CsvSource({"attn.0, 64, '1,2,3'", "attn0, 72, '1,1,2,3'"})
  void padsToEightBytes(String name, int length, String dims) {
    long[] shape = Arrays.stream(dims.split(",")).mapToLong(Long::parseLong).toArray();
    assertThat(json(Header.canonical(List.of(spec(name, DType.F32, shape)), Map.of())))
        .hasSize(length);
  }

  @Test
  void keepsTheOrderGiven() {
    List<TensorSpec> specs = List.of(spec("b", DType.U8, 3), spec("a", DType.F32, 2));
    Header header = Header.inOrder(specs, Map.of());
    assertThat(names(header)).containsExactly("b", "a");
    assertThat(header.tensor("a")).hasValueSatisfying(a -> assertThat(a.begin()).isEqualTo(3));
    assertThat(header.tensor("c")).isEmpty();
    assertThat(header.dataBytes()).isEqualTo(11);
    assertThat(header.fileBytes()).isEqualTo(header.dataStart() + 11);
  }

  @Test
  void whatItWritesTheParserReads() {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      List<TensorSpec> specs = new ArrayList<>();
      for (int i = random.nextInt(12); i > 0; i--) {
        DType dtype = DType.values()[random.nextInt(DType.values().length)];
        long[] dims = random.longs(random.nextInt(4), 0, 4).toArray();
        dims = Arrays.copyOf(dims, dims.length + 1);
        dims[dims.length - 1] = 4L * random.nextInt(3);
        specs.add(spec(i + hostile(random), dtype, dims));
      }
      Map<String, String> metadata =
          random.nextBoolean() ? Map.of() : Map.of(hostile(random), hostile(random));
      Header header = Header.canonical(specs, metadata);
      byte[] json = Arrays.copyOfRange(header.bytes(), 8, (int) header.dataStart());
      HeaderParser.Parsed parsed =
          HeaderParser.parse(Path.of("x"), json, header.dataBytes(), Limits.DEFAULT);
      assertThat(parsed.named().values()).containsExactlyInAnyOrderElementsOf(header.tensors());
      assertThat(parsed.metadata()).isEqualTo(header.metadata());
    }
  }

  private static String hostile(Random random) {
    int[] points = {0, 8, 10, 31, '"', '\\', '/', 0x7f, 0x2028, 0xfeff, 0xffff, 0x10000, 0x1f600};
    return random
        .ints(random.nextInt(5), 0, points.length)
        .collect(StringBuilder::new, (s, i) -> s.appendCodePoint(points[i]), StringBuilder::append)
        .toString();
  }

  /// The reference has written these; with more than one key its order is random.
  @TestFactory
  List<DynamicTest> rebuildsTheHeadersOfRealFiles() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path file : Outputs.realFiles()) {
      try (SafetensorsFile open = SafetensorsFile.open(file);
          InputStream in = Files.newInputStream(file)) {
        if (open.metadata().size() <= 1) {
          byte[] bytes = in.readNBytes((int) open.dataStart());
          List<TensorSpec> specs = open.tensors().stream().map(TensorInfo::spec).toList();
          byte[] rebuilt = Header.canonical(specs, open.metadata()).bytes();
          tests.add(
              DynamicTest.dynamicTest(
                  "" + file.getFileName(), () -> assertThat(rebuilt).isEqualTo(bytes)));
        }
      }
    }
    assertThat(tests).hasSizeGreaterThan(3);
    return tests;
  }

  @Test
  void refusesTheNameOfTheMetadata() {
    refuses(Kind.INVALID_HEADER, "kept for the metadata", spec("__metadata__", DType.U8, 1));
  }

  @Test
  void refusesUnpairedSurrogates() {
    refuses(Kind.INVALID_HEADER, "unpaired surrogate", spec("a\ud800", DType.U8, 1));
    refuses(Kind.INVALID_HEADER, "unpaired surrogate", spec("\udc00\ud800", DType.U8, 1));
    assertThatThrownBy(() -> Header.canonical(List.of(), Map.of("k", "\udfff")))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContaining("metadata \"k\"");
  }

  @Test
  void refusesTwoTensorsOfOneName() {
    refuses(Kind.DUPLICATE_NAME, "\"a\"", spec("a", DType.U8, 1), spec("a", DType.F32, 1));
  }

  @Test
  void refusesSharedBytesAndOverflow() {
    refuses(Kind.MISALIGNED_SLICE, "12 bits", spec("a", DType.F4, 3));
    refuses(Kind.MISALIGNED_SLICE, "4 bits", spec("a", DType.F4));
    refuses(Kind.VALIDATION_OVERFLOW, "overflows", spec("a", DType.U8, 1L << 60));
    refuses(Kind.VALIDATION_OVERFLOW, "overflows", spec("a", DType.U8, 1L << 62, 2, 0));
    long most = 1L << 59;
    TensorSpec[] many = new TensorSpec[17];
    Arrays.setAll(many, i -> spec("t" + i, DType.U8, most));
    refuses(Kind.VALIDATION_OVERFLOW, "data section", many);
  }

  @Test
  void refusesAHeaderThatNobodyWouldRead() {
    String value = "x".repeat(100_000_000);
    assertThatThrownBy(() -> Header.canonical(List.of(), Map.of("k", value)))
        .isInstanceOfSatisfying(
            SafetensorsException.class, e -> assertThat(e.kind()).isEqualTo(Kind.HEADER_TOO_LARGE));
  }
}
