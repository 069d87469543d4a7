package radiata.convert;

import java.util.Optional;
import java.util.OptionalLong;
import radiata.convert.folder.Prediction;
import radiata.safetensors.DType;

/// What a user asks of a conversion.
///
/// @param dtype the dtype of all floating tensors; empty keeps that of each
/// @param maxShardBytes the most bytes of tensors in one file, as [radiata.safetensors.Shards]
///   reads them; empty keeps the files of the input, and gives a converted layout one file a
///   component
/// @param prediction what the denoiser predicts, where the user knows better than the file
/// @param date what `modelspec.date` says in the output; empty for none
public record ConversionRequest(
    TargetLayout layout,
    Optional<DType> dtype,
    OptionalLong maxShardBytes,
    Optional<Prediction> prediction,
    Optional<String> date) {
  /// A conversion of names alone.
  public static ConversionRequest to(TargetLayout layout) {
    return new ConversionRequest(
        layout, Optional.empty(), OptionalLong.empty(), Optional.empty(), Optional.empty());
  }

  public ConversionRequest with(DType type) {
    return new ConversionRequest(layout, Optional.of(type), maxShardBytes, prediction, date);
  }

  public ConversionRequest with(Prediction known) {
    return new ConversionRequest(layout, dtype, maxShardBytes, Optional.of(known), date);
  }

  public ConversionRequest withShards(long bytes) {
    return new ConversionRequest(layout, dtype, OptionalLong.of(bytes), prediction, date);
  }

  public ConversionRequest withDate(String day) {
    return new ConversionRequest(layout, dtype, maxShardBytes, prediction, Optional.of(day));
  }

  /// The dtype that a tensor of dtype `from` gets: what is no floating number stays what it is.
  DType dtype(DType from) {
    return from.computable() ? dtype.orElse(from) : from;
  }
}
