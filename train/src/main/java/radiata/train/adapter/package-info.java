/// Adapters that are being trained: which layers get one, what it starts from, its file.
@NullMarked
package radiata.train.adapter;

import org.jspecify.annotations.NullMarked;
