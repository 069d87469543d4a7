package radiata.cli.command;

import java.util.List;
import org.apache.commons.cli.Option;

/// Options that belong together, under one title in the help.
public record Section(String title, List<Option> options) {
  public Section {
    options = List.copyOf(options);
  }

  static Section of(String title, Option... options) {
    return new Section(title, List.of(options));
  }
}
