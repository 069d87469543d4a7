package ai.djl.pytorch.jni;

import ai.djl.engine.Engine;
import ai.djl.util.cuda.CudaUtils;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/// The native functions of DJL's PyTorch engine on plain handles, as `radiata.train.engine` needs
/// them. It stands in this package because DJL keeps them package-private (DJL 0.36.0
/// `PyTorchLibrary`, the same in 0.32.0); it adds nothing to them.
///
/// A handle is an `at::Tensor*`, freed by [#delete] alone. Every function may throw
/// `ai.djl.engine.EngineException` with libtorch's text.
public final class Libtorch {
  private static final int DENSE = 0;
  private static final int CHUNK = 1 << 20;

  private Libtorch() {}

  /// Loads the native libraries.
  ///
  /// @return the version of libtorch
  public static String load() {
    return Engine.getEngine("PyTorch").getVersion();
  }

  /// Whether the libraries that were loaded can use a GPU.
  public static boolean hasCuda() {
    Set<String> features = new HashSet<>();
    PyTorchLibrary.LIB.torchShowConfig(features);
    return features.contains("CUDA");
  }

  /// The GPUs that the system shows to programs with the CUDA toolkit.
  public static int gpus() {
    return CudaUtils.getGpuCount();
  }

  public static long empty(long[] shape, int dtype, int[] device) {
    return PyTorchLibrary.LIB.torchEmpty(shape, dtype, DENSE, device, false);
  }

  public static long full(long[] shape, double value, int dtype, int[] device) {
    return PyTorchLibrary.LIB.torchFull(shape, value, dtype, DENSE, device, false);
  }

  /// A tensor over the memory of a direct buffer, which must outlive it; on a GPU a copy.
  public static long over(ByteBuffer memory, long[] shape, int dtype, int[] device) {
    return PyTorchLibrary.LIB.torchFromBlob(memory, shape, dtype, DENSE, device, false);
  }

  public static long onesLike(long tensor) {
    return PyTorchLibrary.LIB.torchOnesLike(
        tensor,
        PyTorchLibrary.LIB.torchDType(tensor),
        DENSE,
        PyTorchLibrary.LIB.torchDevice(tensor),
        false);
  }

  public static void delete(long tensor) {
    PyTorchLibrary.LIB.torchDeleteTensor(tensor);
  }

  public static long[] sizes(long tensor) {
    return PyTorchLibrary.LIB.torchSizes(tensor);
  }

  public static int dtype(long tensor) {
    return PyTorchLibrary.LIB.torchDType(tensor);
  }

  /// The bytes of a tensor, copied to the host.
  public static byte[] bytes(long tensor) {
    return PyTorchLibrary.LIB.torchDataPtr(tensor);
  }

  /// The memory of a contiguous tensor on the host, of less than 2 GiB; gone with the tensor.
  public static ByteBuffer memory(long tensor) {
    return PyTorchLibrary.LIB.torchDirectByteBuffer(tensor);
  }

  public static boolean contiguous(long tensor) {
    return PyTorchLibrary.LIB.torchIsContiguous(tensor);
  }

  /// A copy of another dtype or on another device; cut off from the graph.
  public static long to(long tensor, int dtype, int[] device) {
    return PyTorchLibrary.LIB.torchTo(tensor, dtype, device);
  }

  public static long add(long a, long b) {
    return PyTorchLibrary.LIB.torchAdd(a, b);
  }

  public static void addInPlace(long a, long b) {
    PyTorchLibrary.LIB.torchAddi(a, b);
  }

  public static long subtract(long a, long b) {
    return PyTorchLibrary.LIB.torchSub(a, b);
  }

  public static long multiply(long a, long b) {
    return PyTorchLibrary.LIB.torchMul(a, b);
  }

  public static void multiplyInPlace(long a, long b) {
    PyTorchLibrary.LIB.torchMuli(a, b);
  }

  public static long divide(long a, long b) {
    return PyTorchLibrary.LIB.torchTrueDivide(a, b);
  }

  public static long matmul(long a, long b) {
    return PyTorchLibrary.LIB.torchMatmul(a, b);
  }

  public static long reshape(long x, long[] shape) {
    return PyTorchLibrary.LIB.torchReshape(x, shape);
  }

  public static long permute(long x, long[] axes) {
    return PyTorchLibrary.LIB.torchPermute(x, axes);
  }

  public static long cat(long[] tensors, long axis) {
    return PyTorchLibrary.LIB.torchCat(tensors, axis);
  }

  public static long slice(long x, long axis, long start, long end) {
    return PyTorchLibrary.LIB.torchSlice(x, axis, start, end, 1);
  }

  public static long sum(long x) {
    return PyTorchLibrary.LIB.torchSum(x);
  }

  public static long sum(long x, long[] axes, boolean keep) {
    return PyTorchLibrary.LIB.torchSum(x, axes, keep);
  }

