package radiata.safetensors;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The element types of the container, in the order of the reference implementation (safetensors
/// 0.8.0, `tensor.rs`): the writer sorts by this order, descending.
public enum DType {
  BOOL(8),
  F4(4),
  F6_E2M3(6),
  F6_E3M2(6),
  U8(8),
  I8(8),
  F8_E5M2(8),
  F8_E4M3(8),
  F8_E8M0(8),
  F8_E4M3FNUZ(8),
  F8_E5M2FNUZ(8),
  I16(16),
  U16(16),
  F16(16),
  BF16(16),
  I32(32),
  U32(32),
  F32(32),
  C64(64),
  F64(64),
  I64(64),
  U64(64);

  private static final Map<String, DType> BY_NAME = new HashMap<>();

  static {
    for (DType type : values()) {
      BY_NAME.put(type.name(), type);
    }
  }

  private final int bits;

  DType(int bits) {
    this.bits = bits;
  }

  /// Bits of one element; below 8 for the packed types.
  public int bits() {
    return bits;
  }

  /// Bytes of one element of a type that is not packed.
  ///
  /// @throws IllegalStateException for F4 and F6, whose elements share bytes
  public int bytes() {
    if (bits < 8) {
      throw new IllegalStateException(this + " is packed: " + bits + " bits an element");
    }
    return bits / 8;
  }

  /// Whether adapters can change tensors of this type: the floating types that
  /// [radiata.safetensors.convert] widens and narrows.
  public boolean computable() {
    return switch (this) {
      case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 -> true;
      case BOOL,
          F4,
          F6_E2M3,
          F6_E3M2,
          U8,
          I8,
          F8_E8M0,
          F8_E4M3FNUZ,
          F8_E5M2FNUZ,
          I16,
          U16,
          I32,
          U32,
          C64,
          I64,
          U64 ->
          false;
    };
  }

  /// The type of that name as it stands in a header (case matters).
  public static Optional<DType> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }
}
