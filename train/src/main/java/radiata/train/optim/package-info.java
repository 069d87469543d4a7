/// How trained tensors move: AdamW, clipping, learning rates over time, loss scaling.
@NullMarked
package radiata.train.optim;

import org.jspecify.annotations.NullMarked;
