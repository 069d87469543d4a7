/// The safetensors container: bytes to named tensors and back. Start at
/// [SafetensorsFile][radiata.safetensors.SafetensorsFile] to read one file, at
/// [Checkpoint][radiata.safetensors.Checkpoint] to read a model in any layout. Nothing but headers
/// is read before it is asked for; a file that breaks a rule ends in a
/// [SafetensorsException][radiata.safetensors.SafetensorsException] that names the byte.
@NullMarked
package radiata.safetensors;

import org.jspecify.annotations.NullMarked;
