package radiata.train.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import radiata.train.data.Draws.Purpose;

/// From the caption in a file to the text of one training step (sd-scripts 48d368f
/// `library/train_util.py` `process_caption`): prefix and suffix, dropout, wildcards, the cut of
/// the token warm-up, shuffling, tag dropout, the secondary separator, in this order.
public final class Captions {
  private static final Pattern CHOICE = Pattern.compile("\\{([^}]+)}");
  // Not in any text: private use.
  private static final String OPEN = "\uE000";
  private static final String CLOSE = "\uE001";

  private final CaptionSettings settings;
  private final Draws draws;
  private final long steps;

  /// @param steps how many the whole run has
  public Captions(CaptionSettings settings, Draws draws, long steps) {
    this.settings = settings;
    this.draws = draws;
    this.steps = steps;
  }

  /// When a caption is used.
  ///
  /// @param epoch from 1
  /// @param step steps made before, of the whole run
  /// @param item which use of which picture, unique within the epoch
  public record Moment(int epoch, long step, long item) {}

  /// The text of one use of a caption.
  ///
  /// @param caption several lines only with wildcards
  public String at(String caption, Moment when) {
    String text = caption;
    if (!settings.prefix().isEmpty()) {
      text = settings.prefix() + " " + text;
    }
    if (!settings.suffix().isEmpty()) {
      text = text + " " + settings.suffix();
    }
    if (dropped(when)) {
      return "";
    }
    text = settings.wildcard() ? chosen(text, stream(Purpose.WILDCARD, when)) : firstLine(text);
    if (settings.shuffle() || settings.warmupSteps() > 0 || settings.tagDropout() > 0) {
      text = tags(text, when);
    }
    return settings.secondarySeparator().isEmpty()
        ? text
        : text.replace(settings.secondarySeparator(), settings.separator());
  }

  private RandomGenerator stream(Purpose purpose, Moment when) {
    return draws.of(purpose, when.epoch(), when.item());
  }

  private boolean dropped(Moment when) {
    double rate = settings.dropout();
    int every = settings.dropEvery();
    return (rate > 0 && stream(Purpose.CAPTION_DROPOUT, when).nextDouble() < rate)
        || (every > 0 && when.epoch() % every == 0);
  }

  private static String firstLine(String text) {
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }

  /// One of the lines, then one of `{a|b}` each; `{{` and `}}` stand for braces.
  private static String chosen(String text, RandomGenerator draws) {
    String[] lines = text.split("\n", -1);
    String line = lines.length > 1 ? lines[draws.nextInt(lines.length)] : text;
    Matcher choices = CHOICE.matcher(line.replace("{{", OPEN).replace("}}", CLOSE));
    String filled =
        choices.replaceAll(found -> {
          String[] each = found.group(1).split("\\|", -1);
          return Matcher.quoteReplacement(each[draws.nextInt(each.length)]);
        });
    return filled.replace(OPEN, "{").replace(CLOSE, "}");
  }

  /// A caption in tags.
  private record Tags(List<String> fixed, List<String> flexible, List<String> last) {}

  private String tags(String text, Moment when) {
    Tags tags = split(text);
    List<String> flexible = warmed(tags.flexible(), when.step());
    if (settings.shuffle()) {
      Draws.shuffle(flexible, stream(Purpose.CAPTION_SHUFFLE, when));
    }
    if (settings.tagDropout() > 0) {
      RandomGenerator tag = stream(Purpose.TAG_DROPOUT, when);
      flexible.removeIf(_ -> tag.nextDouble() < settings.tagDropout());
    }
    List<String> all = new ArrayList<>(tags.fixed());
    all.addAll(flexible);
    all.addAll(tags.last());
    return String.join(", ", all);
  }

  private Tags split(String text) {
    String keep = settings.keepSeparator();
    int first = keep.isEmpty() ? -1 : text.indexOf(keep);
    if (first < 0) {
      List<String> tags = pieces(text.strip(), true);
      int kept = Math.min(settings.keepTokens(), tags.size());
      return new Tags(tags.subList(0, kept), tags.subList(kept, tags.size()), List.of());
    }
    int from = first + keep.length();
    int second = text.indexOf(keep, from);
    String middle = second < 0 ? text.substring(from) : text.substring(from, second);
    String last = second < 0 ? "" : text.substring(second + keep.length());
    return new Tags(
        pieces(text.substring(0, first), false), pieces(middle, false), pieces(last, false));
  }

  private List<String> pieces(String text, boolean empty) {
    return Arrays.stream(text.split(Pattern.quote(settings.separator()), -1))
        .map(String::strip)
        .filter(tag -> empty || !tag.isEmpty())
        .toList();
  }

  private List<String> warmed(List<String> tags, long step) {
    double given = settings.warmupSteps();
    double warmup = given < 1 ? Math.floor(given * steps) : given;
    if (warmup <= 0 || step >= warmup) {
      return new ArrayList<>(tags);
    }
    double more = step * ((tags.size() - settings.warmupMin()) / warmup);
    long most = (long) Math.floor(more) + settings.warmupMin();
    // As Python slices: a negative end counts from the back.
    long end = most < 0 ? Math.max(0, tags.size() + most) : Math.min(most, tags.size());
    return new ArrayList<>(tags.subList(0, (int) end));
  }
}
