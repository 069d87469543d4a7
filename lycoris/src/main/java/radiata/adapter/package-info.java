/// The algorithms: one record, one formula, one file. Start at [Adapter][radiata.adapter.Adapter].
@NullMarked
package radiata.adapter;

import org.jspecify.annotations.NullMarked;
