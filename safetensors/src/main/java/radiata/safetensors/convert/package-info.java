/// The only code that turns the bytes of floating tensors into numbers and back:
/// [Widen][radiata.safetensors.convert.Widen] reads them,
/// [Narrow][radiata.safetensors.convert.Narrow] rounds to nearest even and writes them. Both are
/// plain loops whose results depend on nothing but their input: not on the machine, the thread or
/// where a block begins.
@NullMarked
package radiata.safetensors.convert;

import org.jspecify.annotations.NullMarked;
