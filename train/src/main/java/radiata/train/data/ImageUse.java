package radiata.train.data;

/// One use of a picture in an epoch.
///
/// @param number unique within the epoch: what its random numbers hang on
/// @param flipped whether its mirror image is taken
public record ImageUse(ImageItem item, int number, boolean flipped) {}
