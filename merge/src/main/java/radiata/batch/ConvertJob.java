package radiata.batch;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import radiata.convention.DoraAxis;
import radiata.convert.folder.Prediction;
import radiata.safetensors.DType;
import radiata.safetensors.Replace;

/// A conversion, of an adapter or of a checkpoint.
public record ConvertJob(
    int number, String place, Path input, Options options, Path output, String name)
    implements Job {
  /// What `radiata convert` takes under the same names.
  ///
  /// @param to a dialect or a layout, one of [radiata.convert.Forms#all]; empty keeps the layout of
  ///   a checkpoint
  /// @param dtype empty keeps that of each tensor
  /// @param base the model an adapter is for; null to know its names by the family
  /// @param adapterName which of several named adapters of a PEFT file; null for the only one
  /// @param axis the axis along which DoRA is fitted anew first; empty to keep each
  /// @param rank of what is fitted; empty for that of each layer
  /// @param ranks how many ranks of every low-rank pair are kept (DyLoRA); empty for all
  /// @param maxShardBytes the most bytes of tensors in one file; empty for no limit
  /// @param prediction what a checkpoint predicts; empty to believe the file
  /// @param date what `modelspec.date` says in the output; empty for none
  /// @param force whether an output that this job did not make is replaced
  public record Options(
      Optional<String> to,
      Optional<DType> dtype,
      @Nullable Path base,
      @Nullable String adapterName,
      boolean dropUnsupported,
      Optional<DoraAxis> axis,
      OptionalInt rank,
      OptionalInt ranks,
      OptionalLong maxShardBytes,
      Optional<Prediction> prediction,
      Optional<String> date,
      boolean force) {
    Replace replace() {
      return force ? Replace.FORCE : Replace.REFUSE;
    }
  }

  @Override
  public Path reads() {
    return input;
  }
}
