package radiata.batch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.pipeline.Workers;
import radiata.safetensors.Checksums;
import radiata.safetensors.Hashes;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.provenance.DerivedMetadata;
import radiata.safetensors.provenance.Provenance;

/// Whether an output that is there is what a job would write: its provenance tells of the same work
/// on the same inputs, and its checksums hold.
///
/// @param plan the files of the output
/// @param output where they are
record Finished(OutputPlan plan, Path output) {
  /// Why a finished output is left alone.
  static final String HOLDS = "finished: provenance and checksums hold";

  /// The same where the data were not read.
  static final String PROVENANCE_HOLDS = "finished: provenance holds";

  /// The same of an output that was not there when the job began.
  static final String MEANWHILE = "another process has made it meanwhile";

  /// What a job would say of where its output comes from; working it out may read files.
  @FunctionalInterface
  interface Wanted {
    Provenance provenance() throws IOException;
  }

  boolean there() {
    return Files.exists(output, LinkOption.NOFOLLOW_LINKS);
  }

  /// Whether the output, which was not there when the job began, is what it would have written.
  boolean madeMeanwhile(Wanted wanted, int threads) throws IOException {
    return there() && flaw(wanted.provenance(), List.of(), threads).isEmpty();
  }

  /// Whether the output is there and is what the job would write.
  ///
  /// @param headers hashes of headers that stand for data which need not be read again
  /// @param force whether another output may be replaced
  /// @throws SafetensorsException if there is another output, and it may not
  boolean holds(Wanted wanted, List<String> headers, boolean force, int threads)
      throws IOException {
    if (!there()) {
      return false;
    }
    Optional<String> flaw = flaw(wanted.provenance(), headers, threads);
    if (flaw.isPresent() && !force) {
      throw new SafetensorsException(
          Kind.CANNOT_WRITE,
          output,
          null,
          "it exists and is not what this job makes: %s; remove it, or replace it with force = true"
              .formatted(flaw.get()));
    }
    return flaw.isEmpty();
  }

  /// What is not as the job would have it; empty if all is.
  ///
  /// @param wanted what the job would say of where the output comes from
  /// @param headers hashes of headers that stand for data which need not be read again
  private Optional<String> flaw(Provenance wanted, List<String> headers, int threads)
      throws IOException {
    try {
      boolean known = headers.equals(headers());
      for (OutputPlan.OutputFile file : plan.files()) {
        Optional<String> flaw = flaw(file, wanted, known, threads);
        if (flaw.isPresent()) {
          return flaw;
        }
      }
      return beside();
    } catch (SafetensorsException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// The same, as far as there are such files: with these the data are taken as they are.
  List<String> known() {
    try {
      return headers();
    } catch (IOException | RuntimeException e) {
      return List.of();
    }
  }

  /// The hash of the header, checksums included, of every weight file.
  List<String> headers() throws IOException {
    List<String> hashes = new ArrayList<>();
    for (OutputPlan.OutputFile planned : plan.files()) {
      try (SafetensorsFile file = SafetensorsFile.open(path(planned.relative()))) {
        hashes.add(Hashes.header(file));
      }
    }
    return hashes;
  }

  private Path path(Path relative) {
    return plan.folder() ? output.resolve(relative) : output;
  }

  private Optional<String> flaw(
      OutputPlan.OutputFile planned, Provenance wanted, boolean known, int threads)
      throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path(planned.relative()))) {
      Optional<Provenance> says = Provenance.of(file);
      if (says.isEmpty()) {
        return Optional.of("it does not say where it comes from");
      }
      if (!says.get().sameJob(wanted)) {
        return Optional.of("it comes of other inputs or other settings");
      }
      if (!Objects.equals(date(file.metadata()), date(planned.header().metadata()))) {
        return Optional.of("it has another date");
      }
      if (!file.tensors().equals(planned.header().tensors())
          || says.get().checksums().tensors() != file.tensors().size()) {
        return Optional.of("it has other tensors");
      }
      return known ? Optional.empty() : sums(file, says.get().checksums(), threads);
    }
  }

  private static @Nullable String date(Map<String, String> metadata) {
    return metadata.get(DerivedMetadata.DATE);
  }

  private static Optional<String> sums(SafetensorsFile file, Checksums sums, int threads)
      throws IOException {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < sums.tensors(); i++) {
      places.add(i);
    }
    List<Boolean> hold =
        Workers.map(
            places, threads, i -> Hashes.crc32c(file, file.tensors().get(i)) == sums.crc32c(i));
    int broken = hold.indexOf(false);
    return broken < 0
        ? Optional.empty()
        : Optional.of(
            "the checksum of its tensor %s does not hold"
                .formatted(file.tensors().get(broken).name()));
  }

  /// Looks at the files beside the weights.
  private Optional<String> beside() throws IOException {
    for (OutputPlan.Companion companion : plan.companions()) {
      Path path = path(companion.relative());
      if (!Files.exists(path) || Files.mismatch(companion.from(), path) >= 0) {
        return Optional.of("its %s is missing or another".formatted(companion.relative()));
      }
    }
    for (OutputPlan.GeneratedFile text : plan.generated()) {
      Path path = path(text.relative());
      if (!Files.exists(path)
          || !Files.readString(path, StandardCharsets.UTF_8).equals(text.content())) {
        return Optional.of("its %s is missing or another".formatted(text.relative()));
      }
    }
    return Optional.empty();
  }
}
