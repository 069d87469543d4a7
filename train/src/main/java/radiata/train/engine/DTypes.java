package radiata.train.engine;

import radiata.safetensors.DType;

/// The numbers by which DJL and libtorch know dtypes.
final class DTypes {
  private static final DType[] BY_CODE = {
    DType.F32,
    DType.F64,
    DType.F16,
    DType.U8,
    DType.I32,
    DType.I8,
    DType.I64,
    DType.BOOL,
    DType.C64,
    // DJL calls all others unknown; of those only this one is ever made here.
    DType.BF16
  };

  private DTypes() {}

  /// DJL's code (DJL 0.36.0 `DataType`, in its order). There is none for bfloat16.
  static int code(DType dtype) {
    for (int i = 0; i < BY_CODE.length - 1; i++) {
      if (BY_CODE[i] == dtype) {
        return i;
      }
    }
    throw new TorchException("tensors of " + dtype + " cannot be handed to libtorch");
  }

  static DType of(int code) {
    return BY_CODE[Math.min(code, BY_CODE.length - 1)];
  }

  /// libtorch's own number (`c10/core/ScalarType.h`), as TorchScript takes it.
  static long scalarType(DType dtype) {
    return switch (dtype) {
      case U8 -> 0;
      case I8 -> 1;
      case I16 -> 2;
      case I32 -> 3;
      case I64 -> 4;
      case F16 -> 5;
      case F32 -> 6;
      case F64 -> 7;
      case C64 -> 9;
      case BOOL -> 11;
      case BF16 -> 15;
      case F8_E5M2 -> 23;
      case F8_E4M3 -> 24;
      case F8_E5M2FNUZ -> 25;
      case F8_E4M3FNUZ -> 26;
      case U16 -> 27;
      case U32 -> 28;
      case U64 -> 29;
      case F4, F6_E2M3, F6_E3M2, F8_E8M0 ->
          throw new TorchException("libtorch has no dtype " + dtype);
    };
  }
}
