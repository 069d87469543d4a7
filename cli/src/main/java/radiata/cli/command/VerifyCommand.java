package radiata.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Progress;
import radiata.cli.report.Sizes;
import radiata.cli.report.Text;
import radiata.safetensors.Checkpoint;

/// `verify`: is a file sound, does it make sense, does it fit a base.
final class VerifyCommand implements Command {
  private static final int UNSOUND = 1;

  private record Verdict(String path, List<Finding> findings) {
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
    return "Checks files: structure, NaN and infinities, alphas, shapes; exit code 1 for errors.";
  }

  @Override
  public List<String> usage() {
    return List.of("FILE...");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("verify lora.safetensors", "is this file sound"),
        new Example("verify *.safetensors --json", "a verdict on each, for a script"));
  }

  @Override
  public List<Section> sections() {
    return List.of();
  }

  @Override
  public List<String> notes() {
    return List.of("A warning leaves a file sound.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    if (arguments.words().isEmpty()) {
      throw new UsageException("FILE is missing");
    }
    List<Path> paths = arguments.words().stream().map(Arguments::path).toList();
    List<Verdict> verdicts = new ArrayList<>();
    for (Path path : paths) {
      Verdict verdict = new Verdict(path.toString(), verify(path, console));
      verdicts.add(verdict);
      report(verdict, console);
    }
    if (console.json()) {
      console.document(document(verdicts));
    }
    return verdicts.stream().allMatch(Verdict::ok) ? 0 : UNSOUND;
  }

  private static List<Finding> verify(Path path, Console console) {
    List<Finding> findings = new ArrayList<>();
    try (Checkpoint model = Models.open(path)) {
      findings.addAll(ContainerCheck.names(model));
      findings.addAll(ContainerCheck.alignment(model));
      long bytes = model.tensors().stream().mapToLong(stored -> stored.info().bytes()).sum();
      try (Progress progress = console.progress("verifying " + Text.safe(path.toString()), bytes)) {
        findings.addAll(ContainerCheck.values(model.tensors(), console.threads(), progress));
      }
    } catch (IOException | RuntimeException e) {
      // A file that cannot be read is a finding, so that the other files are still looked at.
      Failure failure = Failure.of(e);
      console.trace(e);
      findings.add(Finding.error(failure.code(), failure.message(), failure.tensor()));
    }
    return findings;
  }

  private static void report(Verdict verdict, Console console) {
    long errors = verdict.findings().stream().filter(Finding::isError).count();
    long warnings = verdict.findings().size() - errors;
    String counted =
        errors + warnings == 0
            ? ""
            : " (%s, %s)"
                .formatted(Sizes.plural(errors, "error"), Sizes.plural(warnings, "warning"));
    console.say(Text.safe(verdict.path()) + ": " + (verdict.ok() ? "ok" : "not ok") + counted);
    verdict.findings().forEach(finding -> console.say("  " + Text.safe(finding.line())));
  }

  private static JsonObject document(List<Verdict> verdicts) {
    JsonArray files = new JsonArray();
    for (Verdict verdict : verdicts) {
      JsonObject file = new JsonObject();
      file.addProperty("path", verdict.path());
      file.addProperty("ok", verdict.ok());
      file.add("findings", Json.array(verdict.findings(), Finding::document));
      files.add(file);
    }
    JsonObject document = Json.document();
    document.add("files", files);
    return document;
  }
}
