package radiata.train.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import radiata.train.config.SampleSection.Prompt;
import radiata.train.config.SampleSection.Sampler;
import radiata.train.data.Size;

/// Reads what samples are drawn. Prompts are a list, or the path of a file with one on every line;
/// options may follow each.
final class SampleReader {
  private static final Pattern OPTION = Pattern.compile("\\s--([a-z]+)\\s+");
  private static final int MOST_STEPS = 1000;
  private static final int MOST_PIXELS = 4096;
  private static final double MOST_GUIDANCE = 1000;

  private final Keys keys;

  SampleReader(Keys keys) {
    this.keys = keys;
  }

  SampleSection read(DataSection data) {
    keys.requireOne("sample_every_n_steps", "sample_every_n_epochs");
    OptionalInt everySteps = TrainingReader.count(keys, "sample_every_n_steps");
    OptionalInt everyEpochs = TrainingReader.count(keys, "sample_every_n_epochs");
    boolean first = keys.flag("sample_at_first", false);
    Prompt like =
        new Prompt(
            "",
            keys.textOr("sample_negative", ""),
            keys.other("sample_size", resolution(data), SampleReader::size),
            keys.seed("sample_seed").map(OptionalLong::of).orElse(OptionalLong.empty()),
            keys.number("sample_guidance", 0, MOST_GUIDANCE, 7.5),
            keys.whole("sample_steps", 1, MOST_STEPS, 20),
            keys.choice("sample_sampler", Sampler.class, Sampler.EULER));
    List<Prompt> prompts = keys.other("sample_prompts", List.of(), place -> prompts(place, like));
    if (prompts.isEmpty() && (everySteps.isPresent() || everyEpochs.isPresent() || first)) {
      keys.mistake("sample_prompts", "'sample_prompts' is missing: samples of what");
    }
    if (!prompts.isEmpty() && data instanceof TextSection) {
      keys.mistake("sample_prompts", "samples are for image models");
    }
    return new SampleSection(prompts, everySteps, everyEpochs, first);
  }

  private static Size resolution(DataSection data) {
    return data instanceof ImageSection images && !images.datasets().isEmpty()
        ? images.datasets().getFirst().buckets().resolution()
        : new Size(512, 512);
  }

  private static Size size(Keys.Place place) {
    Size size = ImageReader.size(place);
    if (size.width() % 8 != 0 || size.height() % 8 != 0) {
      throw place.error("%s: both have to be multiples of 8".formatted(size));
    }
    return size;
  }

  private static List<Prompt> prompts(Keys.Place place, Prompt like) {
    List<String> lines = place.table().oneOrMore(place.key());
    boolean file = lines.size() == 1 && lines.getFirst().endsWith(".txt");
    List<Prompt> prompts = new ArrayList<>();
    for (String line : file ? lines(place, Keys.path(place, lines.getFirst())) : lines) {
      String text = line.strip();
      if (!text.isEmpty() && !(file && text.startsWith("#"))) {
        prompts.add(prompt(place, text, like));
      }
    }
    return prompts;
  }

  private static List<String> lines(Keys.Place place, Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw place.error("%s does not exist".formatted(file));
      }
      return Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw place.error("%s is not UTF-8".formatted(file));
    } catch (IOException e) {
      throw place.error("%s cannot be read".formatted(file));
    }
  }

  private static Prompt prompt(Keys.Place place, String line, Prompt like) {
    Matcher option = OPTION.matcher(line + " ");
    Prompt prompt = like;
    String text = line;
    String name = "";
    int from = 0;
    while (option.find()) {
      String before = line.substring(from, option.start()).strip();
      if (name.isEmpty()) {
        text = before;
      } else {
        prompt = with(place, prompt, name, before);
      }
      name = option.group(1);
      from = Math.min(option.end(), line.length());
    }
    if (!name.isEmpty()) {
      prompt = with(place, prompt, name, line.substring(from).strip());
    }
    return new Prompt(
        text,
        prompt.negative(),
        prompt.size(),
        prompt.seed(),
        prompt.guidance(),
        prompt.steps(),
        prompt.sampler());
  }

  private static Prompt with(Keys.Place place, Prompt p, String option, String value) {
    Size size = p.size();
    return switch (option) {
      case "n" -> new Prompt("", value, size, p.seed(), p.guidance(), p.steps(), p.sampler());
      case "w" -> sized(p, new Size(side(place, option, value), size.height()));
      case "h" -> sized(p, new Size(size.width(), side(place, option, value)));
      case "d" ->
          new Prompt(
              "",
              p.negative(),
              size,
              OptionalLong.of((long) number(place, option, value, 0, 1L << 53)),
              p.guidance(),
              p.steps(),
              p.sampler());
      case "l" ->
          new Prompt(
              "",
              p.negative(),
              size,
              p.seed(),
              number(place, option, value, 0, MOST_GUIDANCE),
              p.steps(),
              p.sampler());
      case "s" ->
          new Prompt(
              "",
              p.negative(),
              size,
              p.seed(),
              p.guidance(),
              (int) number(place, option, value, 1, MOST_STEPS),
              p.sampler());
      case "ss" ->
          new Prompt(
              "", p.negative(), size, p.seed(), p.guidance(), p.steps(), sampler(place, value));
      default ->
          throw place.error("--%s is none of --n, --w, --h, --d, --l, --s, --ss".formatted(option));
    };
  }

  private static Prompt sized(Prompt p, Size size) {
    return new Prompt("", p.negative(), size, p.seed(), p.guidance(), p.steps(), p.sampler());
  }

  private static int side(Keys.Place place, String option, String value) {
    int side = (int) number(place, option, value, 8, MOST_PIXELS);
    if (side % 8 != 0) {
      throw place.error("--%s %d is no multiple of 8".formatted(option, side));
    }
    return side;
  }

  private static double number(
      Keys.Place place, String option, String value, double least, double most) {
    double number;
    try {
      number = Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw place.error("--%s '%s' is no number".formatted(option, value));
    }
    if (!(number >= least && number <= most)) {
      throw place.error(
          "--%s %s is not from %s to %s"
              .formatted(option, value, Keys.plain(least), Keys.plain(most)));
    }
    return number;
  }

  private static Sampler sampler(Keys.Place place, String value) {
    String name = value.toLowerCase(Locale.ROOT);
    if (!name.equals("ddim") && !name.equals("euler")) {
      throw place.error("--ss %s is none of ddim, euler".formatted(value));
    }
    return Sampler.valueOf(name.toUpperCase(Locale.ROOT));
  }
}
