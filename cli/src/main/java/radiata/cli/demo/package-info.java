/// What `radiata demo` shows: a small language model that writes text, the shape of a Stable
/// Diffusion checkpoint, and sums done by hand that the program's own results are held to.
@NullMarked
package radiata.cli.demo;

import org.jspecify.annotations.NullMarked;
