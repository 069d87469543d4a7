package radiata.train.log;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The values of every step as a table: `step,epoch,` and a column for each tag. It holds no clock:
/// two runs of one config have the same table.
public final class CsvLog implements AutoCloseable {
  private final Writer writer;
  private List<String> tags;

  private CsvLog(Writer writer, List<String> tags) {
    this.writer = writer;
    this.tags = tags;
  }

  /// Begins a table, or goes on with one.
  ///
  /// @param after the last step that counts; lines of later ones, which a broken run left, go. 0
  ///   begins anew
  public static CsvLog open(Path file, int after) throws IOException {
    Files.createDirectories(file.toAbsolutePath().resolveSibling(""));
    List<String> kept = after > 0 && Files.exists(file) ? kept(file, after) : List.of();
    Path built = file.resolveSibling("." + file.getFileName() + ".tmp");
    Files.write(built, kept);
    Files.move(built, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    List<String> tags = new ArrayList<>();
    if (!kept.isEmpty()) {
      tags.addAll(List.of(kept.getFirst().split(",", -1)));
    }
    return new CsvLog(
        Files.newBufferedWriter(file, StandardOpenOption.APPEND),
        tags.isEmpty() ? tags : tags.subList(2, tags.size()));
  }

  private static List<String> kept(Path file, int after) throws IOException {
    List<String> lines = Files.readAllLines(file);
    List<String> kept = new ArrayList<>();
    for (String line : lines) {
      boolean header = kept.isEmpty() && line.startsWith("step,epoch");
      boolean number = line.matches("[0-9]{1,9},.*");
      if (header || (number && Integer.parseInt(line.substring(0, line.indexOf(','))) <= after)) {
        kept.add(line);
      }
    }
    return kept;
  }

  /// The values of a tag in the steps that were written before, in their order.
  public static List<Double> values(Path file, String tag) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    List<String> lines = Files.readAllLines(file);
    int column = lines.isEmpty() ? -1 : List.of(lines.getFirst().split(",", -1)).indexOf(tag);
    List<Double> values = new ArrayList<>();
    for (int i = 1; column >= 0 && i < lines.size(); i++) {
      String[] cells = lines.get(i).split(",", -1);
      if (cells.length > column) {
        values.add(Double.valueOf(cells[column]));
      }
    }
    return values;
  }

  /// Writes a step through to the system, so that a run that breaks leaves all but it.
  ///
  /// @throws IllegalArgumentException if it has other tags than the steps before
  public void add(StepRecord record) throws IOException {
    if (tags.isEmpty()) {
      tags = List.copyOf(record.values().keySet());
      writer.write("step,epoch," + String.join(",", tags) + "\n");
    }
    if (!tags.equals(List.copyOf(record.values().keySet()))) {
      throw new IllegalArgumentException(
          "tags %s after %s".formatted(record.values().keySet(), tags));
    }
    String values =
        record.values().values().stream().map(String::valueOf).collect(Collectors.joining(","));
    writer.write("%d,%d,%s\n".formatted(record.step(), record.epoch(), values));
    writer.flush();
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
