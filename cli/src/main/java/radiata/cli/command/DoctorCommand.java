package radiata.cli.command;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.train.engine.Libraries;
import radiata.train.engine.Outlook;

/// `doctor`: the machine as radiata sees it, and what it will use of it.
final class DoctorCommand implements Command {
  @Override
  public String name() {
    return "doctor";
  }

  @Override
  public String summary() {
    return "Shows the JDK, memory, disk, libtorch and GPU, what will be used, and why.";
  }

  @Override
  public List<String> usage() {
    return List.of("");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("doctor", "what this machine offers"),
        new Example("doctor --json", "the same for a script, or for a bug report"));
  }

  @Override
  public List<Section> sections() {
    return List.of();
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    arguments.words(new String[0]);
    Path folder = Path.of("").toAbsolutePath();
    FileStore store = Files.getFileStore(folder);
    long memory = physicalMemory();
    long heap = Runtime.getRuntime().maxMemory();
    int cores = Runtime.getRuntime().availableProcessors();
    String jdk = "%s, %s".formatted(Runtime.version(), System.getProperty("java.vendor"));
    String system =
        "%s %s, %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch"));
    Outlook outlook = Outlook.here();
    if (console.json()) {
      JsonObject document = Json.document();
      document.addProperty("version", Version.number());
      document.addProperty("jdk", Runtime.version().toString());
      document.addProperty("jdk_vendor", System.getProperty("java.vendor"));
      document.addProperty("jdk_home", System.getProperty("java.home"));
      document.addProperty("system", system);
      document.addProperty("memory_bytes", memory);
      document.addProperty("heap_bytes", heap);
      document.addProperty("cores", cores);
      document.addProperty("threads", console.threads());
      document.addProperty("folder", folder.toString());
      document.addProperty("disk_free_bytes", store.getUsableSpace());
      document.add("libtorch", libtorch(outlook.libraries()));
      document.addProperty("gpus", outlook.gpus());
      document.addProperty("device", outlook.device().toString());
      document.addProperty("device_because", outlook.because());
      console.document(document);
      return 0;
    }
    console.heading("radiata " + Version.number());
    line(console, "JDK", jdk, System.getProperty("java.home"));
    line(console, "system", system, "");
    line(
        console,
        "memory",
        Sizes.bytes(memory),
        "tensors are held outside the heap, a few at a time; what is free serves as file cache");
    line(
        console,
        "heap",
        Sizes.bytes(heap),
        "for names and plans; RADIATA_JAVA_OPTS=-Xmx2g raises it");
    line(
        console,
        "threads",
        console.threads() + " of " + Sizes.plural(cores, "core"),
        "--threads N asks for fewer; the results are the same bytes");
    line(
        console,
        "disk",
        Sizes.bytes(store.getUsableSpace()) + " free",
        "in " + folder + "; an output is written beside its target and needs its whole size there");
    Libraries libraries = outlook.libraries();
    line(
        console,
        "libtorch",
        "%s, %s".formatted(libraries.version(), libraries.flavor()),
        libraries.trouble().orElseGet(() -> where(libraries)));
    line(console, "device", outlook.device().toString(), outlook.because());
    return 0;
  }

  private static String where(Libraries libraries) {
    String folder = libraries.folder().map(Path::toString).orElse("nowhere");
    return libraries.unpacked()
        ? "from %s, in %s".formatted(libraries.from(), folder)
        : "from %s; train and replay unpack it into %s at first use, %s"
            .formatted(
                libraries.from(),
                folder,
                libraries.cuda() ? "about 4 GB" : "about half a gigabyte");
  }

  private static JsonObject libtorch(Libraries libraries) {
    JsonObject libtorch = new JsonObject();
    libtorch.addProperty("version", libraries.version());
    libtorch.addProperty("flavor", libraries.flavor());
    libtorch.addProperty("from", libraries.from());
    libtorch.addProperty("folder", libraries.folder().map(Path::toString).orElse(null));
    libtorch.addProperty("unpacked", libraries.unpacked());
    libtorch.addProperty("trouble", libraries.trouble().orElse(null));
    return libtorch;
  }

  private static void line(Console console, String what, String found, String why) {
    console.say(
        "  %-8s  %s".formatted(what, found) + (why.isEmpty() ? "" : "\n            " + why));
  }

  private static long physicalMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }
}
