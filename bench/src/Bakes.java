import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Baking a DoRA into a checkpoint of full size, against copying that checkpoint with `cp`: by
/// turns, each into a new file, each synced to the disk.
final class Bakes {
  private static final Pattern STAGE =
      Pattern.compile("\\b(read|compute|write|sync)\\b[ :=]+([0-9.]+) ?(ms|s)\\b");

  private Bakes() {}

  static void print(List<String> models, Path place, int runs)
      throws IOException, InterruptedException {
    List<String> rows = new ArrayList<>();
    for (String model : models) {
      Path base = Generate.file(place.resolve(model + ".safetensors"), Models.checkpoint(model));
      Path dora = Generate.file(place.resolve(model + "-dora.safetensors"), Models.dora(model));
      rows.addAll(measure(model, base, dora, place.resolve("out.safetensors"), runs));
    }
    System.out.println(
        "| | median s | fastest s | of `cp` | own MiB | mapped MiB"
            + " | read GB | written GB | stages |");
    System.out.println("|---|---|---|---|---|---|---|---|---|");
    rows.forEach(System.out::println);
  }

  private static List<String> measure(String model, Path base, Path dora, Path out, int runs)
      throws IOException, InterruptedException {
    String bytes = "%s %.1f GB".formatted(model, Files.size(base) / 1e9);
    String script = "cp \"$1\" \"$2\" && sync \"$2\"";
    List<String> copy = List.of("sh", "-c", script, "copy", base.toString(), out.toString());
    List<String> bake =
        Stream.of("./radiata", "bake", base, "-a", dora, "-o", out, "-v")
            .map(Object::toString)
            .toList();
    // Not counted: whoever comes first would find the base on the disk, the others in memory.
    once(copy, out);
    List<Measured> copies = new ArrayList<>();
    List<Measured> bakes = new ArrayList<>();
    for (int run = 1; run <= runs; run++) {
      // In turn first and second, as the disk's own rhythm may favour a place in the order.
      if (run % 2 == 1) {
        copies.add(once(copy, out));
      }
      bakes.add(once(bake, out));
      if (run % 2 == 0) {
        copies.add(once(copy, out));
      }
      System.err.printf(
          "%s, run %d of %d: cp %.2f s, bake %.2f s%n",
          model, run, runs, copies.getLast().seconds(), bakes.getLast().seconds());
    }
    double unit = median(copies).seconds();
    return List.of(
        "| %s, `cp` and `sync` | %.2f | %.2f | 1.00 | | | | | |"
            .formatted(bytes, unit, fastest(copies)),
        row("%s, `bake`".formatted(bytes), bakes, unit));
  }

  private static String row(String what, List<Measured> runs, double unit) {
    Measured median = median(runs);
    return "| %s | %.2f | %.2f | %.2f | %d | %d | %.2f | %.2f | %s |"
        .formatted(
            what,
            median.seconds(),
            fastest(runs),
            median.seconds() / unit,
            runs.stream().mapToLong(Measured::anonymous).max().orElseThrow() >> 10,
            runs.stream().mapToLong(Measured::mapped).max().orElseThrow() >> 10,
            median.read() / 1e9,
            median.written() / 1e9,
            stages(median.messages()));
  }

  private static Measured once(List<String> command, Path out)
      throws IOException, InterruptedException {
    Files.deleteIfExists(out);
    Measured.run(List.of("sync"));
    Measured measured = Measured.run(command);
    Files.delete(out);
    return measured;
  }

  private static String stages(String messages) {
    Matcher stage = STAGE.matcher(messages);
    return stage
        .results()
        .map(found -> found.group(1) + " " + found.group(2) + " " + found.group(3))
        .collect(Collectors.joining(", "));
  }

  private static Measured median(List<Measured> runs) {
    return runs.stream()
        .sorted(Comparator.comparingDouble(Measured::seconds))
        .skip((runs.size() - 1) / 2)
        .findFirst()
        .orElseThrow();
  }

  private static double fastest(List<Measured> runs) {
    return runs.stream().mapToDouble(Measured::seconds).min().orElseThrow();
  }
}
