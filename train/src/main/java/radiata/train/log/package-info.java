/// What a run of training tells of itself: a line of progress, logs in CSV and for TensorBoard, and
/// a picture of the loss at the end.
@NullMarked
package radiata.train.log;

import org.jspecify.annotations.NullMarked;
