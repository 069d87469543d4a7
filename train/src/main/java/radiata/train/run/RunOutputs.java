package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import radiata.safetensors.provenance.Provenance;
import radiata.train.adapter.AdapterOutput;
import radiata.train.config.OutputSection;
import radiata.train.metadata.RunFacts;

/// Where a run leaves its adapters and its state, and which of them it keeps.
final class RunOutputs {
  private static final String MIDDLE = "-(step\\d{8}|\\d{6})(\\.safetensors)?";

  private final OutputSection output;
  private final Provenance provenance;
  private final String identity;
  private final Optional<String> date;
  private final Deque<Path> kept = new ArrayDeque<>();
  private Optional<Path> last = Optional.empty();

  /// @param provenance what every adapter says of where it comes from
  /// @param identity tells this run from others
  RunOutputs(OutputSection output, Provenance provenance, String identity, Optional<String> date) {
    this.output = output;
    this.provenance = provenance;
    this.identity = identity;
    this.date = date;
  }

  Optional<String> date() {
    return date;
  }

  String identity() {
    return identity;
  }

  Path state() {
    return output.folder().resolve(output.name() + "-state.safetensors");
  }

  Path samples() {
    return output.folder().resolve("sample");
  }

  /// What a message calls the last state that is whole.
  String lastGood() {
    return RunState.exists(state()) ? state() + ", and --resume goes on from it" : "none yet";
  }

  /// What is to be written after a step.
  ///
  /// @param adapter under its name in the middle of the run or at its end
  /// @param last whether the run is over
  /// @param state whether with what is needed to resume
  record Due(Optional<Path> adapter, boolean last, boolean state) {
    boolean nothing() {
      return adapter.isEmpty() && !state;
    }
  }

  Due due(int step, OptionalInt epochEnds, boolean isLast, boolean regular) {
    if (isLast) {
      return new Due(Optional.of(file(output.name())), true, output.state());
    }
    // A run that is stopped can always go on.
    if (!regular) {
      return new Due(Optional.empty(), false, true);
    }
    if (output.everySteps().isPresent() && step % output.everySteps().getAsInt() == 0) {
      return new Due(Optional.of(file(output.afterStep(step))), false, output.state());
    }
    boolean epoch =
        output.everyEpochs().isPresent()
            && epochEnds.isPresent()
            && epochEnds.getAsInt() % output.everyEpochs().getAsInt() == 0;
    return epoch
        ? new Due(Optional.of(file(output.afterEpoch(epochEnds.getAsInt()))), false, output.state())
        : new Due(Optional.empty(), false, false);
  }

  private Path file(String name) {
    return output
        .folder()
        .resolve(output.dialect() == OutputSection.Dialect.PEFT ? name : name + ".safetensors");
  }

  /// Counts the adapters that an earlier part of this run left, oldest first.
  void recall() throws IOException {
    Pattern ours = Pattern.compile(Pattern.quote(output.name()) + MIDDLE);
    try (Stream<Path> files = Files.list(output.folder())) {
      files
          .filter(file -> ours.matcher(file.getFileName().toString()).matches())
          .sorted(Comparator.comparingLong((Path file) -> file.toFile().lastModified()))
          .forEach(kept::add);
    }
  }

  void write(Task task, Due due, RunFacts facts) throws IOException {
    if (due.adapter().isEmpty()) {
      return;
    }
    Path path = due.adapter().get();
    new AdapterOutput(output.precision(), task.metadata(facts), task.settings(), provenance)
        .write(task.adapter(), path);
    last = Optional.of(path);
    if (!due.last()) {
      kept.remove(path);
      kept.add(path);
      while (output.keepLast().isPresent() && kept.size() > output.keepLast().getAsInt()) {
        delete(kept.remove());
      }
    }
  }

  /// The adapter that was written last.
  Optional<Path> last() {
    return last;
  }

  private static void delete(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      try (Stream<Path> files = Files.list(path)) {
        for (Path file : files.toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
    Files.deleteIfExists(path);
  }
}
