package radiata.train.engine;

import ai.djl.pytorch.jni.Libtorch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// A tensor of libtorch. Every operation makes a new one, owned by the innermost [Scope], unless
/// its name says "in place". There is none with a Java number in a Java buffer as an operand: DJL's
/// own give wrong gradients once the garbage collector has been at work.
public final class Tensor {
  private long handle;
  // What its elements lie in, if that is Java's.
  private final @Nullable Object memory;

  Tensor(long handle, @Nullable Object memory) {
    this.handle = handle;
    this.memory = memory;
  }

  long handle() {
    if (handle == 0) {
      throw new IllegalStateException("this tensor's scope has been closed");
    }
    return handle;
  }

  void free() {
    if (handle != 0) {
      Libtorch.delete(handle);
      handle = 0;
    }
  }

  private static Tensor own(long handle) {
    return Scope.own(new Tensor(handle, null));
  }

  // A view shares the memory of what it is a view of, and keeps it.
  private Tensor view(long handle) {
    return Scope.own(new Tensor(handle, memory));
  }

  private static long value(Tensor tensor) {
    return Scripted.value(tensor);
  }

  public Shape shape() {
    return Shape.of(Libtorch.sizes(handle()));
  }

  public long size(int axis) {
    long[] sizes = Libtorch.sizes(handle());
    return sizes[axis < 0 ? sizes.length + axis : axis];
  }

  public int rank() {
    return Libtorch.sizes(handle()).length;
  }

  public DType dtype() {
    return DTypes.of(Libtorch.dtype(handle()));
  }

  // Arithmetic.

  public Tensor plus(Tensor other) {
    return own(Libtorch.add(handle(), other.handle()));
  }

  public Tensor minus(Tensor other) {
    return own(Libtorch.subtract(handle(), other.handle()));
  }

  public Tensor times(Tensor other) {
    return own(Libtorch.multiply(handle(), other.handle()));
  }

  public Tensor over(Tensor other) {
    return own(Libtorch.divide(handle(), other.handle()));
  }

  public Tensor plus(double number) {
    return number == 0 ? this : plus(Torch.number(number));
  }

  public Tensor times(double number) {
    return number == 1 ? this : times(Torch.number(number));
  }

  /// `this + a * b`.
  public Tensor plusProduct(Tensor a, Tensor b) {
    return Scripted.run("addcmul", value(this), value(a), value(b));
  }

  public Tensor negative() {
    return own(Libtorch.negative(handle()));
  }

  public Tensor square() {
    return own(Libtorch.square(handle()));
  }

  public Tensor reciprocal() {
    return Scripted.run("reciprocal", value(this));
  }

  public Tensor root() {
    return own(Libtorch.root(handle()));
  }

  public Tensor exp() {
    return own(Libtorch.exp(handle()));
  }

  public Tensor sin() {
    return own(Libtorch.sin(handle()));
  }

  public Tensor cos() {
    return own(Libtorch.cos(handle()));
  }

  public Tensor atLeast(double least) {
    return Scripted.run("clamp_min", value(this), Libtorch.value(least));
  }

  public Tensor clamp(double least, double most) {
    return Scripted.run("clamp", value(this), Libtorch.value(least), Libtorch.value(most));
  }

  public Tensor sum() {
    return own(Libtorch.sum(handle()));
  }

  /// The sum over some axes, which stay with size 1.
  public Tensor sum(long... axes) {
    return own(Libtorch.sum(handle(), axes, true));
  }

  public Tensor mean() {
    return own(Libtorch.mean(handle()));
  }

  public Tensor matmul(Tensor other) {
    return own(Libtorch.matmul(handle(), other.handle()));
  }

  // Shape.

  public Tensor reshape(long... shape) {
    return view(Libtorch.reshape(handle(), shape));
  }

  public Tensor reshape(Shape shape) {
    return reshape(shape.dims());
  }

  public Tensor permute(long... axes) {
    return view(Libtorch.permute(handle(), axes));
  }

