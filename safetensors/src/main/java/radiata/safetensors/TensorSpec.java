package radiata.safetensors;

/// What a tensor is before it has a place in a file.
public record TensorSpec(String name, DType dtype, Shape shape) {}
