/// The noise that diffusion models are trained on, and the samplers that take it away.
@NullMarked
package radiata.train.sample;

import org.jspecify.annotations.NullMarked;
