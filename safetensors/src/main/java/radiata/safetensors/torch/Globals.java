package radiata.safetensors.torch;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// The names that a pickle may mention. An allow-list: what is not on it is refused, whatever the
/// pickle would do with it. Being on it never means that anything is loaded or called.
final class Globals {
  /// The class method that reads a storage out of bytes, where tensors were pickled without torch.
  static final String STORAGE_IN_BYTES = "torch.storage._load_from_bytes";

  /// Packages whose objects stand beside the weights in real checkpoints (Lightning's callbacks,
  /// configurations, numpy's scalars). They are passed over.
  private static final List<String> PASSED_PACKAGES =
      List.of(
          "pytorch_lightning.",
          "lightning.",
          "lightning_fabric.",
          "lightning_utilities.",
          "omegaconf.",
          "transformers.",
          "diffusers.",
          "peft.",
          "accelerate.",
          "torch.nn.modules.",
          "torch.nn.parameter.",
          "torch.optim.",
          "torch.distributions.");

  private static final Set<String> NUMPY_MODULES =
      Set.of(
          "numpy",
          "numpy.core.multiarray",
          "numpy._core.multiarray",
          "numpy.core.numeric",
          "numpy._core.numeric",
          "numpy.random._pickle");

  private static final Set<String> NUMPY =
      Set.of(
          "dtype",
          "ndarray",
          "scalar",
          "_reconstruct",
          "_frombuffer",
          "bool_",
          "float16",
          "float32",
          "float64",
          "int8",
          "int16",
          "int32",
          "int64",
          "uint8",
          "uint16",
          "uint32",
          "uint64",
          "__randomstate_ctor",
          "__bit_generator_ctor",
          "__generator_ctor");

  /// Plain classes of Python, under the module names of version 2 and 3.
  private static final Set<String> BUILTINS =
      Set.of(
          "set",
          "frozenset",
          "bytearray",
          "bytes",
          "complex",
          "slice",
          "range",
          "object",
          "int",
          "float",
          "bool",
          "str",
          "list",
          "dict",
          "tuple",
          "long",
          "unicode");

  private static final Map<String, Set<String>> PASSED =
      Map.ofEntries(
          Map.entry("builtins", BUILTINS),
          Map.entry("__builtin__", BUILTINS),
          Map.entry("_codecs", Set.of("encode")),
          Map.entry("copyreg", Set.of("_reconstructor")),
          Map.entry("copy_reg", Set.of("_reconstructor")),
          Map.entry("collections", Set.of("deque", "OrderedDict", "defaultdict", "Counter")),
          Map.entry("argparse", Set.of("Namespace")),
          Map.entry("types", Set.of("SimpleNamespace")),
          Map.entry("typing", Set.of("Any", "Union", "Optional", "List", "Dict", "Tuple")),
          Map.entry("datetime", Set.of("datetime", "date", "time", "timedelta", "timezone")),
          Map.entry(
              "pathlib",
              Set.of("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
          Map.entry("pathlib._local", Set.of("PosixPath", "WindowsPath")),
          Map.entry("decimal", Set.of("Decimal")),
          Map.entry("fractions", Set.of("Fraction")),
          Map.entry("uuid", Set.of("UUID")),
          Map.entry("easydict", Set.of("EasyDict")),
          Map.entry("addict.addict", Set.of("Dict")),
          Map.entry("yacs.config", Set.of("CfgNode")),
          Map.entry("torch.serialization", Set.of("_get_layout")),
          Map.entry(
              "torch",
              Set.of(
                  "device",
                  "strided",
                  "sparse_coo",
                  "Generator",
                  "Tensor",
                  "per_tensor_affine",
                  "per_tensor_symmetric",
                  "per_channel_affine",
                  "per_channel_affine_float_qparams")),
          Map.entry("torch.torch_version", Set.of("TorchVersion")),
          Map.entry("torch._tensor", Set.of("_rebuild_from_type_v2")));

  private Globals() {}

  static boolean allowed(Value.Global global) {
    return Rebuild.knows(global)
        || global.full().equals(STORAGE_IN_BYTES)
        || ElementType.ofStorage(global).isPresent()
        || ElementType.ofDtype(global).isPresent()
        || PASSED.getOrDefault(global.module(), Set.of()).contains(global.name())
        || (NUMPY_MODULES.contains(global.module()) && NUMPY.contains(global.name()))
        || passedPackage(global);
  }

  /// A class of such a package; a dotted name would reach into whatever the module has imported.
  private static boolean passedPackage(Value.Global global) {
    return !global.name().contains(".")
        && PASSED_PACKAGES.stream().anyMatch((global.module() + ".")::startsWith);
  }

  /// Dicts of Python, which a pickle makes by calling their class.
  static boolean isDict(Value.Global global) {
    return global.module().equals("collections")
        && Set.of("OrderedDict", "defaultdict", "Counter").contains(global.name());
  }
}