  public Tensor transposed() {
    int rank = rank();
    long[] axes = new long[rank];
    for (int i = 0; i < rank; i++) {
      axes[i] = i;
    }
    axes[rank - 1] = rank - 2L;
    axes[rank - 2] = rank - 1L;
    return permute(axes);
  }

  public Tensor slice(int axis, long start, long end) {
    return view(Libtorch.slice(handle(), axis, start, end));
  }

  public static Tensor cat(int axis, List<Tensor> tensors) {
    return own(Libtorch.cat(Scripted.handles(tensors), axis));
  }

  public Tensor contiguous() {
    return Libtorch.contiguous(handle()) ? this : Scripted.run("contiguous", value(this));
  }

  /// Zeros around the last dimensions.
  ///
  /// @param by before and after, the last dimension first
  public Tensor pad(long... by) {
    return Scripted.run("pad", value(this), Libtorch.value(by));
  }

  // Networks.

  /// `x @ weight^T + bias`.
  public Tensor linear(Tensor weight, @Nullable Tensor bias) {
    return own(Libtorch.linear(handle(), weight.handle(), bias == null ? 0 : bias.handle()));
  }

  /// A convolution over height and width: `[batch, in, height, width]` by `[out, in, kh, kw]`.
  public Tensor convolve(Tensor weight, @Nullable Tensor bias, Convolution how) {
    return own(
        Libtorch.convolve(
            handle(),
            weight.handle(),
            bias == null ? 0 : bias.handle(),
            new long[] {how.stride(), how.stride()},
            new long[] {how.padding(), how.padding()},
            new long[] {1, 1}));
  }

  /// Nearest neighbours to a height and width.
  public Tensor nearest(long height, long width) {
    return own(Libtorch.nearest(handle(), new long[] {height, width}));
  }

  public Tensor embed(Tensor weight) {
    return own(Libtorch.embedding(handle(), weight.handle()));
  }

  public Tensor layerNorm(Tensor weight, Tensor bias, double epsilon) {
    return own(
        Libtorch.layerNorm(
            handle(), new long[] {size(-1)}, weight.handle(), bias.handle(), epsilon));
  }

  public Tensor groupNorm(int groups, Tensor weight, Tensor bias, double epsilon) {
    return Scripted.run(
        "group_norm",
        value(this),
        Libtorch.value((long) groups),
        value(weight),
        value(bias),
        Libtorch.value(epsilon));
  }

  public Tensor rmsNorm(Tensor weight, double epsilon) {
    return Scripted.run("rms_norm", value(this), value(weight), Libtorch.value(epsilon));
  }

  public Tensor silu() {
    return Scripted.run("silu", value(this));
  }

  public Tensor gelu() {
    return own(Libtorch.gelu(handle()));
  }

  public Tensor geluTanh() {
    return Scripted.run("gelu_tanh", value(this));
  }

  public Tensor quickGelu() {
    return Scripted.run("quick_gelu", value(this));
  }

  /// The first half of the last dimension times the GELU of the second.
  public Tensor geglu() {
    return Scripted.run("geglu", value(this));
  }

  /// The SiLU of this times another.
  public Tensor swiglu(Tensor up) {
    return Scripted.run("swiglu", value(this), value(up));
  }

  /// Attention of `[batch, heads, tokens, width]`, scaled by the root of the width.
  public Tensor attend(Tensor keys, Tensor values, boolean causal) {
    return Scripted.run(
        "attention", value(this), value(keys), value(values), Libtorch.value(causal));
  }

  /// Attention with a mask that is added to the scores.
  public Tensor attend(Tensor keys, Tensor values, Tensor mask) {
    return Scripted.run("masked_attention", value(this), value(keys), value(values), value(mask));
  }

  /// Rotary positions on the halves of the last dimension.
  public Tensor rotate(Tensor cos, Tensor sin) {
    return Scripted.run("rotate", value(this), value(cos), value(sin));
  }

  /// Each head of `[batch, heads, tokens, width]` several times in a row.
  public Tensor repeatHeads(int times) {
    return times == 1
        ? this
        : Scripted.run("repeat_heads", value(this), Libtorch.value((long) times));
  }

