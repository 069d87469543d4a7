package radiata.train.data;

import java.util.Arrays;
import radiata.safetensors.Shape;

/// Numbers and their shape, the last axis running fastest.
public final class FloatArray {
  private final Shape shape;
  private final float[] values;

  /// @throws IllegalArgumentException if there are not as many values as the shape has places
  public FloatArray(Shape shape, float[] values) {
    if (shape.elements() != values.length) {
      throw new IllegalArgumentException(
          "%d values for the shape %s".formatted(values.length, shape));
    }
    this.shape = shape;
    this.values = values;
  }

  public static FloatArray of(float[] values, long... shape) {
    return new FloatArray(Shape.of(shape), values);
  }

  public Shape shape() {
    return shape;
  }

  /// The numbers themselves, not a copy.
  public float[] values() {
    return values;
  }

  /// Equal shapes and bits.
  @Override
  public boolean equals(Object other) {
    return other instanceof FloatArray array
        && shape.equals(array.shape)
        && Arrays.equals(values, array.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "float" + shape;
  }
}
