/// Training: what is minimised, step after step, and what is kept of it.
@NullMarked
package radiata.train.run;

import org.jspecify.annotations.NullMarked;
