package radiata.cli.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rows of text under headings, columns as wide as their widest cell, numbers at the right.
public final class Table {
  private static final String GAP = "  ";

  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  public Table(String... headings) {
    this.headings = List.of(headings);
  }

  /// Adds a row; its cells are made safe to show.
  public Table row(Object... cells) {
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(cells.length + " cells under " + headings);
    }
    rows.add(Arrays.stream(cells).map(cell -> Text.safe(String.valueOf(cell))).toList());
    return this;
  }

  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /// The lines, headings first.
  public List<String> lines() {
    int columns = headings.size();
    int[] widths = new int[columns];
    boolean[] numeric = new boolean[columns];
    for (int column = 0; column < columns; column++) {
      widths[column] = headings.get(column).length();
      numeric[column] = !rows.isEmpty();
      for (List<String> row : rows) {
        widths[column] = Math.max(widths[column], row.get(column).length());
        numeric[column] &= isNumber(row.get(column));
      }
    }
    List<String> lines = new ArrayList<>();
    lines.add(line(headings, widths, numeric));
    rows.forEach(row -> lines.add(line(row, widths, numeric)));
    return lines;
  }

  private static String line(List<String> cells, int[] widths, boolean[] numeric) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < cells.size(); column++) {
      String cell = cells.get(column);
      String padding = " ".repeat(widths[column] - cell.length());
      line.append(column == 0 ? "" : GAP);
      line.append(numeric[column] ? padding + cell : cell + padding);
    }
    return line.toString().stripTrailing();
  }

  private static boolean isNumber(String cell) {
    return cell.equals("-")
        || cell.matches("[-+]?[0-9][0-9.,]*([eE][-+]?[0-9]+)?( ?[A-Za-z%]{1,3})?");
  }
}
