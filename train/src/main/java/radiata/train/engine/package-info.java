/// The engine room: libtorch behind a small surface, which nothing outside this package sees
/// through. Tensors, scopes that free them, gradients, devices, and the linear maps on which the
/// adapter formulas are read.
@NullMarked
package radiata.train.engine;

import org.jspecify.annotations.NullMarked;
