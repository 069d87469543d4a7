package radiata.batch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import radiata.adapter.dialect.ConvertedFile;
import radiata.adapter.file.AdapterFile;
import radiata.bake.ModelFiles;
import radiata.convention.DoraAxis;
import radiata.convert.AdapterConversion;
import radiata.convert.CheckpointConversion;
import radiata.convert.ConversionException;
import radiata.convert.ConversionPlan;
import radiata.convert.ConversionReport;
import radiata.convert.ConversionRequest;
import radiata.convert.Forms;
import radiata.convert.TargetLayout;
import radiata.extract.AxisConversion;
import radiata.extract.AxisConversion.Residual;
import radiata.names.Dialect;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.provenance.Input;
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

  static Converting open(ConvertJob job, int threads) throws IOException {
    boolean adapter =
        job.options().to().filter(Forms::onlyOfAdapters).isPresent()
            || ModelFiles.isAdapter(job.input());
    return adapter ? ofAdapter(job, threads) : ofCheckpoint(job);
  }

  private static Converting ofAdapter(ConvertJob job, int threads) throws IOException {
    ConvertJob.Options options = job.options();
    refuse(job, "max-shard-size", options.maxShardBytes().isPresent(), "an adapter");
    refuse(job, "prediction", options.prediction().isPresent(), "an adapter");
    AdapterFile file = AdapterFile.open(job.input(), Limits.DEFAULT, options.adapterName());
    try {
      Optional<Dialect> named = options.to().flatMap(Forms::dialect);
      boolean same = named.isEmpty() && options.to().isEmpty() && options.axis().isPresent();
      Dialect to =
          named
              .or(() -> same ? Optional.of(file.dialect()) : Optional.empty())
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
              options.ranks(),
              options.date());
      List<Residual> residuals = new ArrayList<>();
      AdapterConversion conversion = conversion(file, options, request, threads, residuals);
      Provenance provenance = conversion.writer().provenance();
      OutputPlan plan = conversion.writer().plan(provenance);
      return new OfAdapter(job, file, conversion, residuals, provenance, plan);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  private static AdapterConversion conversion(
      AdapterFile file,
      ConvertJob.Options options,
      AdapterConversion.Request request,
      int threads,
      List<Residual> residuals)
      throws IOException {
    if (options.axis().isEmpty() || options.base() == null) {
      return AdapterConversion.of(file, file, request, Map.of(), List.of());
    }
    DoraAxis axis = options.axis().get();
    try (Checkpoint model = ModelFiles.open(options.base())) {
      AxisConversion fitted =
          AxisConversion.of(model, file, axis, options.rank(), threads, bytes -> {});
      residuals.addAll(fitted.residuals());
      try (AdapterFile made = AdapterFile.in(new ConvertedFile(file.path(), fitted.adapter()))) {
        return AdapterConversion.of(
            made,
            file,
            request,
            AxisConversion.settings(axis, options.rank()),
            List.of(Input.byHeader("base", model)));
      }
    }
  }

  private static Converting ofCheckpoint(ConvertJob job) throws IOException {
    ConvertJob.Options options = job.options();
    refuse(job, "base", options.base() != null, "a checkpoint");
    refuse(job, "adapter-name", options.adapterName() != null, "a checkpoint");
    refuse(job, "drop-unsupported", options.dropUnsupported(), "a checkpoint");
    refuse(job, "axis", options.axis().isPresent(), "a checkpoint");
    refuse(job, "dylora-rank", options.ranks().isPresent(), "a checkpoint");
    ConversionRequest request =
        new ConversionRequest(
            options.to().flatMap(Forms::layout).orElse(TargetLayout.KEEP),
            options.dtype(),
            options.maxShardBytes(),
            options.prediction(),
            options.date());
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
      List<Residual> residuals,
      Provenance provenance,
      OutputPlan output)
      implements Converting {
    @Override
    public List<String> warnings() {
      List<String> all = new ArrayList<>(conversion.converted().notes());
      residuals.stream()
          .max(Comparator.comparingDouble(Residual::distance))
          .map(worst ->
              String.format(
                  Locale.ROOT,
                  "%d modules are fitted along the other axis; of the change of %s that misses %.2f %%",
                  residuals.size(),
                  worst.module(),
                  100 * worst.distance()))
          .ifPresent(all::add);
      return all;
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
