/// Conversion of whole checkpoints: dtype, shards, and the layouts that LDM programs and diffusers
/// give to the same Stable Diffusion weights. Nothing is computed but roundings.
@NullMarked
package radiata.convert;

import org.jspecify.annotations.NullMarked;
