package radiata.train.text;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.names.Family;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.model.ClipText;
import radiata.train.model.Texts;

/// Which states of its text encoders a model is given (sd-scripts `strategy_sd.py`,
/// `strategy_sdxl.py`).
///
/// @param encoders one, or SDXL's two
/// @param skip what users call clip skip: 1 for the last state, 2 for the one before, normed like
///   the last; SDXL takes always the one before the last, not normed
public record TextEncoding(Family family, List<ClipText> encoders, int skip) {
  public TextEncoding {
    encoders = List.copyOf(encoders);
  }

  /// What the UNet is given of a batch of texts.
  ///
  /// @param ids for each encoder, of every piece of the texts: `[batch, 77]`
  public Texts encode(List<List<Tensor>> ids, Segments segments) {
    List<Tensor> contexts = new ArrayList<>();
    Tensor pooled = null;
    for (int i = 0; i < encoders.size(); i++) {
      ClipText encoder = encoders.get(i);
      List<Tensor> pieces = new ArrayList<>();
      for (Tensor piece : ids.get(i)) {
        ClipText.States states = encoder.forward(piece, segments);
        pieces.add(state(encoder, states, segments));
        pooled = pieces.size() == 1 ? pooled(states, pooled) : pooled;
      }
      contexts.add(joined(pieces));
    }
    Tensor context = contexts.size() == 1 ? contexts.getFirst() : Tensor.cat(2, contexts);
    return new Texts(context, pooled);
  }

  private Tensor state(ClipText encoder, ClipText.States states, Segments segments) {
    if (family == Family.SDXL) {
      return states.fromEnd(2);
    }
    return skip <= 1 ? states.last() : encoder.normed(states.fromEnd(skip), segments);
  }

  private @Nullable Tensor pooled(ClipText.States states, @Nullable Tensor before) {
    return family == Family.SDXL && states.projected() != null ? states.projected() : before;
  }

  /// The first mark, the tokens of every piece, the last mark.
  private static Tensor joined(List<Tensor> pieces) {
    if (pieces.size() == 1) {
      return pieces.getFirst();
    }
    long last = pieces.getFirst().size(1) - 1;
    List<Tensor> parts = new ArrayList<>();
    parts.add(pieces.getFirst().slice(1, 0, 1));
    pieces.forEach(piece -> parts.add(piece.slice(1, 1, last)));
    parts.add(pieces.getLast().slice(1, last, last + 1));
    return Tensor.cat(1, parts);
  }
}
