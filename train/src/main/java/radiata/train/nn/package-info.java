/// What networks are made of: weights by name, and the linear layers on which adapters sit.
@NullMarked
package radiata.train.nn;

import org.jspecify.annotations.NullMarked;
