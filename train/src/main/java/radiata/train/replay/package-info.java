/// Recorded training runs of other programs, run again and compared number by number.
@NullMarked
package radiata.train.replay;

import org.jspecify.annotations.NullMarked;
