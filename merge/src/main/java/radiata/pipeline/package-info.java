/// Work on the tensors of large files: several workers, bounded memory, the first failure ends all.
@NullMarked
package radiata.pipeline;

import org.jspecify.annotations.NullMarked;
