/// The byte-pair list of CLIP, which every Stable Diffusion model reads its texts with.
@NullMarked
package radiata.names.clip;

import org.jspecify.annotations.NullMarked;
