package radiata.adapter.file;

import java.util.List;
import radiata.safetensors.TensorInfo;

/// A module whose tensors do not multiply with each other.
///
/// @param name the module's name as the file writes it
/// @param algorithm what the tensors are, in words
/// @param tensors every tensor of the file that belongs to it
/// @param because which shapes do not fit, in words
public record Misfit(String name, String algorithm, List<TensorInfo> tensors, String because) {}
