/// Writing adapters in the dialect of another program. Start at
/// [Conversion][radiata.adapter.dialect.Conversion].
@NullMarked
package radiata.adapter.dialect;

import org.jspecify.annotations.NullMarked;
