import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What the numbers were measured on, without its name.
final class Machine {
  private Machine() {}

  static String describe(Path place) throws IOException {
    List<String> cpu = Files.readAllLines(Path.of("/proc/cpuinfo"));
    List<String> memory = Files.readAllLines(Path.of("/proc/meminfo"));
    String vectors = value(cpu, "flags").contains("avx512f") ? "AVX-512" : "no AVX-512";
    long gib = Math.round(Long.parseLong(value(memory, "MemTotal").split(" ")[0]) / 1048576.0);
    return "%s, %d cores, %s, %d GiB of memory, %s; %s %s"
        .formatted(
            value(cpu, "model name"),
            Runtime.getRuntime().availableProcessors(),
            vectors,
            gib,
            Files.getFileStore(place).type(),
            System.getProperty("java.vendor.version"),
            System.getProperty("java.vm.name"));
  }

  private static String value(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .findFirst()
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .orElse("unknown " + name);
  }
}
