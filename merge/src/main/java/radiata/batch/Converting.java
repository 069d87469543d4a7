package radiata.batch;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import radiata.adapter.file.AdapterFile;
import radiata.bake.ModelFiles;
import radiata.convert.AdapterConversion;
import radiata.convert.CheckpointConversion;
import radiata.convert.ConversionException;
import radiata.convert.ConversionPlan;
import radiata.convert.ConversionReport;
import radiata.convert.ConversionRequest;
import radiata.convert.Forms;
import radiata.convert.TargetLayout;
import radiata.names.Dialect;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.provenance.Provenance;

/// A conversion that is planned; its input is open.
sealed interface Converting extends AutoCloseable {
  OutputPlan output();

  Provenance provenance();

  /// What the user should know before it begins.
  List<String> warnings();

  /// Carries it out.
  ///
  /// @return what the user should know of the numbers
  List<String> write(int threads, LongConsumer progress) throws IOException;

  @Override
  void close() throws IOException;

  /// Bytes of the weight files, headers included.
  default long outputBytes() {
    return output().files().stream().mapToLong(file -> file.header().fileBytes()).sum();
  }

  static Converting open(ConvertJob job) throws IOException {
    boolean adapter =
        job.options().to().filter(Forms::onlyOfAdapters).isPresent()
            || ModelFiles.isAdapter(job.input());
    return adapter ? ofAdapter(job) : ofCheckpoint(job);
  }

  private static Converting ofAdapter(ConvertJob job) throws IOException {
    ConvertJob.Options options = job.options();
    refuse(job, "max-shard-size", options.maxShardBytes().isPresent(), "an adapter");
    refuse(job, "prediction", options.prediction().isPresent(), "an adapter");
    Dialect to =
        options
            .to()
            .flatMap(Forms::dialect)
            .orElseThrow(() ->
                refused(
                    job,
                    "an adapter, for which 'to' has to be one of "
                        + String.join(", ", Forms.dialects())));
    AdapterConversion.Request request =
        new AdapterConversion.Request(
            to,
            options.dtype(),
            options.base(),
            options.adapterName(),
            options.dropUnsupported(),
            OptionalInt.empty(),
            Optional.empty());
    AdapterFile file = AdapterFile.open(job.input(), Limits.DEFAULT, options.adapterName());
    try {
      AdapterConversion conversion = AdapterConversion.of(file, file, request, Map.of(), List.of());
      Provenance provenance = conversion.writer().provenance();
      OutputPlan plan = conversion.writer().plan(provenance);
      return new OfAdapter(job, file, conversion, provenance, plan);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  private static Converting ofCheckpoint(ConvertJob job) throws IOException {
    ConvertJob.Options options = job.options();
    refuse(job, "base", options.base() != null, "a checkpoint");
    refuse(job, "adapter-name", options.adapterName() != null, "a checkpoint");
    refuse(job, "drop-unsupported", options.dropUnsupported(), "a checkpoint");
    ConversionRequest request =
        new ConversionRequest(
            options.to().flatMap(Forms::layout).orElse(TargetLayout.KEEP),
            options.dtype(),
            options.maxShardBytes(),
            options.prediction(),
            Optional.empty());
    Checkpoint model = ModelFiles.open(job.input());
    try {
      return new OfCheckpoint(job, model, CheckpointConversion.plan(model, request, job.output()));
    } catch (Throwable e) {
      model.close();
      throw e;
    }
  }

  private static void refuse(ConvertJob job, String key, boolean has, String what) {
    if (has) {
      throw refused(job, "%s, with which '%s' does not go".formatted(what, key));
    }
  }

  private static ConversionException refused(ConvertJob job, String what) {
    return new ConversionException(job.input(), null, "it is " + what);
  }

  /// Of an adapter.
  record OfAdapter(
      ConvertJob job,
      AdapterFile file,
      AdapterConversion conversion,
      Provenance provenance,
      OutputPlan output)
      implements Converting {
    @Override
    public List<String> warnings() {
      return conversion.converted().notes();
    }

    @Override
    public List<String> write(int threads, LongConsumer progress) throws IOException {
      conversion.writer().write(provenance, job.output(), job.options().replace(), progress);
      return List.of();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /// Of a checkpoint.
  record OfCheckpoint(ConvertJob job, Checkpoint model, ConversionPlan plan) implements Converting {
    @Override
    public OutputPlan output() {
      return plan.output();
    }

    @Override
    public Provenance provenance() {
      return plan.provenance();
    }

    @Override
    public List<String> warnings() {
      return plan.warnings();
    }

    @Override
    public List<String> write(int threads, LongConsumer progress) throws IOException {
      return CheckpointConversion.run(
              plan, job.output(), job.options().replace(), threads, progress)
          .overflows()
          .stream()
          .map(ConversionReport.Overflow::warning)
          .toList();
    }

    @Override
    public void close() throws IOException {
      model.close();
    }
  }
}
