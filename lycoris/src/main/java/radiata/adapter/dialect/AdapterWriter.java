package radiata.adapter.dialect;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.Checksums;
import radiata.safetensors.HashKeys;
import radiata.safetensors.Hashes;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Replace;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.DerivedMetadata;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;
import radiata.safetensors.provenance.Source;

/// Writes a converted adapter: one file, or a PEFT folder. One tensor is in memory at a time.
public final class AdapterWriter {
  private final Converted adapter;
  private final AdapterFile from;
  private final Recipe recipe;
  private final Optional<String> date;
  private final List<Input> others;

  /// The writer of one output.
  ///
  /// @param recipe what was done, for the provenance
  /// @param date what `modelspec.date` becomes
  public AdapterWriter(Converted adapter, AdapterFile from, Recipe recipe, Optional<String> date) {
    this(adapter, from, recipe, date, List.of());
  }

  /// @param others what went into it besides the adapter it comes from
  public AdapterWriter(
      Converted adapter,
      AdapterFile from,
      Recipe recipe,
      Optional<String> date,
      List<Input> others) {
    this.adapter = adapter;
    this.from = from;
    this.recipe = recipe;
    this.date = date;
    this.others = List.copyOf(others);
  }

  /// Writes it, whole or not at all.
  ///
  /// @param progress told of every run of bytes that has been written
  /// @throws AdapterException if a number does not fit its new dtype; nothing then stands under the
  ///   output's name
  /// @throws radiata.safetensors.SafetensorsException if the output cannot be written
  public void write(Path output, Replace replace, LongConsumer progress) throws IOException {
    write(provenance(), output, replace, progress);
  }

  /// The same where it is known already.
  ///
  /// @param provenance what [#provenance] said
  public void write(Provenance provenance, Path output, Replace replace, LongConsumer progress)
      throws IOException {
    OutputPlan plan = plan(provenance);
    Header header = plan.files().getFirst().header();
    try (CheckpointWriter writer = CheckpointWriter.sealed(output, plan, replace)) {
      for (TensorInfo tensor : header.tensors()) {
        write(writer, tensor);
        progress.accept(tensor.bytes());
      }
      writer.commit((file, written) -> {
        Map<String, String> renewed = HashKeys.renewed(written.header().metadata(), written.path());
        return provenance.with(written.checksums()).in(renewed);
      });
    }
  }

  private void write(CheckpointWriter writer, TensorInfo tensor) throws IOException {
    Content content = adapter.tensors().get(tensor.name());
    if (content == null) {
      throw new IllegalStateException(tensor.name());
    }
    try (Arena arena = Arena.ofConfined()) {
      writer.write(0, tensor, 0, content.read(arena));
    } catch (Unwritable e) {
      throw new AdapterException(
          from.path(), tensor.name(), "tensor %s %s".formatted(tensor.name(), e.getMessage()));
    }
  }

  /// The files of the output: one of weights, and for PEFT its settings beside it.
  ///
  /// @param provenance what [#provenance] said
  public OutputPlan plan(Provenance provenance) {
    List<TensorSpec> specs = new ArrayList<>();
    adapter
        .tensors()
        .forEach(
            (name, content) -> specs.add(new TensorSpec(name, content.dtype(), content.shape())));
    Header header =
        Header.canonical(
            specs,
            provenance.with(Checksums.unknown(specs.size())).in(derived().of(adapter.metadata())));
    String config = adapter.config();
    return config == null
        ? OutputPlan.file(header)
        : new OutputPlan(
            true,
            List.of(
                new OutputPlan.OutputFile(Path.of(AdapterFile.PEFT_WEIGHTS.getFirst()), header)),
            List.of(),
            List.of(new OutputPlan.GeneratedFile(Path.of(AdapterFile.CONFIG), config)));
  }

  private DerivedMetadata derived() {
    List<String> parents = DerivedMetadata.title(from.metadata()).stream().toList();
    return new DerivedMetadata(parents, date, false, true, true);
  }

  /// What the output will say of where it comes from; its checksums are still to come. Reads the
  /// whole file it comes from.
  public Provenance provenance() throws IOException {
    List<Path> paths = new ArrayList<>(List.of(from.path()));
    from.config().ifPresent(paths::add);
    List<Source> files = new ArrayList<>();
    for (Path path : paths) {
      files.add(Source.byContent(path).with(Hashes.sha256(path)));
    }
    List<Input> inputs = new ArrayList<>(others);
    inputs.add(new Input("adapter", Map.of(), files));
    return new Provenance(recipe, inputs);
  }
}
