/// Training data: pictures with captions ([radiata.train.data.ImageFolder]), the buckets their
/// sizes fall in, the batches of an epoch, and caches of what models make of them. Numbers leave as
/// `float[]` with their shape; nothing here knows a tensor.
@NullMarked
package radiata.train.data;

import org.jspecify.annotations.NullMarked;
