package radiata.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.cli.measure.Statistics;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Progress;
import radiata.cli.report.Sizes;
import radiata.cli.report.Text;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;

/// `verify`: is a file sound, does it make sense, does it fit a base.
final class VerifyCommand implements Command {
  private static final int UNSOUND = 1;
  private static final Option BASE =
      Flags.value("base", "BASE", "a model that every module of the adapters must have a place in");

  /// @param checksums how many tensors had a checksum to be held against
  private record Verdict(String path, List<Finding> findings, int checksums) {
    boolean ok() {
      return findings.stream().noneMatch(Finding::isError);
    }
  }

  @Override
  public String name() {
    return "verify";
  }

  @Override
  public String summary() {
    return "Checks files: structure, checksums, NaN, alphas, shapes; exit code 1 for errors.";
  }

  @Override
  public List<String> usage() {
    return List.of("FILE... [--base BASE]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("verify lora.safetensors", "is this file sound"),
        new Example(
            "verify lora.safetensors --base model.safetensors", "and does it fit this model"),
        new Example("verify *.safetensors --json", "a verdict on each, for a script"));
  }

  @Override
  public List<Section> sections() {
    return List.of(Section.of("Fit", BASE));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "A warning leaves a file sound. A file that radiata wrote holds a checksum of every tensor:"
            + " one changed byte is found. Hashes in the metadata (sshs_*, modelspec) are compared"
            + " with the data.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    if (arguments.words().isEmpty()) {
      throw new UsageException("FILE is missing");
    }
    List<Path> paths = arguments.words().stream().map(Arguments::path).toList();
    Optional<Path> base = arguments.text(BASE).map(Arguments::path);
    List<Verdict> verdicts = new ArrayList<>();
    try (Checkpoint model = base.isPresent() ? Models.open(base.get()) : null) {
      NameTable names = model == null ? null : Models.names(model);
      for (Path path : paths) {
        Verdict verdict = verify(path, model, names, console);
        verdicts.add(verdict);
        report(verdict, console);
      }
    }
    if (console.json()) {
      console.document(document(verdicts));
    }
    return verdicts.stream().allMatch(Verdict::ok) ? 0 : UNSOUND;
  }

  private static Verdict verify(
      Path path, @Nullable Checkpoint base, @Nullable NameTable names, Console console) {
    List<Finding> findings = new ArrayList<>();
    int checksums = 0;
    try (Checkpoint model = Models.open(path)) {
      findings.addAll(ContainerCheck.names(model));
      findings.addAll(ContainerCheck.alignment(model));
      findings.addAll(ContainerCheck.torch(model));
      ProvenanceCheck provenance = new ProvenanceCheck(model);
      checksums = provenance.checksums();
      findings.addAll(provenance.findings());
      ContainerCheck.Measured measured = measure(model, provenance, console);
      findings.addAll(measured.changed());
      findings.addAll(provenance.staleHashes());
      Map<String, Statistics> statistics = measured.statistics();
      try (Inspection inspection = Inspection.open(path, null)) {
        AdapterFile adapter = inspection.adapter();
        if (inspection.kind() == Inspection.Kind.ADAPTER && adapter != null) {
          findings.addAll(AdapterCheck.alphas(statistics));
          statistics.keySet().removeAll(AdapterCheck.alphaNames(adapter.file().tensors()));
          findings.addAll(AdapterCheck.magnitudes(statistics));
          findings.addAll(AdapterCheck.modules(adapter));
          if (base != null && names != null) {
            findings.addAll(AdapterCheck.fit(adapter, base, names));
          }
        } else if (base != null) {
          String what = "this is no adapter, and only adapters fit a base; it is: ";
          findings.add(Finding.error("not-an-adapter", what + inspection.kind().id(), null));
        }
      } catch (IOException | RuntimeException e) {
        findings.add(failed(e, console));
      }
      findings.addAll(ContainerCheck.values(statistics));
    } catch (IOException | RuntimeException e) {
      findings.add(failed(e, console));
    }
    return new Verdict(path.toString(), findings, checksums);
  }

  private static ContainerCheck.Measured measure(
      Checkpoint model, ProvenanceCheck provenance, Console console) throws IOException {
    long bytes = model.tensors().stream().mapToLong(stored -> stored.info().bytes()).sum();
    String what = "verifying " + Text.safe(model.path().toString());
    try (Progress progress = console.progress(what, bytes)) {
      return ContainerCheck.measure(model, provenance, console.threads(), progress);
    }
  }

  /// A file that cannot be read is a finding, so that the other files are still looked at.
  private static Finding failed(Exception e, Console console) {
    Failure failure = Failure.of(e);
    console.trace(e);
    return Finding.error(failure.code(), failure.message(), failure.tensor());
  }

  private static void report(Verdict verdict, Console console) {
    long errors = verdict.findings().stream().filter(Finding::isError).count();
    long warnings = verdict.findings().size() - errors;
    String counted =
        errors + warnings == 0
            ? ""
            : " (%s, %s)"
                .formatted(Sizes.plural(errors, "error"), Sizes.plural(warnings, "warning"));
    String sums =
        verdict.checksums() == 0
            ? "; no provenance, so no checksums"
            : "; %s compared".formatted(Sizes.plural(verdict.checksums(), "checksum"));
    console.say(
        Text.safe(verdict.path()) + ": " + (verdict.ok() ? "ok" : "not ok") + counted + sums);
    verdict.findings().forEach(finding -> console.say("  " + Text.safe(finding.line())));
  }

  private static JsonObject document(List<Verdict> verdicts) {
    JsonArray files = new JsonArray();
    for (Verdict verdict : verdicts) {
      JsonObject file = new JsonObject();
      file.addProperty("path", verdict.path());
      file.addProperty("ok", verdict.ok());
      if (verdict.checksums() > 0) {
        file.addProperty("checksums", verdict.checksums());
      }
      file.add("findings", Json.array(verdict.findings(), Finding::document));
      files.add(file);
    }
    JsonObject document = Json.document();
    document.add("files", files);
    return document;
  }
}
