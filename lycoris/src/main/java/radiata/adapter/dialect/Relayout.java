package radiata.adapter.dialect;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import radiata.convention.Algorithm;
import radiata.convention.Magnitude;
import radiata.names.Rows;
import radiata.safetensors.Shape;

/// Splits what an adapter does to a fused weight into its parts, and joins it again. A split keeps
/// the shared factors in every part; where the parts were joined along a diagonal before, it takes
/// them apart for good. A join of parts with equal shared factors is the split undone; other
/// low-rank pairs are put along a diagonal.
final class Relayout {
  private Relayout() {}

  /// One part of a fused weight.
  ///
  /// @param layer null where the adapter does not touch it
  record Part(@Nullable Layer layer, List<Rows> runs) {
    long rows() {
      return runs.stream().mapToLong(Rows::count).sum();
    }
  }

  /// What a layer does to some rows of its weight, or the rows in another order.
  ///
  /// @throws Unwritable if its rows cannot be told apart
  static Layer rows(Layer layer, List<Rows> runs) {
    requireRows(layer);
    SequencedMap<String, Content> parts = new LinkedHashMap<>();
    layer
        .parts()
        .forEach((part, content) -> {
          Long group = layer.rowParts().get(part);
          parts.put(part, group == null ? content : picked(part, content, scaled(runs, group)));
        });
    return layer.with(parts);
  }

  private static void requireRows(Layer layer) {
    if (layer.rowParts().isEmpty()) {
      throw new Unwritable(
          "%s of a fused or reordered weight cannot be cut or joined by rows"
              .formatted(layer.algorithm().id()));
    }
    if (layer.parts().containsKey(Layer.RESHAPE)) {
      throw new Unwritable("a weight that grows cannot be cut or joined by rows");
    }
    if (layer.magnitude() != null && !layer.rowParts().containsKey(layer.magnitude().key())) {
      throw new Unwritable(
          "an input-axis magnitude belongs to a weight as a whole, fused or not; re-project it with --axis output and --base");
    }
  }

  private static Content picked(String part, Content content, List<Rows> runs) {
    return isLying(part, content)
        ? turned(new Content.Picked(turned(content), runs))
        : new Content.Picked(content, runs);
  }

  /// Whether its rows stand in the second dimension: PEFT's magnitude `[1, out, 1, 1]`.
  private static boolean isLying(String part, Content content) {
    return part.equals(Magnitude.LORA_MAGNITUDE_VECTOR.key()) && content.shape().rank() > 1;
  }

  /// The first two dimensions the other way round, one of which is 1.
  private static Content turned(Content content) {
    long[] dims = content.shape().dims();
    long first = dims[0];
    dims[0] = dims[1];
    dims[1] = first;
    return new Content.Shaped(content, Shape.of(dims));
  }

  private static List<Rows> scaled(List<Rows> runs, long group) {
    List<Rows> scaled = new ArrayList<>();
    for (Rows run : runs) {
      if (run.start() % group != 0 || run.count() % group != 0) {
        throw new Unwritable(
            "its small factor does not divide the fused weight between q, k and v");
      }
      scaled.add(new Rows(run.start() / group, run.count() / group));
    }
    return scaled;
  }

  /// The parts of a layer on a fused weight; one that nothing changes is null.
  static List<@Nullable Layer> split(Layer layer, List<List<Rows>> runs) throws IOException {
    List<@Nullable Layer> parts = new ArrayList<>();
    Blocks blocks = Blocks.of(layer, runs);
    for (int i = 0; i < runs.size(); i++) {
      parts.add(blocks == null ? rows(layer, runs.get(i)) : blocks.part(i));
    }
    return parts;
  }

  /// One layer for a fused weight.
  ///
  /// @param parts in the order of the fused rows
  /// @param mayRound whether scales that differ may be folded into factors
  /// @throws Unwritable if no layer of this algorithm is their sum
  static Layer join(List<Part> parts, boolean mayRound) throws IOException {
    List<Layer> present = new ArrayList<>();
    for (Part part : parts) {
      if (part.layer() != null) {
        present.add(part.layer());
      }
    }
    Layer first = present.getFirst();
    for (Layer other : present) {
      if (other.algorithm() != first.algorithm()
          || !other.parts().keySet().equals(first.parts().keySet())
          || !other.axis().equals(first.axis())) {
        throw new Unwritable("the parts of a fused weight are not of one kind");
      }
    }
    requireRows(first);
    boolean all = present.size() == parts.size();
    if (!all && first.magnitude() != null) {
      throw new Unwritable(
          "some parts of a fused weight have a magnitude and others are untouched");
    }
    if (sharesFactors(present) && (all || first.algorithm() == Algorithm.LORA)) {
      return stacked(parts, first);
    }
    if (first.algorithm() != Algorithm.LORA || first.parts().containsKey(Layer.MID)) {
      throw new Unwritable(
          "%s of separate layers with different factors cannot be joined for the fused weight"
              .formatted(first.algorithm().id()));
    }
    return Blocks.join(parts, mayRound);
  }

  /// Whether all parts but those of rows are equal, to the byte.
  private static boolean sharesFactors(List<Layer> layers) throws IOException {
    Layer first = layers.getFirst();
    for (Layer other : layers.subList(1, layers.size())) {
      for (String part : first.parts().keySet()) {
        boolean rows = first.rowParts().containsKey(part);
        if (!rows && !equal(first.part(part), other.part(part))) {
          return false;
        }
        if (first.alpha() != other.alpha()
            || (rows && first.part(part).dtype() != other.part(part).dtype())) {
          return false;
        }
      }
    }
    return true;
  }

  static boolean equal(@Nullable Content a, @Nullable Content b) throws IOException {
    if (a == null || b == null || a.dtype() != b.dtype() || !a.shape().equals(b.shape())) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment left = a.read(arena);
      return left.mismatch(b.read(arena)) < 0;
    }
  }

  private static Layer stacked(List<Part> parts, Layer first) {
    SequencedMap<String, Content> joined = new LinkedHashMap<>();
    first
        .parts()
        .forEach((name, content) -> {
          Long group = first.rowParts().get(name);
          joined.put(name, group == null ? content : stacked(parts, name, group, content));
        });
    return first.with(joined);
  }

  static Content stacked(List<Part> parts, String name, long group, Content like) {
    boolean lying = isLying(name, like);
    List<Content> rows = new ArrayList<>();
    for (Part part : parts) {
      Content content = part.layer() == null ? null : part.layer().parts().get(name);
      if (content == null) {
        long[] dims = like.shape().dims();
        dims[0] = part.rows() / group;
        rows.add(new Content.Zeros(like.dtype(), Shape.of(dims)));
      } else {
        rows.add(lying ? turned(content) : content);
      }
    }
    Content stacked = new Content.Stacked(rows);
    return lying ? turned(stacked) : stacked;
  }
}
