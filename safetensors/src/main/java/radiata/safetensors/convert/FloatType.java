package radiata.safetensors.convert;

import radiata.safetensors.DType;

/// The element types that can be computed with: what is left of [DType] once it has been checked,
/// so that each conversion is a switch over these six alone.
enum FloatType {
  F64(8, Double.MAX_VALUE),
  F32(4, Float.MAX_VALUE),
  F16(2, 65_504),
  BF16(2, 0x1.FEp127),
  F8_E4M3(1, 448),
  F8_E5M2(1, 57_344);

  /// Bytes of one element.
  final int bytes;

  /// The largest number.
  final double largest;

  FloatType(int bytes, double largest) {
    this.bytes = bytes;
    this.largest = largest;
  }

  /// @throws IllegalArgumentException for a type that holds no floats, or floats that no adapter
  ///   tool computes with
  static FloatType of(DType dtype) {
    return switch (dtype) {
      case F64 -> F64;
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
      case F8_E4M3 -> F8_E4M3;
      case F8_E5M2 -> F8_E5M2;
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
          throw new IllegalArgumentException(
              dtype + " cannot be computed with; F64, F32, F16, BF16, F8_E4M3 and F8_E5M2 can");
    };
  }
}
