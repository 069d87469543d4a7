package radiata.bake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.HashKeys;
import radiata.safetensors.Replace;
import radiata.safetensors.Seal;
import radiata.safetensors.provenance.Provenance;

/// Carries out plans.
public final class Baker {
  private Baker() {}

  /// Carries a plan out.
  ///
  /// @param progress told of every run of bytes that has been written, by any thread
  /// @throws BakeException if the data hold NaN; nothing then stands under the output's name
  /// @throws radiata.safetensors.SafetensorsException if the output cannot be written
  public static BakeReport bake(
      BakePlan plan, Path output, Replace replace, int threads, LongConsumer progress)
      throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.sealed(output, plan.output(), replace)) {
      Lane lane = Lane.of(plan, writer);
      Digests digests = new Digests();
      try (Pass pass = new Pass(List.of(lane), digests, progress)) {
        pass.run(threads);
        lane.require();
        return pass.report(lane, commit(plan, writer, digests));
      }
    }
  }

  /// Told what became of the outputs of [#bakeAll], one after another.
  public interface Listener {
    /// An output stands under its name.
    void baked(Baking output, BakeReport report) throws IOException;

    /// An output could not be; nothing new stands under its name.
    void failed(Baking output, Exception why) throws IOException;
  }

  /// Carries out plans for one base together: it is read once, and what the adapters of several
  /// outputs have in common is computed once. The bytes of each output are those that [#bake] would
  /// write. An output that fails leaves the others alone.
  ///
  /// @param digests what is known of the inputs already, and is known then
  /// @throws IOException if the listener fails
  public static void bakeAll(
      List<Baking> outputs, Digests digests, int threads, LongConsumer progress, Listener listener)
      throws IOException {
    List<Open> open = new ArrayList<>();
    try {
      for (Baking output : outputs) {
        try {
          CheckpointWriter writer =
              CheckpointWriter.sealed(output.output(), output.plan().output(), output.replace());
          open.add(new Open(output, writer, Lane.of(output.plan(), writer)));
        } catch (IOException | RuntimeException e) {
          listener.failed(output, e);
        }
      }
      if (open.isEmpty()) {
        return;
      }
      try (Pass pass = new Pass(open.stream().map(Open::lane).toList(), digests, progress)) {
        pass.run(threads);
        for (Open each : open) {
          each.finish(pass, digests, listener);
        }
      }
    } finally {
      for (Open each : open) {
        each.writer().close();
      }
    }
  }

  private record Open(Baking output, CheckpointWriter writer, Lane lane) {
    void finish(Pass pass, Digests digests, Listener listener) throws IOException {
      BakeReport report;
      try {
        lane.require();
        report = pass.report(lane, commit(output.plan(), writer, digests));
      } catch (IOException | RuntimeException e) {
        writer.close();
        listener.failed(output, e);
        return;
      }
      listener.baked(output, report);
    }
  }

  /// @return seconds until the output was on the disk and under its name
  private static double commit(BakePlan plan, CheckpointWriter writer, Digests digests)
      throws IOException {
    long start = System.nanoTime();
    writer.commit(seal(plan, digests));
    return (System.nanoTime() - start) / 1e9;
  }

  private static Seal seal(BakePlan plan, Digests digests) {
    Provenance provenance = plan.derivation().with(digests.known());
    return (file, written) -> {
      Map<String, String> metadata = written.header().metadata();
      if (plan.hashes()) {
        metadata = HashKeys.renewed(metadata, written.path());
      }
      return provenance.with(written.checksums()).in(metadata);
    };
  }

  /// Computes everything once more and holds it against a finished output, byte for byte.
  ///
  /// @throws BakeException if a byte differs
  public static void verify(BakePlan plan, Path output, int threads, LongConsumer progress)
      throws IOException {
    try (Comparison comparison = new Comparison(plan, output)) {
      Lane lane = Lane.of(plan, comparison::write);
      try (Pass pass = new Pass(List.of(lane), new Digests(), progress)) {
        pass.run(threads);
        lane.require();
      }
    }
  }

  /// What the output of a plan says of where it comes from, but for its checksums: to ask whether a
  /// finished output is that of this job. Reads the adapters, unless their digests are known.
  public static Provenance provenance(BakePlan plan, Digests digests, int threads)
      throws IOException {
    digests.take(plan.derivation().wanted(), threads);
    return plan.derivation().with(digests.known());
  }
}
