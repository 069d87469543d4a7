package radiata.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import radiata.safetensors.Checkpoint.Stored;

/// Keeps account of the tensors that an output does not have.
final class Dropped {
  private static final String AVERAGES = "moving averages of the UNet's weights";

  private final Map<String, List<String>> byReason = new LinkedHashMap<>();
  private final List<String> all = new ArrayList<>();

  /// The buffers of an input, and its safety checker.
  static Dropped of(Sorted input) {
    Dropped dropped = new Dropped();
    input.checker().forEach(stored -> dropped.add(stored, "a safety checker is no part of it"));
    for (Stored stored : input.buffers()) {
      String name = stored.name();
      String last = name.substring(name.lastIndexOf('.') + 1);
      dropped.add(stored, name.startsWith("model_ema.") ? AVERAGES : reason(name, last));
    }
    return dropped;
  }

  private static String reason(String name, String last) {
    if (name.startsWith("edm_")) {
      return "marks of an EDM schedule; the folder's scheduler is another and has to be replaced";
    }
    return switch (last) {
      case "position_ids", "attn_mask" -> "indices that programs count for themselves";
      case "logit_scale" -> "the temperature of CLIP's training";
      case "v_pred", "ztsnr" -> "marks whose content the scheduler's config tells";
      default -> "the noise schedule and counters of the training";
    };
  }

  void add(Stored stored, String reason) {
    String place = Sorted.place(stored);
    byReason.computeIfAbsent(reason, key -> new ArrayList<>()).add(place);
    all.add(place);
  }

  List<String> all() {
    return all;
  }

  /// A sentence for each reason.
  List<String> warnings() {
    List<String> sentences = new ArrayList<>();
    byReason.forEach((reason, places) ->
        sentences.add(
            "%s not in the output (%s): %s"
                .formatted(
                    places.size() == 1 ? "1 tensor is" : places.size() + " tensors are",
                    reason,
                    Sorted.listed(places))));
    return sentences;
  }
}
