package radiata.train.config;

import java.nio.file.Path;
import java.util.Optional;
import radiata.safetensors.DType;
import radiata.train.sample.Prediction;

/// The model that an adapter is trained for.
///
/// @param path `pretrained_model_name_or_path`: a file or folder
/// @param vae `vae`: in place of the model's own
/// @param precision `mixed_precision`: how its frozen weights are held; adapters are in float32
/// @param prediction `prediction` or `v_parameterization`; empty for what the model says
/// @param clipSkip `clip_skip`: which layer of the text encoder from the end, from 1
/// @param maxTokenLength `max_token_length`: 75, 150 or 225
/// @param device `device`: `auto`, `cpu`, `cuda` or `cuda:N`
/// @param threads `threads`; 0 for all cores
public record ModelSection(
    Path path,
    Optional<Path> vae,
    DType precision,
    Optional<Prediction> prediction,
    int clipSkip,
    int maxTokenLength,
    String device,
    int threads) {}
