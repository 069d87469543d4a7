package radiata.adapter.file;

import java.util.List;
import radiata.safetensors.TensorInfo;

/// A module whose tensors are known, but not computed.
///
/// @param name the module's name as the file writes it
/// @param algorithm what the tensors are, in words: `loha`, `lora with lora_B.bias`, ...
/// @param tensors every tensor of the file that belongs to it
public record Unsupported(String name, String algorithm, List<TensorInfo> tensors) {}
