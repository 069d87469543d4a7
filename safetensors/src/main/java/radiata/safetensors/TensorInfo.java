package radiata.safetensors;

/// One tensor of a file: `begin` and `end` are bytes from the start of the data section, half open.
public record TensorInfo(String name, DType dtype, Shape shape, long begin, long end) {
  public long bytes() {
    return end - begin;
  }

  public TensorSpec spec() {
    return new TensorSpec(name, dtype, shape);
  }
}
