package radiata.train.engine;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.Libtorch;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// libtorch in this process: it is started on first use, and makes tensors on one device.
///
/// One thread drives it: each thread that calls libtorch gets a team of threads of its own.
public final class Torch {
  private static final Map<Double, Tensor> NUMBERS = new HashMap<>();
  private static @Nullable String version;

  private final Device device;

  private Torch(Device device) {
    this.device = device;
  }

  /// Starts libtorch if need be.
  ///
  /// @throws TorchException if its libraries cannot be loaded
  public static synchronized Torch on(Device device) {
    if (version == null) {
      prepare();
      try {
        version = Libtorch.load();
      } catch (RuntimeException | LinkageError e) {
        throw new TorchException("libtorch cannot be loaded: " + reason(e), e);
      }
    }
    Libtorch.optimiseGraphs(false);
    return new Torch(device);
  }

  /// DJL is to fetch nothing and to tell nobody; what it unpacks goes to the user's cache. Loads
  /// nothing.
  static void prepare() {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    boolean named =
        Stream.of("ENGINE_CACHE_DIR", "DJL_CACHE_DIR")
            .anyMatch(name -> System.getProperty(name) != null || System.getenv(name) != null);
    if (!named) {
      String cache = System.getenv("XDG_CACHE_HOME");
      Path root =
          cache == null || cache.isEmpty()
              ? Path.of(System.getProperty("user.home"), ".cache")
              : Path.of(cache);
      System.setProperty("DJL_CACHE_DIR", root.resolve("radiata").resolve("libtorch").toString());
    }
  }

  /// A failure of libtorch as a user is told it; any other exception as it is.
  public static RuntimeException explained(RuntimeException failure) {
    if (!(failure instanceof EngineException)) {
      return failure;
    }
    String said = String.valueOf(failure.getMessage()).strip();
    String first = said.lines().findFirst().orElse(said);
    boolean memory = said.contains("allocate memory") || said.contains("out of memory");
    return new TorchException(
        memory
            ? "not enough memory for a step (%s); a smaller train_batch_size or resolution needs less, and gradient_checkpointing = true"
                .formatted(first)
            : "libtorch: " + first,
        failure);
  }

  private static String reason(Throwable e) {
    Throwable last = e;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    return String.valueOf(last.getMessage());
  }

  /// How many GPUs libtorch can use: none unless it was built for them.
  public static int gpus() {
    on(Device.CPU);
    return Libtorch.hasCuda() ? Libtorch.gpus() : 0;
  }

  /// The version of libtorch, once it has been started.
  public static synchronized String version() {
    if (version == null) {
      throw new IllegalStateException("libtorch has not been started");
    }
    return version;
  }

  /// How many threads one operation is spread over.
  public static void threads(int count) {
    Libtorch.threads(count);
  }

  public static int threads() {
    return Libtorch.threads();
  }

  public Device device() {
    return device;
  }

  public Tensor of(float[] values, long... shape) {
    ByteBuffer bytes = direct(4L * values.length);
    bytes.asFloatBuffer().put(values);
    return copied(bytes, DType.F32, shape);
  }

  public Tensor of(double[] values, long... shape) {
    ByteBuffer bytes = direct(8L * values.length);
    bytes.asDoubleBuffer().put(values);
    return copied(bytes, DType.F64, shape);
  }

  public Tensor of(long[] values, long... shape) {
    ByteBuffer bytes = direct(8L * values.length);
    bytes.asLongBuffer().put(values);
    return copied(bytes, DType.I64, shape);
  }

  private static ByteBuffer direct(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
  }

  private Tensor copied(ByteBuffer bytes, DType dtype, long... shape) {
    // The view is gone at once, and with it the only reader of Java's memory.
    long view = Libtorch.over(bytes, shape, DTypes.code(dtype), Device.CPU.code());
    try {
      long copy = Libtorch.empty(shape, DTypes.code(dtype), device.code());
      Tensor tensor = Scope.own(new Tensor(copy, null));
      Scripted.copyInto(copy, view);
      return tensor;
    } finally {
      Libtorch.delete(view);
      java.lang.ref.Reference.reachabilityFence(bytes);
    }
  }

  /// A tensor over a piece of a mapped file, read when it is used. On a GPU it is copied there.
  ///
  /// @param memory the bytes of the tensor, of less than 2 GiB; it must stay mapped as long as the
  ///   tensor and every graph it stands in live
  public Tensor over(MemorySegment memory, DType dtype, Shape shape) {
    boolean half = dtype == DType.BF16;
    ByteBuffer bytes = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    // DJL has no code for bfloat16: it is taken as float16, and its storage read as what it is.
    int code = DTypes.code(half ? DType.F16 : dtype);
    Tensor tensor =
        Scope.own(new Tensor(Libtorch.over(bytes, shape.dims(), code, device.code()), bytes));
    return half ? Scripted.reinterpreted(tensor, DType.BF16, bytes) : tensor;
  }

  /// A tensor of its own with the elements that lie in memory.
  public Tensor copy(MemorySegment memory, DType dtype, Shape shape) {
    try (Scope scope = Scope.open()) {
      return scope.keep(over(memory, dtype, shape).copied());
    }
  }

  public Tensor full(double value, DType dtype, long... shape) {
    if (dtype == DType.BF16) {
      return full(value, DType.F32, shape).cast(DType.BF16);
    }
    return Scope.own(
        new Tensor(Libtorch.full(shape, value, DTypes.code(dtype), device.code()), null));
  }

  public Tensor zeros(DType dtype, long... shape) {
    return full(0, dtype, shape);
  }

  /// Evenly spaced numbers in float32, on the processor (torch's `linspace`).
  public Tensor line(double from, double to, int count) {
    return Scripted.run(
        "linspace", Libtorch.value(from), Libtorch.value(to), Libtorch.value((long) count));
  }

  /// A number as an operand: of no dimension, in libtorch's own memory, and kept for the process.
  /// It takes on the dtype of what it meets.
  static synchronized Tensor number(double value) {
    return NUMBERS.computeIfAbsent(
        value,
        v ->
            new Tensor(
                Libtorch.full(new long[0], v, DTypes.code(DType.F64), Device.CPU.code()), null));
  }
}
