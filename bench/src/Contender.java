import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// A process that makes training steps one by one, when it is asked to.
final class Contender implements AutoCloseable {
  private static final int WARMING = 1;

  private final String name;
  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter questions;
  private final List<Double> seconds = new ArrayList<>();
  private final List<Double> worked = new ArrayList<>();
  private final Path messages;
  private long parameters;
  private double first = Double.NaN;
  private long steps;

  Contender(String name, List<String> command) throws IOException {
    this.name = name;
    this.messages = Files.createTempFile("bench", ".log");
    this.process = new ProcessBuilder(command).redirectError(messages.toFile()).start();
    this.answers = process.inputReader();
    this.questions = process.outputWriter();
  }

  private String[] answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException(name + " ended\n" + Files.readString(messages));
    }
    return line.split(" ");
  }

  /// Waits until it has loaded its model.
  void ready() throws IOException {
    parameters = Long.parseLong(answer()[1]);
  }

  void step() throws IOException {
    questions.write("\n");
    questions.flush();
    String[] answer = answer();
    if (steps == 0) {
      first = Double.parseDouble(answer[2]);
    }
    if (steps++ >= WARMING) {
      seconds.add(Double.parseDouble(answer[0]));
      worked.add(Double.parseDouble(answer[1]));
    }
  }

  static int warming() {
    return WARMING;
  }

  String name() {
    return name;
  }

  double median() {
    return median(seconds);
  }

  /// Seconds of all processors together.
  double processor() {
    return median(worked);
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }

  /// How many numbers it trains.
  long parameters() {
    return parameters;
  }

  /// The loss before anything was learned.
  double first() {
    return first;
  }

  /// The highest resident memory so far, MiB.
  double peak() throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
        .filter(line -> line.startsWith("VmHWM"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .max()
        .orElseThrow()
        / 1024.0;
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    process.onExit().join();
    Files.delete(messages);
  }
}
