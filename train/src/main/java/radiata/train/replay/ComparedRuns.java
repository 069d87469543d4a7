package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.train.nn.NetworkException;

/// What a `comparison` pack records: its methods, and every number of its table.
record ComparedRuns(Pack pack, Map<String, Turning> turnings) {
  private static final int COLUMNS = 8;

  static ComparedRuns open(Pack pack) throws IOException {
    Map<String, Turning> turnings = new HashMap<>();
    Path file = pack.folder().resolve("magnitude_direction.csv");
    List<String> lines = Files.readAllLines(file);
    for (int i = 1; i < lines.size(); i++) {
      String[] cells = lines.get(i).split(",", -1);
      if (cells.length != COLUMNS) {
        throw new NetworkException("%s, line %d: expected 8 values".formatted(file, i + 1));
      }
      turnings.put(
          key(cells[0], cells[1], cells[2], cells[3]),
          new Turning(
              Double.parseDouble(cells[4]),
              Double.parseDouble(cells[5]),
              Double.parseDouble(cells[6]),
              Double.parseDouble(cells[7])));
    }
    return new ComparedRuns(pack, turnings);
  }

  private static String key(String method, String seed, String step, String module) {
    return String.join(" ", method, seed, step, module);
  }

  Optional<Turning> turning(String method, int seed, int step, String module) {
    return Optional.ofNullable(
        turnings.get(key(method, String.valueOf(seed), String.valueOf(step), module)));
  }

  List<String> methods() {
    return pack.names("methods");
  }

  /// The number that a run ended with, such as `eval_step60`.
  Optional<Double> result(String method, int seed, String what) {
    return pack.objects("results").stream()
        .filter(one -> one.text("method").orElse("").equals(method) && one.need("seed") == seed)
        .flatMap(one -> one.number(what).stream())
        .findFirst();
  }

  /// The adapter that a run began with. A plain LoRA begins with the factors of the DoRA of its
  /// rank.
  Path first(String method, int seed) {
    String start = "seed" + seed + "/initial_adapter.safetensors";
    Path own = pack.folder().resolve(method).resolve(start);
    return Files.exists(own)
        ? own
        : pack.folder().resolve(method.replace("lora", "dora")).resolve(start);
  }

  /// Adapters that the record keeps of a run, by step.
  Map<Integer, Path> kept(String method, int seed, List<Integer> steps) {
    Map<Integer, Path> files = new HashMap<>();
    for (int step : steps) {
      Path file =
          pack.folder()
              .resolve(method)
              .resolve("seed" + seed + "/step" + step + "_adapter.safetensors");
      if (Files.exists(file)) {
        files.put(step, file);
      }
    }
    return files;
  }

  List<Integer> checkpoints() {
    List<Integer> steps = new ArrayList<>();
    pack.numbers("training", "checkpoints").forEach(step -> steps.add(step.intValue()));
    return steps;
  }
}
