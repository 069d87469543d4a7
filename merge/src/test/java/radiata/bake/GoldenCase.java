package radiata.bake;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A folder with a base, adapters and what real programs bake from them.
record GoldenCase(Path folder, JsonObject about) {

  /// One expected result.
  record Expectation(
      String runtime,
      List<Double> strengths,
      Path file,
      double rtol,
      double atol,
      JsonObject byDtype) {}

  /// The cases of every root: those of this project, and the further ones that `radiata.golden`
  /// names.
  static List<GoldenCase> all() throws IOException {
    List<Path> roots = new ArrayList<>();
    roots.add(Path.of(System.getProperty("radiata.testdata"), "golden", "bake"));
    for (String root : System.getProperty("radiata.golden", "").split(File.pathSeparator)) {
      if (!root.isBlank()) {
        roots.add(Path.of(root));
      }
    }
    List<GoldenCase> cases = new ArrayList<>();
    for (Path root : roots) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(f -> f.endsWith("case.json")).sorted().toList()) {
          JsonObject about = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
          if (about.has("expect")) {
            cases.add(new GoldenCase(file.getParent(), about));
          }
        }
      }
    }
    return cases;
  }

  String name() {
    return folder.getFileName().toString();
  }

  Path base() {
    return folder.resolve(about.get("base").getAsString());
  }

  List<Path> adapters() {
    List<Path> adapters = new ArrayList<>();
    for (JsonElement name : about.getAsJsonArray("adapters")) {
      adapters.add(folder.resolve(name.getAsString()));
    }
    return adapters;
  }

  /// Whether a strict program must refuse the file.
  boolean isRefused() {
    return about.has("rejects") && about.get("rejects").toString().contains("no such module");
  }

  List<Expectation> expectations() {
    List<Expectation> list = new ArrayList<>();
    for (JsonElement element : about.getAsJsonArray("expect")) {
      JsonObject expect = element.getAsJsonObject();
      List<Double> strengths = new ArrayList<>();
      JsonElement strength = expect.get("strength");
      if (strength.isJsonArray()) {
        JsonArray all = strength.getAsJsonArray();
        all.forEach(s -> strengths.add(s.getAsDouble()));
      } else {
        adapters().forEach(a -> strengths.add(strength.getAsDouble()));
      }
      list.add(
          new Expectation(
              expect.get("runtime").getAsString(),
              strengths,
              folder.resolve(expect.get("file").getAsString()),
              expect.has("rtol") ? expect.get("rtol").getAsDouble() : Double.NaN,
              expect.has("atol") ? expect.get("atol").getAsDouble() : Double.NaN,
              expect.has("by_dtype") ? expect.getAsJsonObject("by_dtype") : new JsonObject()));
    }
    return list;
  }

  /// The runtimes that refused the file, or skipped layers of it, and what they said.
  Map<String, String> failures() {
    Map<String, String> said = new LinkedHashMap<>();
    if (about.has("fails")) {
      for (JsonElement element : about.getAsJsonArray("fails")) {
        JsonObject failure = element.getAsJsonObject();
        said.put(failure.get("runtime").getAsString(), failure.get("what").getAsString());
      }
    }
    return said;
  }

  @Override
  public String toString() {
    return name();
  }
}
