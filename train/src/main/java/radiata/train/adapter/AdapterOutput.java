package radiata.train.adapter;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.Checksums;
import radiata.safetensors.DType;
import radiata.safetensors.HashKeys;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Replace;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.provenance.Provenance;
import radiata.train.engine.Tensor;

/// Writes an adapter that is being trained as the file that others read: whole or not at all.
///
/// @param dtype of the tensors in the file
/// @param metadata of the file
/// @param settings PEFT's, beside the weights in a folder; empty for a single file
/// @param provenance what the file says of where it comes from
public record AdapterOutput(
    DType dtype, Map<String, String> metadata, Optional<String> settings, Provenance provenance) {

  /// Writes the adapter as it is now; what stood there is replaced.
  ///
  /// @throws radiata.safetensors.SafetensorsException if it cannot be written
  public void write(TrainedAdapter adapter, Path output) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    adapter
        .parameters()
        .forEach((key, tensor) -> specs.add(new TensorSpec(key, dtype, tensor.shape())));
    adapter
        .alphas()
        .forEach((key, alpha) -> specs.add(new TensorSpec(key, DType.F32, Shape.SCALAR)));
    Header header =
        Header.canonical(
            specs,
            provenance.with(Checksums.unknown(specs.size())).in(HashKeys.reserved(metadata)));
    OutputPlan plan =
        settings
            .map(text ->
                new OutputPlan(
                    true,
                    List.of(
                        new OutputPlan.OutputFile(
                            Path.of(AdapterFile.PEFT_WEIGHTS.getFirst()), header)),
                    List.of(),
                    List.of(new OutputPlan.GeneratedFile(Path.of(AdapterFile.CONFIG), text))))
            .orElseGet(() -> OutputPlan.file(header));
    try (CheckpointWriter writer = CheckpointWriter.sealed(output, plan, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        write(writer, tensor, adapter);
      }
      writer.commit((file, written) -> {
        Map<String, String> renewed = HashKeys.renewed(written.header().metadata(), written.path());
        return provenance.with(written.checksums()).in(renewed);
      });
    }
  }

  private void write(CheckpointWriter writer, TensorInfo info, TrainedAdapter adapter)
      throws IOException {
    Tensor tensor = adapter.parameters().get(info.name());
    double[] values =
        tensor == null
            ? new double[] {adapter.alphas().getOrDefault(info.name(), 0.0)}
            : tensor.doubles();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes =
          arena.allocate(Math.max(1, info.bytes()), ValueLayout.JAVA_LONG.byteSize());
      Narrow.fromDoubles(values, 0, values.length, info.dtype(), bytes, 0);
      writer.write(0, info, 0, bytes.asSlice(0, info.bytes()));
    }
  }
}
