import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Measures what `bench/run` was asked for and prints it as Markdown.
public final class Bench {
  private static final List<String> ALL = List.of("sd15", "sdxl", "grid", "header", "convert", "unet8", "unet32", "llama");
  private static final List<String> TRAINED = List.of("unet8", "unet32", "llama");
  private static final String USAGE =
      "usage: bench/run [-n RUNS] [-t THREADS] [sd15] [sdxl] [grid] [header] [convert]"
          + " [unet8] [unet32] [llama]";

  private Bench() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int runs = 5;
    int threads = Runtime.getRuntime().availableProcessors();
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("-n")
          && i + 1 < arguments.length
          && arguments[i + 1].matches("[1-9]\\d{0,3}")) {
        runs = Integer.parseInt(arguments[++i]);
      } else if (arguments[i].equals("-t")
          && i + 1 < arguments.length
          && arguments[i + 1].matches("[1-9]\\d{0,2}")) {
        threads = Integer.parseInt(arguments[++i]);
      } else if (ALL.contains(arguments[i])) {
        wanted.add(arguments[i]);
      } else {
        System.err.println(USAGE);
        System.exit(2);
      }
    }
    if (wanted.isEmpty()) {
      wanted = ALL;
    }
    String folder = System.getenv().getOrDefault("BENCH_DIR", ".bench");
    Path place = Files.createDirectories(Path.of(folder));
    System.out.println(Machine.describe(place));
    System.out.println();
    List<String> models = wanted.stream().filter(name -> name.startsWith("sd")).toList();
    if (!models.isEmpty()) {
      Bakes.print(models, place, runs);
      System.out.println();
    }
    if (wanted.contains("grid")) {
      Grids.print(place, runs);
      System.out.println();
    }
    if (wanted.contains("header")) {
      Headers.print(place);
      System.out.println();
    }
    if (wanted.contains("convert")) {
      Conversions.print();
      System.out.println();
    }
    List<String> steps = wanted.stream().filter(TRAINED::contains).toList();
    if (!steps.isEmpty()) {
      Steps.print(steps, place, runs, threads);
    }
  }
}
