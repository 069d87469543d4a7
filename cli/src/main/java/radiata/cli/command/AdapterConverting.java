package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.dialect.Converted;
import radiata.adapter.dialect.ConvertedFile;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.convention.DoraAxis;
import radiata.convert.AdapterConversion;
import radiata.extract.AxisConversion;
import radiata.extract.AxisConversion.Residual;
import radiata.names.Dialect;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.provenance.Input;

/// Converts an adapter.
///
/// @param to the dialect; empty for that of the file
/// @param base the model it is for; null to know its names by the family
/// @param ranks how many ranks of every pair are kept
/// @param axis the axis along which DoRA is fitted anew first
record AdapterConverting(
    Optional<Dialect> to,
    @Nullable String base,
    @Nullable String adapterName,
    boolean drop,
    OptionalInt ranks,
    Optional<Axis> axis,
    ConvertCommand.Target target) {

  /// What `--axis` and `--rank` ask for.
  record Axis(DoraAxis to, OptionalInt rank) {}

  void run(Path input, Console console) throws IOException {
    try (AdapterFile file = AdapterFile.open(input, Limits.DEFAULT, adapterName)) {
      if (axis.isEmpty() || base == null) {
        write(file, file, console, List.of(), List.of());
        return;
      }
      try (Checkpoint model = Models.open(Arguments.path(base))) {
        AxisConversion fitted = fitted(model, file, axis.get(), console);
        try (AdapterFile made = AdapterFile.in(new ConvertedFile(file.path(), fitted.adapter()))) {
          write(made, file, console, fitted.residuals(), List.of(Input.byHeader("base", model)));
        }
      }
    }
  }

  private static AxisConversion fitted(
      Checkpoint model, AdapterFile file, Axis axis, Console console) throws IOException {
    long bytes = model.tensors().stream().mapToLong(stored -> stored.info().bytes()).sum();
    try (Progress progress = console.progress("fitting", bytes)) {
      return AxisConversion.of(
          model, file, axis.to(), axis.rank(), console.threads(), progress::add);
    }
  }

  /// @param file what is converted
  /// @param from the file it comes from
  /// @param others what its numbers come from besides
  private void write(
      AdapterFile file,
      AdapterFile from,
      Console console,
      List<Residual> residuals,
      List<Input> others)
      throws IOException {
    AdapterConversion conversion =
        AdapterConversion.of(
            file,
            from,
            new AdapterConversion.Request(
                to.orElse(from.dialect()),
                target.dtype(),
                base == null ? null : Arguments.path(base),
                adapterName,
                drop,
                ranks,
                target.date()),
            axis.map(asked -> AxisConversion.settings(asked.to(), asked.rank())).orElse(Map.of()),
            others);
    Converted converted = conversion.converted();
    converted.notes().forEach(console::warn);
    if (!target.dryRun()) {
      try (Progress progress = console.progress("converting", conversion.tensorBytes())) {
        conversion.writer().write(target.output(), target.replace(), progress::add);
      }
    }
    new ConvertView(target, console).done(from, converted, residuals);
  }
}
