/// Numbers about tensors, taken in one pass over blocks that fit the cache: statistics and
/// differences. Memory does not grow with the tensors.
@NullMarked
package radiata.cli.measure;

import org.jspecify.annotations.NullMarked;
