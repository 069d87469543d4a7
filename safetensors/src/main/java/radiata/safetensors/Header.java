package radiata.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import radiata.safetensors.SafetensorsException.Kind;

/// A complete header before there is a file: every tensor has its place, every size is known.
/// Immutable. What cannot be written is refused here, before an output is opened; such an error
/// names `output` as its file.
public final class Header {
  private static final long CAP = 100_000_000;
  private static final Path OUTPUT = Path.of("output");
  private static final Comparator<TensorSpec> REFERENCE_ORDER =
      Comparator.comparing(TensorSpec::dtype)
          .reversed()
          .thenComparing(TensorSpec::name, Utf8Order::compare);

  private final List<TensorInfo> tensors;
  private final Map<String, TensorInfo> named;
  private final Map<String, String> metadata;
  private final byte[] bytes;
  private final long dataBytes;

  private Header(List<TensorSpec> specs, Map<String, String> metadata) {
    this.metadata = sorted(metadata);
    List<TensorInfo> placed = new ArrayList<>(specs.size());
    this.named = HashMap.newHashMap(specs.size());
    long at = 0;
    for (TensorSpec spec : specs) {
      requireName(spec.name());
      long end = at + bytes(spec);
      if (end < at) {
        throw error(Kind.VALIDATION_OVERFLOW, spec.name(), "the data section overflows 63 bits");
      }
      TensorInfo tensor = new TensorInfo(spec.name(), spec.dtype(), spec.shape(), at, end);
      if (named.put(spec.name(), tensor) != null) {
        throw error(Kind.DUPLICATE_NAME, spec.name(), "two tensors of this name");
      }
      placed.add(tensor);
      at = end;
    }
    this.tensors = Collections.unmodifiableList(placed);
    this.dataBytes = at;
    this.bytes = HeaderText.encode(tensors, this.metadata);
    if (bytes.length - Long.BYTES > CAP) {
      throw new SafetensorsException(
          Kind.HEADER_TOO_LARGE,
          OUTPUT,
          null,
          "a header of %,d bytes, at most 100,000,000 are allowed; shorten the metadata or split the file"
              .formatted(bytes.length - Long.BYTES));
    }
  }

  /// The header that the reference writes for these tensors (safetensors 0.8.0): by dtype, in
  /// descending order of [DType], then by name in the order of UTF-8 bytes. Keys of the metadata
  /// are sorted likewise, where the reference's order is random.
  ///
  /// @throws SafetensorsException if a name stands twice, is `__metadata__` or holds an unpaired
  ///   surrogate, if a size is no whole number of bytes or overflows, or if the header exceeds
  ///   100,000,000 bytes
  public static Header canonical(Collection<TensorSpec> specs, Map<String, String> metadata) {
    return new Header(specs.stream().sorted(REFERENCE_ORDER).toList(), metadata);
  }

  /// A header that keeps the order given, so that a file with other metadata keeps its data hash.
  ///
  /// @throws SafetensorsException as [#canonical] does
  public static Header inOrder(List<TensorSpec> specs, Map<String, String> metadata) {
    return new Header(specs, metadata);
  }

  /// The tensors in the order of their bytes.
  public List<TensorInfo> tensors() {
    return tensors;
  }

  public Optional<TensorInfo> tensor(String name) {
    return Optional.ofNullable(named.get(name));
  }

  /// The metadata, keys in the order of their UTF-8 bytes.
  public Map<String, String> metadata() {
    return metadata;
  }

  /// Where the data section starts in the file: `8 + N`.
  public long dataStart() {
    return bytes.length;
  }

  /// The length of the data section.
  public long dataBytes() {
    return dataBytes;
  }

  /// The length of the whole file.
  public long fileBytes() {
    return Math.addExact(bytes.length, dataBytes);
  }

  /// What stands before the data section: the length N and the N bytes of the header.
  public byte[] bytes() {
    return bytes.clone();
  }

  private static Map<String, String> sorted(Map<String, String> metadata) {
    Map<String, String> sorted = new TreeMap<>(Utf8Order::compare);
    metadata.forEach((key, value) -> {
      if (unpaired(key) || unpaired(value)) {
        throw new SafetensorsException(
            Kind.INVALID_HEADER,
            OUTPUT,
            null,
            "metadata %s holds an unpaired surrogate, which UTF-8 cannot express"
                .formatted(Quoted.of(key)));
      }
      sorted.put(key, value);
    });
    return Collections.unmodifiableMap(new LinkedHashMap<>(sorted));
  }

  private static void requireName(String name) {
    if (name.equals("__metadata__")) {
      throw error(Kind.INVALID_HEADER, name, "this name is kept for the metadata");
    }
    if (unpaired(name)) {
      throw error(Kind.INVALID_HEADER, name, "an unpaired surrogate, which UTF-8 cannot express");
    }
  }

  private static boolean unpaired(String text) {
    return text.codePoints()
        .anyMatch(p -> p >= Character.MIN_SURROGATE && p <= Character.MAX_SURROGATE);
  }

  /// The bytes of one tensor. The product goes left to right, as the reference's does, which
  /// overflows even where a dimension of 0 still follows.
  static long bytes(TensorSpec spec) {
    long bits = 1;
    try {
      for (int axis = 0; axis < spec.shape().rank(); axis++) {
        bits = Math.multiplyExact(bits, spec.shape().dim(axis));
      }
      bits = Math.multiplyExact(bits, (long) spec.dtype().bits());
    } catch (ArithmeticException e) {
      throw error(
          Kind.VALIDATION_OVERFLOW,
          spec.name(),
          "the size of %s %s overflows 63 bits".formatted(spec.dtype(), spec.shape()));
    }
    if (bits % Byte.SIZE != 0) {
      throw error(
          Kind.MISALIGNED_SLICE,
          spec.name(),
          "%s %s is %d bits, which is no whole number of bytes"
              .formatted(spec.dtype(), spec.shape(), bits));
    }
    return bits / Byte.SIZE;
  }

  private static SafetensorsException error(Kind kind, String tensor, String what) {
    return new SafetensorsException(
        kind, OUTPUT, tensor, "tensor " + Quoted.of(tensor) + ": " + what);
  }
}
