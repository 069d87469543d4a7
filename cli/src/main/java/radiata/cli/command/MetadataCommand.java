package radiata.cli.command;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.cli.report.Text;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.MetadataEdit;
import radiata.safetensors.SafetensorsFile;

/// `metadata`: reads and edits the `__metadata__` of a file; its tensors stay as they are.
final class MetadataCommand implements Command {
  private static final List<String> ACTIONS = List.of("show", "set", "unset", "copy");

  @Override
  public String name() {
    return "metadata";
  }

  @Override
  public String summary() {
    return "Shows and edits the metadata of a file, in place when its header has room.";
  }

  @Override
  public List<String> usage() {
    return List.of("show FILE", "set FILE KEY=VALUE...", "unset FILE KEY...", "copy FROM TO");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("metadata show lora.safetensors", "every key and value"),
        new Example("metadata set lora.safetensors modelspec.title=\"My style\"", "sets one key"),
        new Example("metadata unset lora.safetensors ss_dataset_dirs", "removes one key"),
        new Example(
            "metadata copy lora.safetensors resized.safetensors", "gives a file another's keys"));
  }

  @Override
  public List<Section> sections() {
    return List.of();
  }

  @Override
  public List<String> notes() {
    return List.of(
        "copy sets the keys that FROM has, but for where FROM comes from (radiata); those that only"
            + " TO has stay. An edit leaves the tensors"
            + " and their hash (AutoV3) as they are; the hash of the whole file changes.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    List<String> words = arguments.words();
    if (words.isEmpty()) {
      throw new UsageException("what to do is missing: " + String.join(", ", ACTIONS));
    }
    switch (words.getFirst()) {
      case "show" -> show(Arguments.path(arguments.words("", "FILE").get(1)), console);
      case "set" -> set(words, console);
      case "unset" -> unset(words, console);
      case "copy" -> {
        List<String> files = arguments.words("", "FROM", "TO");
        copy(Arguments.path(files.get(1)), Arguments.path(files.get(2)), console);
      }
      default ->
          throw new UsageException(
              "unknown action '%s'; the nearest is '%s'"
                  .formatted(words.getFirst(), Nearest.of(words.getFirst(), ACTIONS)));
    }
    return 0;
  }

  private static void show(Path path, Console console) throws IOException {
    Map<String, String> metadata = read(path);
    if (console.json()) {
      console.document(document(path, metadata));
    } else if (metadata.isEmpty()) {
      console.say("no metadata");
    }
    metadata.forEach((key, value) -> console.say(Text.safe(key) + ": " + Text.safe(value)));
  }

  private static void set(List<String> words, Console console) throws IOException {
    Path file = file(words, "KEY=VALUE");
    Map<String, String> changes = new LinkedHashMap<>();
    for (String word : words.subList(2, words.size())) {
      int equals = word.indexOf('=');
      if (equals < 1) {
        throw new UsageException("'%s' is not KEY=VALUE".formatted(word));
      }
      changes.put(word.substring(0, equals), word.substring(equals + 1));
    }
    put(file, changes, console);
  }

  private static void copy(Path from, Path to, Console console) throws IOException {
    Map<String, String> metadata = ProvenanceView.without(read(from));
    if (metadata.isEmpty()) {
      throw new CommandException("no-metadata", from, "has no metadata to copy");
    }
    put(to, metadata, console);
  }

  private static void put(Path file, Map<String, String> changes, Console console)
      throws IOException {
    Map<String, String> metadata = readForEdit(file);
    metadata.putAll(changes);
    write(file, metadata, Sizes.plural(changes.size(), "key") + " set", console);
  }

  private static void unset(List<String> words, Console console) throws IOException {
    Path file = file(words, "KEY");
    Map<String, String> metadata = readForEdit(file);
    List<String> keys = words.subList(2, words.size()).stream().distinct().toList();
    for (String key : keys) {
      if (!metadata.containsKey(key)) {
        throw new CommandException("no-such-key", file, absent(key, metadata));
      }
    }
    metadata.keySet().removeAll(keys);
    write(file, metadata, Sizes.plural(keys.size(), "key") + " removed", console);
  }

  private static String absent(String key, Map<String, String> metadata) {
    return metadata.isEmpty()
        ? "has no metadata, so no key '%s'".formatted(key)
        : "has no key '%s' in its metadata; the nearest is '%s'"
            .formatted(key, Nearest.of(key, List.copyOf(metadata.keySet())));
  }

  private static Path file(List<String> words, String then) {
    if (words.size() < 3) {
      throw new UsageException((words.size() < 2 ? "FILE" : then) + " is missing");
    }
    return Arguments.path(words.get(1));
  }

  private static Map<String, String> read(Path path) throws IOException {
    try (Checkpoint model = Models.open(path)) {
      return model.metadata();
    }
  }

  /// What an edit that was killed has left is undone first, as it can leave a broken header.
  private static Map<String, String> readForEdit(Path file) throws IOException {
    MetadataEdit.recover(file);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      return new LinkedHashMap<>(open.metadata());
    }
  }

  private static void write(Path file, Map<String, String> metadata, String done, Console console)
      throws IOException {
    MetadataEdit.apply(file, metadata);
    if (console.json()) {
      console.document(document(file, metadata));
    }
    console.say("%s: %s".formatted(Text.safe(file.toString()), done));
  }

  private static JsonObject document(Path path, Map<String, String> metadata) {
    JsonObject document = Json.document();
    document.addProperty("path", path.toString());
    document.add("metadata", Json.texts(metadata));
    return document;
  }
}
