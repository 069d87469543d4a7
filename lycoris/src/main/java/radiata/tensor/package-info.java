/// Numbers in shapes: the algebra that adapter formulas are written in, and its readings. Start at
/// [Algebra][radiata.tensor.Algebra].
@NullMarked
package radiata.tensor;

import org.jspecify.annotations.NullMarked;
