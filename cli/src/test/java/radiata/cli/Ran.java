package radiata.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import radiata.cli.report.Console;

/// One run of the program within this process: what it returned and said.
record Ran(int exit, String out, String err) {
  static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));

  /// Runs it away from any terminal.
  static Ran radiata(Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        Console.of(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            80);
    int exit = Main.run(Arrays.stream(args).map(String::valueOf).toArray(String[]::new), console);
    return new Ran(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  JsonObject json() {
    return JsonParser.parseString(out).getAsJsonObject();
  }

  static Path golden(String name) {
    return TESTDATA.resolve("golden/bake").resolve(name);
  }

  static Path real(String name) {
    return TESTDATA.resolve("real").resolve(name);
  }
}
