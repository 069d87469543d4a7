package radiata.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.apache.commons.cli.Option;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Table;
import radiata.train.engine.Device;
import radiata.train.engine.Torch;
import radiata.train.replay.Deviation;
import radiata.train.replay.Replay;

/// `replay`: runs a recorded training run of another program again, and compares.
final class ReplayCommand implements Command {
  private static final Option DEVICE =
      Flags.value("device", "NAME", "cpu, cuda or cuda:N (default: cpu)");

  @Override
  public String name() {
    return "replay";
  }

  @Override
  public String summary() {
    return "Runs a recorded training run again and compares every step.";
  }

  @Override
  public List<String> usage() {
    return List.of("PACK [--device NAME]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example(
            "replay testdata/golden/train/sd1-dora-out",
            "losses, gradients and the end of a run of LyCORIS"));
  }

  @Override
  public List<Section> sections() {
    return List.of(Section.of("Run", DEVICE));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "A pack is a folder with pack.json, the inputs of every step, and what the program that"
            + " made it computed; docs/reference/packs.md describes it. The exit code is 1 if"
            + " anything is further from the record than its tolerance.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Device device;
    try {
      device = Device.named(arguments.text(DEVICE).orElse("cpu"));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--device: " + e.getMessage());
    }
    String pack = arguments.words("PACK").getFirst();
    List<Deviation> deviations = Replay.run(Arguments.path(pack), Torch.on(device));
    long beyond = deviations.stream().filter(d -> !d.holds()).count();
    if (console.json()) {
      console.document(document(pack, device, deviations));
    } else {
      Table table = new Table("record", "deviation", "tolerance", "");
      for (Deviation d : deviations) {
        table.row(d.name(), number(d.found()), number(d.tolerance()), d.holds() ? "" : "BEYOND");
      }
      console.table(table);
      console.say(
          beyond == 0
              ? "all %d records are met".formatted(deviations.size())
              : "%d of %d records are not met".formatted(beyond, deviations.size()));
    }
    return beyond == 0 ? 0 : 1;
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.2g", value);
  }

  /// The document of `--json`: the worst deviation of each kind, and every record.
  private static JsonObject document(String pack, Device device, List<Deviation> deviations) {
    JsonArray all = new JsonArray();
    for (Deviation d : deviations) {
      JsonObject one = new JsonObject();
      one.addProperty("record", d.name());
      one.add("deviation", Json.number(d.found()));
      one.add("tolerance", Json.number(d.tolerance()));
      one.addProperty("met", d.holds());
      all.add(one);
    }
    JsonObject document = Json.document();
    document.addProperty("pack", pack);
    document.addProperty("device", device.toString());
    document.addProperty("ok", deviations.stream().allMatch(Deviation::holds));
    document.add(
        "loss", worst(deviations, "max_abs", "loss of every step", "first_step", "loss at step 1"));
    document.add("gradients", worst(deviations, "max_rel", "gradients at step"));
    document.add(
        "adapter", worst(deviations, "max_abs", "final adapter, largest", "max_rel", "final "));
    document.add(
        "merged",
        worst(deviations, "max_abs", "merged weights, largest", "max_rel", "merged weights"));
    document.add("records", all);
    return document;
  }

  /// @param keysAndStarts a key, and how the records begin whose worst it states; and so on
  private static JsonObject worst(List<Deviation> deviations, String... keysAndStarts) {
    JsonObject object = new JsonObject();
    for (int i = 0; i < keysAndStarts.length; i += 2) {
      String start = keysAndStarts[i + 1];
      OptionalDouble most =
          deviations.stream()
              .filter(d -> d.name().startsWith(start))
              .filter(d -> start.endsWith("largest") || !d.name().endsWith("largest"))
              .mapToDouble(Deviation::found)
              .max();
      object.add(keysAndStarts[i], Json.number(most));
    }
    return object;
  }
}
