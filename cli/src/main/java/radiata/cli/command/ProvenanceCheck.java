package radiata.cli.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.cli.report.Sizes;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Checksums;
import radiata.safetensors.HashKeys;
import radiata.safetensors.Hashes;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.provenance.Provenance;

/// What a model says of itself, held against its data: checksums of every tensor, and the hashes by
/// which other programs know it.
final class ProvenanceCheck {
  private final List<Finding> findings = new ArrayList<>();
  private final Map<Stored, Integer> expected = new HashMap<>();
  private final Checkpoint model;

  ProvenanceCheck(Checkpoint model) {
    this.model = model;
    for (Checkpoint.Part part : model.parts()) {
      try {
        Provenance.of(part.file()).ifPresent(provenance -> expect(part, provenance.checksums()));
      } catch (SafetensorsException e) {
        findings.add(Finding.error("broken-provenance", String.valueOf(e.getMessage()), null));
      }
    }
  }

  private void expect(Checkpoint.Part part, Checksums sums) {
    List<TensorInfo> tensors = part.file().tensors();
    if (sums.tensors() != tensors.size()) {
      findings.add(
          Finding.error(
              "broken-provenance",
              "%s of %s, which has %d tensors"
                  .formatted(
                      Sizes.plural(sums.tensors(), "checksum"), part.relative(), tensors.size()),
              null));
      return;
    }
    for (int i = 0; i < tensors.size(); i++) {
      expected.put(new Stored(part, tensors.get(i)), sums.crc32c(i));
    }
  }

  /// What is wrong with the provenance itself.
  List<Finding> findings() {
    return findings;
  }

  /// How many tensors have a checksum.
  int checksums() {
    return expected.size();
  }

  /// Reads a tensor that has a checksum; safe for several threads.
  Optional<Finding> changed(Stored stored) throws IOException {
    Integer written = expected.get(stored);
    if (written == null) {
      return Optional.empty();
    }
    int found = Hashes.crc32c(stored.part().file(), stored.info());
    return found == written
        ? Optional.empty()
        : Optional.of(
            Finding.error(
                "changed",
                "its CRC32C is %08x, it was written with %08x; a byte has changed since"
                    .formatted(found, written),
                Models.label(stored)));
  }

  /// Hashes in the metadata that are not those of the data. Tools that hash before they convert
  /// write such, so that is no error.
  List<Finding> staleHashes() throws IOException {
    List<Finding> stale = new ArrayList<>();
    for (Checkpoint.Part part : model.parts()) {
      for (HashKeys.Stale each : HashKeys.stale(part.file())) {
        stale.add(
            Finding.warning(
                "stale-hash",
                "metadata %s is %s, the data have %s"
                    .formatted(each.key(), each.stated(), each.computed()),
                null));
      }
    }
    return stale;
  }
}
