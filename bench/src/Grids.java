import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A grid of 12 bakes of one Stable Diffusion 1.5, four DoRAs at three strengths: in one batch,
/// against 12 bakes one by one, and against 12 copies with `cp`.
final class Grids {
  private static final int ADAPTERS = 4;
  private static final List<String> STRENGTHS = List.of("0.5", "0.75", "1");

  private Grids() {}

  static void print(Path place, int runs) throws IOException, InterruptedException {
    Path base = Generate.file(place.resolve("sd15.safetensors"), Models.checkpoint("sd15"));
    List<Path> doras = new ArrayList<>();
    for (int i = 1; i <= ADAPTERS; i++) {
      Path file = place.resolve("sd15-dora-" + i + ".safetensors");
      doras.add(Generate.file(file, Models.dora("sd15"), i));
    }
    Path out = Files.createDirectories(place.resolve("grid"));
    Path manifest = manifest(place, base, doras, out);
    List<Double> copies = new ArrayList<>();
    List<Double> singles = new ArrayList<>();
    List<Double> batches = new ArrayList<>();
    long anonymous = 0;
    // Not counted: whoever comes first would find the base on the disk, the others in memory.
    copies(base, 1, out);
    for (int run = 1; run <= runs; run++) {
      copies.add(copies(base, ADAPTERS * STRENGTHS.size(), out));
      Measured batch = batch(manifest, out);
      batches.add(batch.seconds());
      anonymous = Math.max(anonymous, batch.anonymous());
      singles.add(singles(base, doras, out));
      System.err.printf(
          "grid, run %d of %d: 12 cp %.1f s, batch %.1f s, 12 bakes %.1f s%n",
          run, runs, copies.getLast(), batches.getLast(), singles.getLast());
    }
    System.out.println("| grid of 12 | median s | fastest s | of 12 `cp` | of 12 bakes | own MiB |");
    System.out.println("|---|---|---|---|---|---|");
    double cp = median(copies);
    double bakes = median(singles);
    row("12 `cp` and `sync`", copies, cp, bakes, "");
    row("12 `bake`, one by one", singles, cp, bakes, "");
    row("`batch`", batches, cp, bakes, Long.toString(anonymous >> 10));
  }

  private static void row(String what, List<Double> runs, double cp, double bakes, String memory) {
    double median = median(runs);
    System.out.printf(
        "| %s | %.1f | %.1f | %.2f | %.2f | %s |%n",
        what,
        median,
        runs.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
        median / cp,
        median / bakes,
        memory);
  }

  private static Path manifest(Path place, Path base, List<Path> doras, Path out)
      throws IOException {
    String adapters =
        String.join(", ", doras.stream().map(dora -> "\"" + dora.getFileName() + "\"").toList());
    String text =
        """
        output = "%s"
        [grid]
        bases = ["%s"]
        adapters = [%s]
        strengths = [%s]
        output = "{adapter}-{strength}.safetensors"
        """
            .formatted(
                out.getFileName(),
                base.getFileName(),
                adapters,
                String.join(", ", STRENGTHS));
    return Files.writeString(place.resolve("grid.toml"), text);
  }

  private static double copies(Path base, int count, Path out)
      throws IOException, InterruptedException {
    clear(out);
    String script = "for i in $(seq $3); do cp \"$1\" \"$2/$i\" && sync \"$2/$i\" || exit; done";
    return Measured.run(
            List.of("sh", "-c", script, "copy", base.toString(), out.toString(), "" + count))
        .seconds();
  }

  private static Measured batch(Path manifest, Path out) throws IOException, InterruptedException {
    clear(out);
    return Measured.run(List.of("./radiata", "batch", manifest.toString()));
  }

  private static double singles(Path base, List<Path> doras, Path out)
      throws IOException, InterruptedException {
    clear(out);
    double sum = 0;
    for (Path dora : doras) {
      for (String strength : STRENGTHS) {
        Path to = out.resolve(dora.getFileName() + strength + ".safetensors");
        List<String> bake =
            Stream.of("./radiata", "bake", base, "-a", dora + ":" + strength, "-o", to)
                .map(Object::toString)
                .toList();
        sum += Measured.run(bake).seconds();
      }
    }
    return sum;
  }

  private static void clear(Path folder) throws IOException, InterruptedException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Measured.run(List.of("sync"));
  }

  private static double median(List<Double> runs) {
    return runs.stream()
        .sorted(Comparator.naturalOrder())
        .skip((runs.size() - 1) / 2)
        .findFirst()
        .orElseThrow();
  }
}
