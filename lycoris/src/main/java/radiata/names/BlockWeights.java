package radiata.names;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Strengths by block of a UNet, as kohya's scripts and the block merging tools write them: BASE
/// (the text encoders), IN00 to IN11, MID, OUT00 to OUT11. What no entry names keeps weight 1.
///
/// @param weights the 26 weights in that order, then the one of the VAE
public record BlockWeights(List<Double> weights) {
  private static final int BASE = 0;
  private static final int IN = 1;
  private static final int MID = 13;
  private static final int OUT = 14;
  private static final int VAE = 26;
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");

  private static final String[] LABELS = labels();

  /// The lists of a family by their length. 17 and 12 name the blocks with attention (sd-scripts
  /// `svd_merge_lora.py`), 25 leaves out BASE, 21 adds the VAE (supermerger, sd-mecha).
  private static final Map<Integer, int[]> SD_LISTS =
      Map.of(
          26, range(BASE, 26),
          25, range(IN, 26),
          17, joined(new int[] {BASE, 2, 3, 5, 6, 8, 9, MID}, range(OUT + 3, 26)));

  private static final Map<Integer, int[]> SDXL_LISTS =
      Map.of(
          20, joined(range(BASE, IN + 9), new int[] {MID}, range(OUT, OUT + 9)),
          21, joined(range(BASE, IN + 9), new int[] {MID}, range(OUT, OUT + 9), new int[] {VAE}),
          12, joined(new int[] {BASE, 5, 6, 8, 9, MID}, range(OUT, OUT + 6)));

  private static final Map<Integer, int[]> REFINER_LISTS =
      Map.of(26, range(BASE, 26), 25, range(IN, 26));

  private static final Map<Family, Map<Integer, int[]>> LISTS =
      Map.of(
          Family.SD1, SD_LISTS,
          Family.SD2, SD_LISTS,
          Family.SDXL, SDXL_LISTS,
          Family.SDXL_REFINER, REFINER_LISTS);

  public BlockWeights {
    weights = List.copyOf(weights);
    if (weights.size() != VAE + 1) {
      throw new IllegalArgumentException("expected 27 weights, found " + weights.size());
    }
  }

  /// Reads `IN04=0.5,MID=0`, or a list of numbers whose length says which blocks it names, with or
  /// without brackets around it.
  ///
  /// @throws IllegalArgumentException if the text is neither, or names a block or has a length that
  ///   the family does not know
  public static BlockWeights parse(String text, Family family) {
    Map<Integer, int[]> lists = lists(family);
    String plain = text.strip();
    if (plain.startsWith("[") && plain.endsWith("]")) {
      plain = plain.substring(1, plain.length() - 1);
    }
    String[] entries = plain.split(",", -1);
    double[] weights = new double[VAE + 1];
    Arrays.fill(weights, 1);
    if (plain.indexOf('=') >= 0) {
      named(entries, family, lists, weights);
    } else {
      int[] blocks = lists.get(entries.length);
      if (blocks == null) {
        throw new IllegalArgumentException(
            "a list of "
                + entries.length
                + " block weights means nothing for "
                + family.id()
                + ": it takes "
                + or(new TreeSet<>(lists.keySet()).stream().map(String::valueOf).toList())
                + " numbers, or names like IN04=0.5,MID=0");
      }
      for (int i = 0; i < blocks.length; i++) {
        weights[blocks[i]] = number(entries[i], "block weight " + (i + 1));
      }
    }
    return new BlockWeights(Arrays.stream(weights).boxed().toList());
  }

  private static void named(
      String[] entries, Family family, Map<Integer, int[]> lists, double[] weights) {
    List<String> known = new ArrayList<>();
    lists.values().stream()
        .flatMapToInt(Arrays::stream)
        .distinct()
        .sorted()
        .forEach(block -> known.add(LABELS[block]));
    List<String> seen = new ArrayList<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException(
            "block weight \"" + entry.strip() + "\" has no block: write it like IN04=0.5");
      }
      String label = entry.substring(0, equals).strip().toUpperCase(Locale.ROOT);
      label = label.equals("M00") ? LABELS[MID] : label;
      if (!known.contains(label)) {
        throw new IllegalArgumentException(
            "no block " + label + " in " + family.id() + ": it has " + String.join(", ", known));
      }
      if (seen.contains(label)) {
        throw new IllegalArgumentException("block " + label + " is given twice");
      }
      seen.add(label);
      weights[Arrays.asList(LABELS).indexOf(label)] =
          number(entry.substring(equals + 1), "the weight of block " + label);
    }
  }

  private static double number(String text, String what) {
    String plain = text.strip();
    double value = NUMBER.matcher(plain).matches() ? Double.parseDouble(plain) : Double.NaN;
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(what + " is \"" + plain + "\", not a number");
    }
    return value;
  }

  private static Map<Integer, int[]> lists(Family family) {
    Map<Integer, int[]> lists = LISTS.get(family);
    if (lists == null) {
      throw new IllegalArgumentException(
          "block weights are for the UNets of sd1, sd2, sdxl and sdxl-refiner; the family of"
              + " this base is "
              + family.id());
    }
    return lists;
  }

  private static String[] labels() {
    String[] labels = new String[VAE + 1];
    labels[BASE] = "BASE";
    labels[MID] = "MID";
    labels[VAE] = "VAE";
    for (int i = 0; i < 12; i++) {
      labels[IN + i] = "IN%02d".formatted(i);
      labels[OUT + i] = "OUT%02d".formatted(i);
    }
    return labels;
  }

  private static String or(List<String> choices) {
    return choices.stream().limit(choices.size() - 1L).collect(Collectors.joining(", "))
        + " or "
        + choices.getLast();
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  private static int[] joined(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  /// The weight of a module: that of its block, and 1 for a module outside all blocks.
  public double of(Located module) {
    if (module.role() == Role.VAE) {
      return weights.get(VAE);
    }
    return module.block().isPresent() ? weights.get(module.block().getAsInt()) : 1;
  }
}
