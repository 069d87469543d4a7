package radiata.train.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The losses of a run as a picture (SVG) of a few kilobytes, whatever their number: single losses
/// as a faint band from the least to the largest, their mean over it. It has no background and
/// greys of the middle, so that it is read on white and on black.
public final class LossPicture {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 360;
  private static final int LEFT = 64;
  private static final int RIGHT = 16;
  private static final int TOP = 36;
  private static final int BOTTOM = 40;
  private static final int MOST_POINTS = 240;
  private static final double SMOOTH = 0.9;

  /// Losses of neighbouring steps together.
  private record Bin(double step, double least, double most, double smooth) {}

  private final List<Bin> bins;
  private final int first;
  private final int last;
  private final double bottom;
  private final double top;
  private final double tick;

  private LossPicture(int first, List<Double> losses) {
    this.first = first;
    this.last = first + losses.size() - 1;
    this.bins = bins(first, losses);
    double least = bins.stream().mapToDouble(Bin::least).min().orElse(0);
    double most = bins.stream().mapToDouble(Bin::most).max().orElse(1);
    double span = most > least ? most - least : Math.max(Math.abs(most), 1e-3);
    tick = nice(span / 5);
    bottom = Math.floor(least / tick) * tick;
    top = Math.max(Math.ceil(most / tick) * tick, bottom + tick);
  }

  /// The picture.
  ///
  /// @param title shown above it
  /// @param first the step of the first loss
  /// @param losses of consecutive steps; what is not finite leaves a gap
  public static String svg(String title, int first, List<Double> losses) {
    return new LossPicture(first, losses).svg(title);
  }

  private static List<Bin> bins(int first, List<Double> losses) {
    List<Bin> bins = new ArrayList<>();
    int size = Math.max(1, Math.ceilDiv(losses.size(), MOST_POINTS));
    double average = 0;
    double weight = 0;
    for (int from = 0; from < losses.size(); from += size) {
      double least = Double.POSITIVE_INFINITY;
      double most = Double.NEGATIVE_INFINITY;
      int to = Math.min(from + size, losses.size());
      for (double loss : losses.subList(from, to)) {
        if (Double.isFinite(loss)) {
          least = Math.min(least, loss);
          most = Math.max(most, loss);
          average = SMOOTH * average + (1 - SMOOTH) * loss;
          weight = SMOOTH * weight + (1 - SMOOTH);
        }
      }
      if (least <= most) {
        bins.add(new Bin(first + (from + to - 1) / 2.0, least, most, average / weight));
      }
    }
    return bins;
  }

  /// 1, 2 or 5 times a power of ten, not below `step`.
  static double nice(double step) {
    double power = Math.pow(10, Math.floor(Math.log10(step)));
    double digits = step / power;
    return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
  }

  private double x(double step) {
    double span = Math.max(1, last - first);
    return LEFT + (step - first) / span * (WIDTH - LEFT - RIGHT);
  }

  private double y(double loss) {
    return HEIGHT - BOTTOM - (loss - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
  }

  private static String place(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  private String svg(String title) {
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#808080">
        <title>%s</title>
        <text x="%d" y="22" font-size="14">%s</text>
        """
            .formatted(WIDTH, HEIGHT, escaped(title), LEFT, escaped(title)));
    rows(svg);
    columns(svg);
    if (bins.isEmpty()) {
      svg.append("<text x=\"%d\" y=\"%d\">no losses</text>\n".formatted(LEFT + 8, HEIGHT / 2));
    } else {
      curves(svg);
    }
    return svg.append("</svg>\n").toString();
  }

  private void rows(StringBuilder svg) {
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(tick) + 1e-9));
    long count = Math.round((top - bottom) / tick);
    for (int i = 0; i <= count; i++) {
      double loss = bottom + i * tick;
      svg.append(
          """
          <path d="M%d %sH%d" stroke="#808080" stroke-opacity="%s"/><text x="%d" y="%s" text-anchor="end">%s</text>
          """
              .formatted(
                  LEFT,
                  place(y(loss)),
                  WIDTH - RIGHT,
                  i == 0 ? "1" : "0.25",
                  LEFT - 8,
                  place(y(loss) + 4),
                  String.format(Locale.ROOT, "%." + decimals + "f", loss)));
    }
  }

  private void columns(StringBuilder svg) {
    int step = (int) Math.max(1, nice(Math.max(1, last - first) / 8.0));
    for (int at = Math.ceilDiv(first, step) * step; at <= last; at += step) {
      svg.append(
          "<text x=\"%s\" y=\"%d\" text-anchor=\"middle\">%d</text>\n"
              .formatted(place(x(at)), HEIGHT - BOTTOM + 18, at));
    }
    svg.append(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">step</text>\n"
            .formatted(WIDTH - RIGHT, HEIGHT - 6));
  }

  private void curves(StringBuilder svg) {
    StringBuilder band = new StringBuilder("M");
    StringBuilder mean = new StringBuilder("M");
    for (Bin bin : bins) {
      band.append(place(x(bin.step))).append(' ').append(place(y(bin.most))).append(' ');
      mean.append(place(x(bin.step))).append(' ').append(place(y(bin.smooth))).append(' ');
    }
    for (Bin bin : bins.reversed()) {
      band.append(place(x(bin.step))).append(' ').append(place(y(bin.least))).append(' ');
    }
    svg.append(
        """
        <path d="%sZ" fill="#3b82f6" fill-opacity="0.2" stroke="#3b82f6" stroke-opacity="0.5" stroke-width="0.8"/>
        <path d="%s" fill="none" stroke="#3b82f6" stroke-width="2"/>
        """
            .formatted(band, mean.toString().strip()));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
