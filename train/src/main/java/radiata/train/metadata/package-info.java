/// What an adapter's file says of its training, in the words of sd-scripts and ModelSpec.
@NullMarked
package radiata.train.metadata;

import org.jspecify.annotations.NullMarked;
