package radiata.batch;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a batch did, one JSON object a line, each on the disk before the next job begins.
final class Journal implements AutoCloseable {
  private final FileChannel channel;
  private final Map<String, List<String>> finished;

  private Journal(FileChannel channel, Map<String, List<String>> finished) {
    this.channel = channel;
    this.finished = finished;
  }

  /// @param resume whether the lines of an earlier run are kept and believed; else they go
  static Journal open(Path file, boolean resume) throws IOException {
    Map<String, List<String>> finished =
        resume && Files.exists(file) ? finished(file) : new HashMap<>();
    FileChannel channel =
        resume
            ? FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
            : FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
    Journal journal = new Journal(channel, finished);
    if (channel.size() > 0) {
      // The last line of a killed run may have no end.
      journal.write("\n");
    }
    return journal;
  }

  private static Map<String, List<String>> finished(Path file) throws IOException {
    Map<String, List<String>> finished = new HashMap<>();
    new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
        .lines()
        .flatMap(line -> object(line).stream())
        .forEach(entry -> note(entry, finished));
    return finished;
  }

  /// Empty for a line that a kill has cut, or that is not ours.
  private static Optional<JsonObject> object(String line) {
    try {
      return JsonParser.parseString(line) instanceof JsonObject object
          ? Optional.of(object)
          : Optional.empty();
    } catch (JsonParseException e) {
      return Optional.empty();
    }
  }

  private static void note(JsonObject entry, Map<String, List<String>> finished) {
    if (!(entry.get("output") instanceof JsonPrimitive output)) {
      return;
    }
    finished.remove(output.getAsString());
    if (entry.get("headers") instanceof JsonArray hashes) {
      List<String> headers = new ArrayList<>();
      for (JsonElement hash : hashes) {
        headers.add(hash instanceof JsonPrimitive text ? text.getAsString() : "");
      }
      finished.put(output.getAsString(), headers);
    }
  }

  /// The hashes of the headers of an output's files as they were when it was finished; empty if
  /// nothing is known of it.
  List<String> headers(Job job) {
    return finished.getOrDefault(job.name(), List.of());
  }

  void begun(Shard shard, int jobs) throws IOException {
    JsonObject line = line("begun");
    line.addProperty("schema", 1);
    line.addProperty("shard", shard.toString());
    line.addProperty("jobs", jobs);
    write(line);
  }

  void started(Job job) throws IOException {
    write(line("started", job));
  }

  void done(Job job, long bytes, List<String> headers) throws IOException {
    JsonObject line = line("done", job);
    line.addProperty("bytes", bytes);
    line.add("headers", array(headers));
    write(line);
  }

  void skipped(Job job, String why, List<String> headers) throws IOException {
    JsonObject line = line("skipped", job);
    line.addProperty("why", why);
    line.add("headers", array(headers));
    write(line);
  }

  private static JsonArray array(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  void failed(Job job, String why) throws IOException {
    JsonObject line = line("failed", job);
    line.addProperty("why", why);
    write(line);
  }

  void ended(long done, long skipped, long failed) throws IOException {
    JsonObject line = line("ended");
    line.addProperty("done", done);
    line.addProperty("skipped", skipped);
    line.addProperty("failed", failed);
    write(line);
  }

  private static JsonObject line(String event) {
    JsonObject line = new JsonObject();
    line.addProperty("event", event);
    return line;
  }

  private static JsonObject line(String event, Job job) {
    JsonObject line = line(event);
    line.addProperty("job", job.number());
    line.addProperty("output", job.name());
    return line;
  }

  private void write(JsonElement line) throws IOException {
    write(line + "\n");
  }

  private void write(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
