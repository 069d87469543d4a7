/// What a diffusers folder of a Stable Diffusion model holds besides weights: the index of the
/// pipeline, the configs of its components, its scheduler and its tokenizers. The configs have the
/// keys of the models that were published; what can be read off the weights' shapes is.
@NullMarked
package radiata.convert.folder;

import org.jspecify.annotations.NullMarked;