  /// The summed cross entropy of `[n, classes]`; labels of -100 are not counted.
  public Tensor crossEntropy(Tensor labels) {
    return Scripted.run("cross_entropy", value(this), value(labels));
  }

  public Tensor argmax() {
    return Scripted.run("argmax", value(this));
  }

  /// Of `[batch, tokens, width]` the token at the given place of each sample.
  public Tensor select(Tensor places) {
    return Scripted.run("select", value(this), value(places));
  }

  // Dtypes and gradients.

  /// In another dtype, seen by the graph.
  public Tensor cast(DType dtype) {
    return dtype() == dtype
        ? this
        : Scripted.run("cast", value(this), Libtorch.value(DTypes.scalarType(dtype)));
  }

  /// The same elements, cut off from the graph.
  public Tensor detached() {
    return view(Libtorch.detach(handle()));
  }

  /// The same elements in memory of their own, cut off from the graph.
  public Tensor copied() {
    try (Gradients.Pause _ = Gradients.pause()) {
      return Scripted.run("copied", value(this));
    }
  }

  /// Makes this a leaf whose gradient is kept.
  public Tensor trained() {
    Libtorch.requireGradient(handle(), true);
    return this;
  }

  /// Whether this is such a leaf, or was made of one while gradients were recorded. DJL's own
  /// answer is true of leaves only.
  public boolean isTrained() {
    try (Scope _ = Scope.open()) {
      return Libtorch.bytes(Scripted.run("in_graph", value(this)).handle())[0] != 0;
    }
  }

  /// The gradient of a leaf; empty before a backward pass reached it.
  public Optional<Tensor> gradient() {
    long gradient = Libtorch.gradient(handle());
    return gradient == 0 ? Optional.empty() : Optional.of(own(gradient));
  }

  public void clearGradient() {
    Libtorch.zeroGradient(handle());
  }

  /// Runs the graph backwards from this number, and frees it.
  public void backward() {
    long one = Libtorch.onesLike(handle());
    try {
      Libtorch.backward(handle(), one, false);
    } finally {
      Libtorch.delete(one);
    }
  }

  /// Runs the graph backwards from this tensor with the gradient of what comes after it.
  public void backward(Tensor upstream) {
    Libtorch.backward(handle(), upstream.handle(), false);
  }

  // In place, and out to Java.

  public void addInPlace(Tensor other) {
    Libtorch.addInPlace(handle(), other.handle());
  }

  /// Takes over the elements of another tensor.
  public void set(Tensor other) {
    Scripted.copyInto(handle(), other.handle());
  }

  public boolean isFinite() {
    try (Scope _ = Scope.open()) {
      return Libtorch.bytes(Scripted.run("finite", value(this)).handle())[0] != 0;
    }
  }

  /// The one number in this tensor.
  public double number() {
    try (Scope _ = Scope.open()) {
      return cast(DType.F64).bytes().getDouble(0);
    }
  }

  public float[] floats() {
    try (Scope _ = Scope.open()) {
      ByteBuffer bytes = cast(DType.F32).bytes();
      float[] values = new float[bytes.remaining() / Float.BYTES];
      bytes.asFloatBuffer().get(values);
      return values;
    }
  }

  public double[] doubles() {
    try (Scope _ = Scope.open()) {
      ByteBuffer bytes = cast(DType.F64).bytes();
      double[] values = new double[bytes.remaining() / Double.BYTES];
      bytes.asDoubleBuffer().get(values);
      return values;
    }
  }

  public long[] longs() {
    try (Scope _ = Scope.open()) {
      ByteBuffer bytes = cast(DType.I64).bytes();
      long[] values = new long[bytes.remaining() / Long.BYTES];
      bytes.asLongBuffer().get(values);
      return values;
    }
  }

  private ByteBuffer bytes() {
    return ByteBuffer.wrap(Libtorch.bytes(contiguous().handle())).order(ByteOrder.nativeOrder());
  }

  /// The products of the first one, two, three, ... elements of a vector.
  public Tensor products() {
    return Scripted.run("cumprod", value(this));
  }

  @Override
  public String toString() {
    return handle == 0 ? "closed" : dtype() + " " + shape();
  }
}
