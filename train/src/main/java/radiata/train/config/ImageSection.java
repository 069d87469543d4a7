package radiata.train.config;

import java.nio.file.Path;
import java.util.List;
import radiata.train.data.ImageDataset;

/// Pictures with captions.
///
/// @param fromDatasetFile whether `dataset_config` names them, and not `train_data_dir` or
///   `image_dir`
/// @param cacheLatents `cache_latents`: whether what the VAE makes of a picture is kept
/// @param cacheText `cache_text_encoder_outputs`
/// @param cacheFolder `cache_dir`
public record ImageSection(
    List<ImageDataset> datasets,
    boolean fromDatasetFile,
    boolean cacheLatents,
    boolean cacheText,
    Path cacheFolder)
    implements DataSection {
  public ImageSection {
    datasets = List.copyOf(datasets);
  }
}
