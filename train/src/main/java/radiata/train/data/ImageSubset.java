package radiata.train.data;

import java.nio.file.Path;

/// A folder of pictures and how they are used, under the names and with the defaults of sd-scripts.
///
/// @param folder `image_dir`
/// @param repeats `num_repeats`: how often each picture comes in an epoch
/// @param classTokens `class_tokens`: the caption of a picture that has none; empty for none
/// @param captionExtension `caption_extension`, with its dot
/// @param flip `flip_aug`: every other use of a picture, by chance, is its mirror image
/// @param randomCrop `random_crop`: not from the middle
public record ImageSubset(
    Path folder,
    int repeats,
    String classTokens,
    String captionExtension,
    boolean flip,
    boolean randomCrop,
    CaptionSettings captions) {
  /// What sd-scripts takes where nothing is said.
  public static final String CAPTION_EXTENSION = ".caption";
}
