package radiata.safetensors.torch;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;

/// The type of the elements of a storage or tensor, by the names torch gives them (PyTorch 2.13,
/// `torch/storage.py` and the dtypes of `torch`).
///
/// @param name torch's name
/// @param bytes of one element; of a `float4_e2m1fn_x2`, which holds two numbers, one
/// @param dtype what it is in a safetensors file; null where there is nothing
record ElementType(String name, int bytes, @Nullable DType dtype) {
  private static final Map<String, ElementType> STORAGES =
      Map.ofEntries(
          of("DoubleStorage", "float64", DType.F64),
          of("FloatStorage", "float32", DType.F32),
          of("HalfStorage", "float16", DType.F16),
          of("BFloat16Storage", "bfloat16", DType.BF16),
          of("LongStorage", "int64", DType.I64),
          of("IntStorage", "int32", DType.I32),
          of("ShortStorage", "int16", DType.I16),
          of("CharStorage", "int8", DType.I8),
          of("ByteStorage", "uint8", DType.U8),
          of("BoolStorage", "bool", DType.BOOL),
          of("ComplexFloatStorage", "complex64", DType.C64),
          without("ComplexDoubleStorage", "complex128", 16),
          without("QInt8Storage", "qint8", 1),
          without("QUInt8Storage", "quint8", 1),
          without("QInt32Storage", "qint32", 4),
          without("QUInt4x2Storage", "quint4x2", 1),
          without("QUInt2x4Storage", "quint2x4", 1),
          of("UntypedStorage", "bytes", DType.U8));

  private static final Map<String, ElementType> DTYPES =
      Map.ofEntries(
          dtype("float64", DType.F64),
          dtype("double", DType.F64),
          dtype("float32", DType.F32),
          dtype("float", DType.F32),
          dtype("float16", DType.F16),
          dtype("half", DType.F16),
          dtype("bfloat16", DType.BF16),
          dtype("int64", DType.I64),
          dtype("long", DType.I64),
          dtype("int32", DType.I32),
          dtype("int", DType.I32),
          dtype("int16", DType.I16),
          dtype("short", DType.I16),
          dtype("int8", DType.I8),
          dtype("uint8", DType.U8),
          dtype("uint16", DType.U16),
          dtype("uint32", DType.U32),
          dtype("uint64", DType.U64),
          dtype("bool", DType.BOOL),
          dtype("complex64", DType.C64),
          dtype("cfloat", DType.C64),
          dtype("float8_e4m3fn", DType.F8_E4M3),
          dtype("float8_e5m2", DType.F8_E5M2),
          dtype("float8_e4m3fnuz", DType.F8_E4M3FNUZ),
          dtype("float8_e5m2fnuz", DType.F8_E5M2FNUZ),
          dtype("float8_e8m0fnu", DType.F8_E8M0),
          Map.entry("float4_e2m1fn_x2", new ElementType("float4_e2m1fn_x2", 1, DType.F4)),
          without("complex128", "complex128", 16),
          without("cdouble", "complex128", 16),
          without("complex32", "complex32", 4),
          without("chalf", "complex32", 4),
          without("qint8", "qint8", 1),
          without("quint8", "quint8", 1),
          without("qint32", "qint32", 4),
          without("quint4x2", "quint4x2", 1),
          without("quint2x4", "quint2x4", 1));

  /// The type of a storage class, such as `FloatStorage` of `torch`, `torch.cuda` or
  /// `torch.storage`.
  static Optional<ElementType> ofStorage(Value.Global global) {
    return switch (global.module()) {
      case "torch", "torch.cuda", "torch.storage" ->
          Optional.ofNullable(STORAGES.get(global.name()));
      default -> Optional.empty();
    };
  }

  /// The type that a name of `torch` stands for, such as `float16`.
  static Optional<ElementType> ofDtype(Value.Global global) {
    return global.module().equals("torch")
        ? Optional.ofNullable(DTYPES.get(global.name()))
        : Optional.empty();
  }

  /// Whether its numbers mean something only with a scale that is stored elsewhere.
  boolean quantised() {
    return name.startsWith("q");
  }

  /// How many bytes change places where the order of bytes is the other one.
  int swapped() {
    return dtype == DType.C64 ? bytes / 2 : bytes;
  }

  private static Map.Entry<String, ElementType> of(String storage, String name, DType dtype) {
    return Map.entry(storage, new ElementType(name, dtype.bytes(), dtype));
  }

  private static Map.Entry<String, ElementType> dtype(String name, DType dtype) {
    return of(name, name, dtype);
  }

  private static Map.Entry<String, ElementType> without(String key, String name, int bytes) {
    return Map.entry(key, new ElementType(name, bytes, null));
  }
}
