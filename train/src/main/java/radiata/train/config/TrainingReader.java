package radiata.train.config;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.tomlj.TomlArray;
import radiata.train.config.TrainingSection.ScheduleSection;
import radiata.train.optim.AdamW;
import radiata.train.optim.Schedule;

/// Reads how it is trained.
final class TrainingReader {
  private static final int MANY = 100_000_000;
  private static final double MOST_RATE = 100;
  private static final double RATE = 1e-4;

  /// As in sd-scripts.
  private static final int STEPS = 1600;

  private final Keys keys;

  TrainingReader(Keys keys) {
    this.keys = keys;
  }

  TrainingSection read() {
    keys.requireOne("max_train_steps", "max_train_epochs");
    OptionalInt epochs = count(keys, "max_train_epochs");
    OptionalInt steps = count(keys, "max_train_steps");
    if (epochs.isEmpty() && steps.isEmpty()) {
      steps = OptionalInt.of(STEPS);
    }
    double rate = keys.number("learning_rate", 0, MOST_RATE, RATE);
    double gamma = keys.number("min_snr_gamma", 0, 1e6, 0);
    keys.other("loss_type", "l2", TrainingReader::loss);
    return new TrainingSection(
        steps,
        epochs,
        keys.whole("train_batch_size", 1, 1 << 16, 1),
        rate,
        keys.number("unet_lr", 0, MOST_RATE, rate),
        keys.other("text_encoder_lr", rate, TrainingReader::textEncoderRate),
        optimizer(),
        schedule(),
        keys.whole("gradient_accumulation_steps", 1, 1 << 16, 1),
        keys.number("max_grad_norm", 0, 1e9, 1),
        keys.seed("seed").orElse(0L),
        keys.flag("gradient_checkpointing", false),
        gamma == 0 ? OptionalDouble.empty() : OptionalDouble.of(gamma),
        keys.number("noise_offset", 0, 1, 0));
  }

  /// A count from 1; empty if the key is not there.
  static OptionalInt count(Keys keys, String key) {
    int count = keys.whole(key, 1, MANY, 0);
    return count == 0 ? OptionalInt.empty() : OptionalInt.of(count);
  }

  private static String loss(Keys.Place place) {
    if (!place.text().equals("l2")) {
      throw place.error("'%s' is not built; the loss is l2".formatted(place.text()));
    }
    return "l2";
  }

  /// A number, or a list of one, as newer sd-scripts has it.
  private static double textEncoderRate(Keys.Place place) {
    Object value = place.table().table().get(List.of(place.key()));
    if (!(value instanceof TomlArray)) {
      return Keys.number(place, 0, MOST_RATE);
    }
    List<Double> rates = place.table().numbers(place.key());
    if (rates.stream().distinct().count() != 1) {
      throw place.error("a rate for each text encoder is not built; write one number");
    }
    return rates.getFirst();
  }

  private ScheduleSection schedule() {
    Schedule.Kind kind = keys.choice("lr_scheduler", Schedule.Kind.class, Schedule.Kind.CONSTANT);
    double warmup = keys.number("lr_warmup_steps", 0, MANY, 0);
    if (warmup >= 1 && warmup != Math.rint(warmup)) {
      keys.mistake("lr_warmup_steps", "%s is neither a whole number nor below 1".formatted(warmup));
    }
    if (kind == Schedule.Kind.CONSTANT && warmup > 0) {
      keys.mistake("lr_warmup_steps", "a constant rate has no warm-up; write constant_with_warmup");
    }
    if (kind != Schedule.Kind.COSINE_WITH_RESTARTS && keys.has("lr_scheduler_num_cycles")) {
      keys.mistake("lr_scheduler_num_cycles", "it is for lr_scheduler = \"cosine_with_restarts\"");
    }
    if (kind != Schedule.Kind.POLYNOMIAL && keys.has("lr_scheduler_power")) {
      keys.mistake("lr_scheduler_power", "it is for lr_scheduler = \"polynomial\"");
    }
    return new ScheduleSection(
        kind,
        warmup,
        keys.whole("lr_scheduler_num_cycles", 1, MANY, 1),
        keys.number("lr_scheduler_power", 0, 100, 1));
  }

  private AdamW.Settings optimizer() {
    keys.other("optimizer_type", "adamw", TrainingReader::adamw);
    return keys.other("optimizer_args", AdamW.Settings.DEFAULT, TrainingReader::arguments);
  }

  private static String adamw(Keys.Place place) {
    String name = place.text().toLowerCase(Locale.ROOT);
    if (!name.equals("adamw")) {
      throw place.error(
          name.equals("adamw8bit")
              ? "moments of 8 bits are not built; AdamW takes a few MB more"
              : "'%s' is not built; AdamW is".formatted(place.text()));
    }
    return name;
  }

  /// `["weight_decay=0.01", "betas=0.9,0.999", "eps=1e-8"]`.
  private static AdamW.Settings arguments(Keys.Place place) {
    AdamW.Settings settings = AdamW.Settings.DEFAULT;
    for (String argument : place.table().texts(place.key())) {
      int equals = argument.indexOf('=');
      String key = equals < 0 ? argument : argument.substring(0, equals).strip();
      String value = equals < 0 ? "" : argument.substring(equals + 1).strip();
      settings =
          switch (key) {
            case "weight_decay" ->
                new AdamW.Settings(
                    settings.beta1(),
                    settings.beta2(),
                    settings.epsilon(),
                    number(place, value, 10));
            case "eps" ->
                new AdamW.Settings(
                    settings.beta1(), settings.beta2(), number(place, value, 1), settings.decay());
            case "betas" -> {
              String[] betas = value.replaceAll("[()\\s]", "").split(",", -1);
              if (betas.length != 2) {
                throw place.error("betas are two numbers, betas=0.9,0.999");
              }
              yield new AdamW.Settings(
                  number(place, betas[0], 1),
                  number(place, betas[1], 1),
                  settings.epsilon(),
                  settings.decay());
            }
            default ->
                throw place.error(
                    "'%s' is none of weight_decay=, betas=, eps=".formatted(argument));
          };
    }
    return settings;
  }

  private static double number(Keys.Place place, String text, double most) {
    try {
      double value = Double.parseDouble(text);
      if (value >= 0 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw place.error("'%s' is no number".formatted(text));
    }
    throw place.error("%s is not from 0 to %s".formatted(text, Keys.plain(most)));
  }
}
