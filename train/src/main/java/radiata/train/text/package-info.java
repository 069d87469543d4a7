/// Texts as the numbers that text encoders read.
@NullMarked
package radiata.train.text;

import org.jspecify.annotations.NullMarked;
