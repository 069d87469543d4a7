package radiata.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Settings;

/// Tells a story in commands that are really run, each as the user would type it, and remembers
/// which checks held.
final class DemoSteps {
  private static final int INDENT = 2;
  private static final String MARK = "    | ";

  private final Console console;
  private final JsonArray steps = new JsonArray();
  private final JsonArray checks = new JsonArray();
  private boolean ok = true;

  DemoSteps(Console console) {
    this.console = console;
  }

  Console console() {
    return console;
  }

  boolean ok() {
    return ok;
  }

  void title(String title) {
    console.say("");
    console.heading(title);
  }

  /// A paragraph.
  void say(String text) {
    indented(Help.wrapped(text, INDENT, console.width()));
  }

  /// Someone else's text, marked as such.
  void quote(String text) {
    text.lines()
        .flatMap(line -> Help.wrapped(line, MARK.length(), console.width()).lines())
        .forEach(line -> console.say((MARK + line.strip()).stripTrailing()));
  }

  private void indented(String text) {
    console.say(text.isEmpty() ? "" : " ".repeat(INDENT) + text);
  }

  /// Runs a command and shows what it says.
  ///
  /// @param shown the most lines that are shown
  void run(int shown, Object... command) throws IOException {
    List<String> words = words(command);
    String line = "radiata " + String.join(" ", words.stream().map(DemoSteps::quoted).toList());
    console.say("");
    console.heading("$ " + folded(line));
    Ran ran = run(words, console.json());
    if (console.json()) {
      JsonObject step = new JsonObject();
      step.addProperty("command", line);
      step.addProperty("exit", ran.exit());
      step.add("result", JsonParser.parseString(ran.said()));
      steps.add(step);
    } else {
      List<String> lines = ran.said().lines().toList();
      // One line more costs no more than saying that it is there.
      int most = lines.size() == shown + 1 ? lines.size() : shown;
      lines.stream().limit(most).forEach(this::indented);
      if (lines.size() > most) {
        indented("… and %d lines more".formatted(lines.size() - most));
      }
    }
    if (ran.exit() != 0) {
      check(false, "exit code %d of %s".formatted(ran.exit(), line));
    }
  }

  /// A long command over several lines, in the way that a shell reads as one.
  private String folded(String line) {
    return line.length() + 2 <= console.width()
        ? line
        : line.replaceAll(" (?=-[ao] )", " \\\\\n    ");
  }

  /// The document of a command that is run without being shown.
  JsonObject ask(Object... command) throws IOException {
    return JsonParser.parseString(run(words(command), true).said()).getAsJsonObject();
  }

  /// Tells whether something that must hold does.
  void check(boolean holds, String what) {
    console.say("  %s %s".formatted(holds ? "✓" : "✗", Help.wrapped(what, 4, console.width())));
    ok &= holds;
    JsonObject check = new JsonObject();
    check.addProperty("check", what);
    check.addProperty("ok", holds);
    checks.add(check);
  }

  /// What was run and found.
  JsonObject document() {
    JsonObject document = Json.document();
    document.addProperty("ok", ok);
    document.add("steps", steps);
    document.add("checks", checks);
    return document;
  }

  private record Ran(int exit, String said) {}

  private Ran run(List<String> command, boolean json) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream results = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
      List<String> all = new ArrayList<>(common(json));
      all.addAll(command);
      int exit = new Invocation(all, console.to(results)).run();
      results.flush();
      return new Ran(exit, bytes.toString(StandardCharsets.UTF_8));
    }
  }

  /// The common options that the user gave to the demonstration hold for its steps.
  private List<String> common(boolean json) {
    Settings settings = console.settings();
    List<String> options = new ArrayList<>(List.of("--threads=" + settings.threads()));
    if (json) {
      options.add("--json");
    }
    if (settings.quiet()) {
      options.add("--quiet");
    }
    Boolean colour = settings.colour();
    if (colour != null) {
      options.add(colour ? "--color" : "--no-color");
    }
    return options;
  }

  private static List<String> words(Object... command) {
    List<String> words = new ArrayList<>();
    for (Object word : command) {
      words.add(word instanceof Path path ? shown(path) : String.valueOf(word));
    }
    return words;
  }

  /// A path as short as it can be named from here.
  static String shown(Path path) {
    Path here = Path.of("").toAbsolutePath();
    Path whole = path.toAbsolutePath().normalize();
    return (whole.startsWith(here) ? here.relativize(whole) : whole).toString();
  }

  private static String quoted(String word) {
    return word.matches("[-\\w./+:=\\\\]+") ? word : "'" + word + "'";
  }
}
