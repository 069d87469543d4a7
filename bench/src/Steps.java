import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.spi.ToolProvider;

/// Steps of training beside those of LyCORIS on diffusers and PEFT on transformers: forward pass,
/// backward pass, clipping and AdamW, on the same weights, inputs and number of threads. Those that
/// are compared run at the same time, and step by turns.
final class Steps {
  private Steps() {}

  private record Setting(String kind, Path file, int size, Path classes, Path python, int threads) {
    Contender start(String how) throws IOException {
      List<String> command = new ArrayList<>();
      boolean peer = how.startsWith("python ");
      if (peer) {
        command.addAll(List.of(python.resolve("bin/python").toString(), "bench/peer.py"));
      } else {
        // As the launcher starts Radiata.
        command.addAll(
            List.of(
                System.getProperty("java.home") + "/bin/java", "-Xms192m", "-Xmn96m", "-Xmx512m",
                "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp",
                classes + ":cli/target/radiata/lib/*", "Trainer"));
      }
      command.addAll(
          List.of(
              kind,
              file.toString(),
              peer ? how.substring("python ".length()) : how,
              Integer.toString(size),
              Integer.toString(threads)));
      return new Contender(how, command);
    }
  }

  /// @param wanted `unet8`, `unet32` or `llama`
  /// @param threads of every process
  static void print(Collection<String> wanted, Path place, int runs, int threads)
      throws IOException, InterruptedException {
    Path classes = compiled(place);
    Path python = python();
    System.out.println(
        "| step, threads: "
            + threads
            + " | | median s | of Python | of LoRA | processor s | of Python | of LoRA"
            + " | peak MiB | of Python | first loss |");
    System.out.println("|---|---|---|---|---|---|---|---|---|---|---|");
    for (String each : wanted) {
      if (each.equals("llama")) {
        Path llama = Generate.file(place.resolve("llama.safetensors"), Models.llama());
        Setting at = new Setting("llama", llama, 256, classes, python, threads);
        compare("Llama, 256 tokens", at, runs, List.of("lora", "python lora"));
        compare(
            "Llama, 256 tokens",
            at,
            runs,
            List.of("lora", "dora detached", "dora full", "python dora"));
      } else {
        int side = Integer.parseInt(each.substring("unet".length()));
        Path unet = Generate.file(place.resolve("unet.safetensors"), Models.unet());
        Setting at = new Setting("unet", unet, side, classes, python, threads);
        String title = "UNet, %d×%d".formatted(side, side);
        compare(title, at, runs, List.of("lora", "python bypass", "python lora"));
        compare(title, at, runs, List.of("lora", "dora detached", "dora full", "python dora"));
        compare(title, at, runs, List.of("lora", "built dora detached", "built dora full"));
      }
    }
  }

  private static void compare(String title, Setting at, int runs, List<String> names)
      throws IOException {
    List<Contender> all = new ArrayList<>();
    try {
      for (String name : names) {
        all.add(at.start(name));
      }
      for (Contender each : all) {
        each.ready();
      }
      if (all.stream().mapToLong(Contender::parameters).distinct().count() > 1) {
        all.forEach(each -> System.err.println(each.name() + " trains " + each.parameters()));
      }
      for (int run = 0; run < runs + Contender.warming(); run++) {
        for (Contender each : run % 2 == 0 ? all : all.reversed()) {
          each.step();
        }
      }
      Contender last = all.getLast();
      Contender peer = last.name().startsWith("python ") ? last : null;
      Contender lora = all.getFirst().name().equals("lora") ? all.getFirst() : null;
      for (Contender each : all) {
        System.out.printf(
            "| %s | %s | %.2f | %s | %s | %.2f | %s | %s | %.0f | %s | %.5f |%n",
            title,
            each.name(),
            each.median(),
            ratio(each.median(), peer == null ? 0 : peer.median()),
            ratio(each.median(), lora == null ? 0 : lora.median()),
            each.processor(),
            ratio(each.processor(), peer == null ? 0 : peer.processor()),
            ratio(each.processor(), lora == null ? 0 : lora.processor()),
            each.peak(),
            ratio(each.peak(), peer == null ? 0 : peer.peak()),
            each.first());
      }
    } finally {
      for (Contender each : all) {
        each.close();
      }
    }
  }

  private static String ratio(double value, double to) {
    return to == 0 ? "" : "%.2f".formatted(value / to);
  }

  /// The classes of this folder, for processes that are to hold no compiler.
  private static Path compiled(Path place) throws IOException {
    Path classes = Files.createDirectories(place.resolve("classes"));
    int code =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                new PrintWriter(System.err, true),
                new PrintWriter(System.err, true),
                "-d", classes.toString(),
                "-cp", System.getProperty("java.class.path"),
                "bench/src/Trainer.java", "bench/src/Materialised.java");
    if (code != 0) {
      throw new IOException("bench/src/Trainer.java does not compile");
    }
    return classes;
  }

  private static Path python() throws IOException, InterruptedException {
    Process install =
        new ProcessBuilder("testdata/interop/install")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String folder = new String(install.getInputStream().readAllBytes()).strip();
    if (install.waitFor() != 0) {
      throw new IOException("testdata/interop/install made no Python environment");
    }
    return Path.of(folder);
  }
}
