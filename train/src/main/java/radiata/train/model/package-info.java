/// The networks, one a file, each by the names its checkpoints use.
@NullMarked
package radiata.train.model;

import org.jspecify.annotations.NullMarked;
