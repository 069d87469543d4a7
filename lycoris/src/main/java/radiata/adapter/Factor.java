package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// The forms in which LyCORIS stores a matrix or a convolution kernel: whole, as a product, or as a
/// Tucker core with its two factors (LyCORIS 3.3.0, `functional/general.py` `rebuild_tucker`).
public sealed interface Factor<T> {
  /// The stored thing multiplied out: `[out, in, k...]`, or `[out, in*k]` where the kernel is
  /// folded.
  T expand(Algebra<T> on);

  <U> Factor<U> map(Function<? super T, ? extends U> f);

  List<T> tensors();

  /// The shape of [#expand], from the shapes of the parts.
  ///
  /// @throws ShapeMismatch if the parts do not multiply
  Shape shape(Function<? super T, Shape> shapes);

  /// A tensor stored as it is.
  record Whole<T>(T tensor) implements Factor<T> {
    @Override
    public T expand(Algebra<T> on) {
      return tensor;
    }

    @Override
    public <U> Whole<U> map(Function<? super T, ? extends U> f) {
      return new Whole<>(f.apply(tensor));
    }

    @Override
    public List<T> tensors() {
      return List.of(tensor);
    }

    @Override
    public Shape shape(Function<? super T, Shape> shapes) {
      return shapes.apply(tensor);
    }
  }

  /// `up @ down`: up `[out, r]` or `[out, r, 1, 1]`, down `[r, in]` or `[r, in, k, k]`.
  record Split<T>(T up, T down) implements Factor<T> {
    @Override
    public T expand(Algebra<T> on) {
      Shape shape = shape(on::shape);
      return on.reshape(
          on.matmul(
              on.reshape(up, on.shape(up).matrix()), on.reshape(down, on.shape(down).matrix())),
          shape);
    }

    @Override
    public <U> Split<U> map(Function<? super T, ? extends U> f) {
      return new Split<>(f.apply(up), f.apply(down));
    }

    @Override
    public List<T> tensors() {
      return List.of(up, down);
    }

    @Override
    public Shape shape(Function<? super T, Shape> shapes) {
      Shape u = shapes.apply(up);
      Shape d = shapes.apply(down);
      if (u.rank() < 2 || d.rank() < 2 || u.matrix().dim(1) != d.dim(0)) {
        throw ShapeMismatch.multiply(u, d);
      }
      long[] dims = d.dims();
      dims[0] = u.dim(0);
      return Shape.of(dims);
    }
  }

  /// One product for each of a layer's experts, whose weight is a single tensor: `W[e, o, i] =
  /// sum_r up[o, r, e] down[e, r, i]`, up `[out, r*experts]`, down `[experts*r, in]` (PEFT 0.21.2
  /// `tuners/lora/layer.py` `ParamWrapper.get_delta_weight`).
  ///
  /// @param experts how many
  /// @param turned whether the weight is stored `[experts, in, out]`, not `[experts, out, in]`
  record Experts<T>(T up, T down, long experts, boolean turned) implements Factor<T> {
    @Override
    public T expand(Algebra<T> on) {
      T product = on.batched(ups(on), downs(on));
      return turned ? on.permute(product, 0, 2, 1) : product;
    }

    /// `[experts, out, r]`.
    public T ups(Algebra<T> on) {
      Shape u = on.shape(up);
      return on.permute(on.reshape(up, Shape.of(u.dim(0), u.dim(1) / experts, experts)), 2, 0, 1);
    }

    /// `[experts, r, in]`.
    public T downs(Algebra<T> on) {
      Shape d = on.shape(down);
      return on.reshape(down, Shape.of(experts, d.dim(0) / experts, d.dim(1)));
    }

    @Override
    public <U> Experts<U> map(Function<? super T, ? extends U> f) {
      return new Experts<>(f.apply(up), f.apply(down), experts, turned);
    }

    @Override
    public List<T> tensors() {
      return List.of(up, down);
    }

    @Override
    public Shape shape(Function<? super T, Shape> shapes) {
      Shape u = shapes.apply(up);
      Shape d = shapes.apply(down);
      if (u.rank() != 2 || d.rank() != 2 || u.dim(1) != d.dim(0) || d.dim(0) % experts != 0) {
        throw ShapeMismatch.multiply(u, d);
      }
      return turned ? Shape.of(experts, d.dim(1), u.dim(0)) : Shape.of(experts, u.dim(0), d.dim(1));
    }
  }

  /// `W[o, c, k] = sum_ij up[o, i] core[i, j, k] down[j, c]`: up `[out, r]`, core `[r, r, k, k]`,
  /// down `[r, in]`, the outer two with any number of trailing ones.
  ///
  /// @param turned whether up is stored the other way round, `[r, out]`, as LoHa and LoKr do
  record Tucker<T>(T up, T core, T down, boolean turned) implements Factor<T> {
    @Override
    public T expand(Algebra<T> on) {
      Shape shape = shape(on::shape);
      Shape c = on.shape(core);
      long out = shape.dim(0);
      long in = shape.dim(1);
      long kernel = c.elements() / Math.max(1, c.dim(0) * c.dim(1));
      T upright = on.reshape(up, on.shape(up).matrix());
      T left =
          on.matmul(
              turned ? on.permute(upright, 1, 0) : upright,
              on.reshape(core, c.matrix())); // [out, r*k]
      T rows =
          on.permute(on.reshape(left, Shape.of(out, c.dim(1), kernel)), 0, 2, 1); // [out, k, r]
      T right = on.reshape(rows, Shape.of(out * kernel, c.dim(1)));
      T product = on.matmul(right, on.reshape(down, on.shape(down).matrix())); // [out*k, in]
      return on.reshape(on.permute(on.reshape(product, Shape.of(out, kernel, in)), 0, 2, 1), shape);
    }

    @Override
    public <U> Tucker<U> map(Function<? super T, ? extends U> f) {
      return new Tucker<>(f.apply(up), f.apply(core), f.apply(down), turned);
    }

    @Override
    public List<T> tensors() {
      return List.of(up, core, down);
    }

    @Override
    public Shape shape(Function<? super T, Shape> shapes) {
      Shape u = shapes.apply(up);
      Shape c = shapes.apply(core);
      Shape d = shapes.apply(down);
      if (u.rank() < 2 || c.rank() < 3 || u.matrix().dim(turned ? 0 : 1) != c.dim(0)) {
        throw ShapeMismatch.multiply(u, c);
      }
      if (d.rank() < 2 || c.dim(1) != d.dim(0)) {
        throw ShapeMismatch.multiply(c, d);
      }
      long[] dims = c.dims();
      dims[0] = u.matrix().dim(turned ? 1 : 0);
      dims[1] = d.matrix().dim(1);
      return Shape.of(dims);
    }
  }
}
