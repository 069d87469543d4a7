/// Adapters from differences of weights. Start at [AxisFit][radiata.extract.AxisFit].
@NullMarked
package radiata.extract;

import org.jspecify.annotations.NullMarked;