  public static long mean(long x) {
    return PyTorchLibrary.LIB.torchMean(x);
  }

  public static long square(long x) {
    return PyTorchLibrary.LIB.torchSquare(x);
  }

  public static long root(long x) {
    return PyTorchLibrary.LIB.torchSqrt(x);
  }

  public static long exp(long x) {
    return PyTorchLibrary.LIB.torchExp(x);
  }

  public static long sin(long x) {
    return PyTorchLibrary.LIB.torchSin(x);
  }

  public static long cos(long x) {
    return PyTorchLibrary.LIB.torchCos(x);
  }

  public static long negative(long x) {
    return PyTorchLibrary.LIB.torchNeg(x);
  }

  /// `x @ weight^T + bias`.
  ///
  /// @param bias 0 for none
  public static long linear(long x, long weight, long bias) {
    return PyTorchLibrary.LIB.torchNNLinear(x, weight, bias);
  }

  /// A convolution over two dimensions.
  ///
  /// @param bias 0 for none
  public static long convolve(
      long x, long weight, long bias, long[] stride, long[] padding, long[] dilation) {
    return PyTorchLibrary.LIB.torchNNConvNd(x, weight, bias, stride, padding, dilation, 1);
  }

  /// Nearest neighbours to a new size of the last two dimensions.
  public static long nearest(long x, long[] size) {
    return PyTorchLibrary.LIB.torchNNInterpolate(x, size, 0, false);
  }

  public static long embedding(long ids, long weight) {
    return PyTorchLibrary.LIB.torchNNEmbedding(ids, weight, false);
  }

  public static long layerNorm(long x, long[] shape, long weight, long bias, double epsilon) {
    return PyTorchLibrary.LIB.torchNNLayerNorm(x, shape, weight, bias, epsilon);
  }

  public static long gelu(long x) {
    return PyTorchLibrary.LIB.torchNNGelu(x);
  }

  public static boolean requiresGradient(long tensor) {
    return PyTorchLibrary.LIB.torchRequiresGrad(tensor);
  }

  public static void requireGradient(long tensor, boolean requires) {
    PyTorchLibrary.LIB.torchAttachGrad(tensor, requires);
  }

  /// The gradient of a leaf, a new handle; 0 where there is none.
  public static long gradient(long tensor) {
    return PyTorchLibrary.LIB.torchGrad(tensor);
  }

  public static void zeroGradient(long tensor) {
    PyTorchLibrary.LIB.zeroGrad(tensor);
  }

  public static long detach(long tensor) {
    return PyTorchLibrary.LIB.torchDetachGrad(tensor);
  }

  public static void backward(long tensor, long upstream, boolean keepGraph) {
    PyTorchLibrary.LIB.torchBackward(tensor, upstream, keepGraph, false);
  }

  public static boolean recording() {
    return PyTorchLibrary.LIB.torchIsGradMode();
  }

  public static void record(boolean on) {
    PyTorchLibrary.LIB.torchSetGradMode(on);
  }

  public static void threads(int count) {
    PyTorchLibrary.LIB.torchSetNumThreads(count);
  }

  public static int threads() {
    return PyTorchLibrary.LIB.torchGetNumThreads();
  }

  /// A TorchScript module; it stays for the life of the process.
  public static long module(InputStream archive, int[] device) {
    return PyTorchLibrary.LIB.moduleLoad(archive, device, false, new byte[CHUNK], -1);
  }

  /// Whether TorchScript rewrites graphs it has seen a few times; for the calling thread.
  public static void optimiseGraphs(boolean on) {
    PyTorchLibrary.LIB.setGraphExecutorOptimize(on);
  }

  /// Runs a method of a module under the thread's gradient mode.
  ///
  /// @param values handles of IValues, which stay the caller's
  /// @return a handle of an IValue
  public static long run(long module, String method, long[] values) {
    return PyTorchLibrary.LIB.moduleRunMethod(module, method, values, true, false);
  }

  public static long value(boolean value) {
    return PyTorchLibrary.LIB.iValueFromBool(value);
  }

  public static long value(long value) {
    return PyTorchLibrary.LIB.iValueFromLong(value);
  }

  public static long value(double value) {
    return PyTorchLibrary.LIB.iValueFromDouble(value);
  }

  public static long value(long... values) {
    return PyTorchLibrary.LIB.iValueFromLongList(values);
  }

  public static long tensorValue(long tensor) {
    return PyTorchLibrary.LIB.iValueFromTensor(tensor);
  }

  public static long tensorListValue(long[] tensors) {
    return PyTorchLibrary.LIB.iValueFromTensorList(tensors);
  }

  /// The tensor in an IValue, a new handle.
  public static long tensor(long value) {
    return PyTorchLibrary.LIB.iValueToTensor(value);
  }

  public static void deleteValue(long value) {
    PyTorchLibrary.LIB.torchDeleteIValue(value);
  }
}
