package radiata.safetensors;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// Reads the header of a file from its bytes, as strictly as the reference implementation
/// (safetensors 0.8.0, `tensor.rs`) and in its order: UTF-8, then JSON, then the layout of the
/// tensors ([DataLayout]). It is stricter in four points: a name may not stand twice, an entry must
/// be an object, a dtype must be a string, and dimensions and offsets end at 2^63-1.
final class HeaderParser {
  private static final String METADATA = "__metadata__";

  /// The reference gives up at a depth of 128; two levels are the header and the entry.
  private static final int NESTING = 125;

  /// What a header says.
  ///
  /// @param tensors in the order of their bytes
  record Parsed(
      List<TensorInfo> tensors, Map<String, TensorInfo> named, Map<String, String> metadata) {}

  private final Limits limits;
  private final JsonCursor json;
  private final Map<String, TensorInfo> named = new HashMap<>();
  private @Nullable Map<String, String> metadata;
  private boolean metadataSeen;
  private long[] dims = new long[8];

  private HeaderParser(Path file, byte[] header, Limits limits) {
    this.limits = limits;
    this.json = new JsonCursor(file, header);
  }

  /// @param dataBytes the length of the data section, all of which tensors must cover
  /// @throws SafetensorsException if the header breaks a rule or a limit
  static Parsed parse(Path file, byte[] header, long dataBytes, Limits limits) {
    requireUtf8(file, header);
    HeaderParser parser = new HeaderParser(file, header, limits);
    parser.header();
    List<TensorInfo> tensors =
        DataLayout.checked(file, parser.named.values(), 8 + header.length, dataBytes);
    Map<String, String> metadata = parser.metadata == null ? Map.of() : parser.metadata;
    return new Parsed(tensors, parser.named, Collections.unmodifiableMap(metadata));
  }

  private static void requireUtf8(Path file, byte[] header) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(header);
    CharBuffer sink = CharBuffer.allocate(8192);
    CoderResult result;
    do {
      sink.clear();
      result = decoder.decode(in, sink, true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw new SafetensorsException(
          Kind.INVALID_HEADER,
          file,
          null,
          "header, byte %d of the file: not valid UTF-8".formatted(8 + in.position()));
    }
  }

  private void header() {
    json.expect('{', "to open the header");
    if (!json.take('}')) {
      do {
        member();
      } while (json.take(','));
      json.expect('}', "to close the header");
    }
    json.expectEnd();
  }

  private void member() {
    String name = json.string("a tensor's name");
    json.expect(':', "behind a name");
    if (name.equals(METADATA)) {
      metadata();
      return;
    }
    if (named.size() == limits.tensors()) {
      throw json.error(
          Kind.LIMIT,
          "more than %,d tensors; raise the limit if the file can be trusted"
              .formatted(limits.tensors()));
    }
    json.within(name);
    if (named.putIfAbsent(name, entry(name)) != null) {
      throw json.error(Kind.DUPLICATE_NAME, "a second tensor of this name");
    }
    json.within(null);
  }

  private void metadata() {
    if (metadataSeen) {
      throw json.error("a second " + METADATA);
    }
    metadataSeen = true;
    if (json.takeNull()) {
      return;
    }
    Map<String, String> entries = new LinkedHashMap<>();
    json.expect('{', "to open " + METADATA);
    if (!json.take('}')) {
      do {
        String key = json.string("a metadata key");
        json.expect(':', "behind a metadata key");
        entries.put(key, json.string("a metadata value"));
        if (entries.size() > limits.tensors()) {
          throw json.error(
              Kind.LIMIT, "more than %,d metadata entries".formatted(limits.tensors()));
        }
      } while (json.take(','));
      json.expect('}', "to close " + METADATA);
    }
    metadata = entries;
  }

  private TensorInfo entry(String name) {
    json.expect('{', "to open an entry");
    DType dtype = null;
    Shape shape = null;
    long begin = -1;
    long end = -1;
    if (!json.take('}')) {
      do {
        String field = json.string("a field");
        json.expect(':', "behind a field's name");
        switch (field) {
          case "dtype" -> {
            once(dtype == null, field);
            dtype = dtype();
          }
          case "shape" -> {
            once(shape == null, field);
            shape = shape();
          }
          case "data_offsets" -> {
            once(begin < 0, field);
            json.expect('[', "to open data_offsets");
            begin = json.integer("the first of data_offsets", Kind.INVALID_OFFSET);
            json.expect(',', "between the two data_offsets");
            end = json.integer("the second of data_offsets", Kind.INVALID_OFFSET);
            json.expect(']', "behind the two data_offsets");
          }
          default -> json.skip(NESTING);
        }
      } while (json.take(','));
      json.expect('}', "to close an entry");
    }
    if (dtype == null || shape == null || begin < 0) {
      String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
      throw json.error("the entry has no " + missing);
    }
    return new TensorInfo(name, dtype, shape, begin, end);
  }

  private void once(boolean first, String field) {
    if (!first) {
      throw json.error("a second " + field);
    }
  }

  private DType dtype() {
    String name = json.string("a dtype");
    return DType.named(name).orElseThrow(() -> json.error("unknown dtype " + Quoted.of(name)));
  }

  private Shape shape() {
    json.expect('[', "to open a shape");
    int rank = 0;
    if (!json.take(']')) {
      do {
        if (rank == dims.length) {
          dims = Arrays.copyOf(dims, 2 * rank);
        }
        dims[rank++] = json.integer("a dimension", Kind.VALIDATION_OVERFLOW);
      } while (json.take(','));
      json.expect(']', "to close a shape");
    }
    return Shape.of(Arrays.copyOf(dims, rank));
  }
}
