package radiata.names;

import radiata.safetensors.Shape;

/// A tensor of a base as naming sees it.
public record BaseTensor(String component, String name, Shape shape) {}
