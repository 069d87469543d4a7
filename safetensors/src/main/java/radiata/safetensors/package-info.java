/// The safetensors container: bytes to named tensors and back. Start at
/// [SafetensorsFile][radiata.safetensors.SafetensorsFile] to read one file, at
/// [Checkpoint][radiata.safetensors.Checkpoint] to read a model in any layout.
@NullMarked
package radiata.safetensors;

import org.jspecify.annotations.NullMarked;
