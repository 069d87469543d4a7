package radiata.train.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import radiata.names.Family;
import radiata.train.data.Cache;
import radiata.train.data.CacheKey;
import radiata.train.data.FloatArray;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.ClipText;
import radiata.train.model.Texts;
import radiata.train.text.ClipTokenizer;
import radiata.train.text.TextEncoding;

/// What the text encoders make of captions. Where they are not trained, the states of a caption
/// that comes again are kept once they are known.
final class TextStates {
  private static final String CONTEXT = "context";
  private static final String POOLED = "pooled";

  private final Torch torch;
  private final Family family;
  private final List<ClipText> encoders;
  private final List<ClipTokenizer> tokenizers;
  private final int skip;
  private final int length;
  private final boolean trained;
  private final Map<String, Texts> known = new LinkedHashMap<>();
  private final Scope keeping;
  private final @Nullable Cache cache;
  private final String name;

  /// @param keeping owns the states that are kept
  /// @param cache keeps them on the disk too; null for not
  /// @param name names the encoders, with all that bears on their states, by content
  TextStates(
      Torch torch,
      Family family,
      List<ClipText> encoders,
      List<ClipTokenizer> tokenizers,
      int skip,
      int length,
      boolean trained,
      Scope keeping,
      @Nullable Cache cache,
      String name) {
    this.torch = torch;
    this.family = family;
    this.encoders = encoders;
    this.tokenizers = tokenizers;
    this.skip = skip;
    this.length = length;
    this.trained = trained;
    this.keeping = keeping;
    this.cache = cache;
    this.name = name;
  }

  /// The states of a batch of captions.
  ///
  /// @param keep whether to keep them, because the captions come again
  Texts of(List<String> captions, boolean keep, Segments segments) throws IOException {
    if (trained) {
      return encode(captions, segments);
    }
    if (!keep) {
      try (Gradients.Pause _ = Gradients.pause()) {
        return encode(captions, Segments.PLAIN);
      }
    }
    List<Tensor> contexts = new ArrayList<>();
    List<Tensor> pooled = new ArrayList<>();
    for (String caption : captions) {
      Texts one = kept(caption);
      contexts.add(one.context());
      Tensor vector = one.pooled();
      if (vector != null) {
        pooled.add(vector);
      }
    }
    return new Texts(Tensor.cat(0, contexts), pooled.isEmpty() ? null : Tensor.cat(0, pooled));
  }

  private Texts kept(String caption) throws IOException {
    Texts there = known.get(caption);
    if (there != null) {
      return there;
    }
    try (Gradients.Pause _ = Gradients.pause();
        Scope scope = Scope.open()) {
      Texts texts = cache == null ? encode(List.of(caption), Segments.PLAIN) : stored(caption);
      Tensor pooled = texts.pooled();
      Texts made =
          new Texts(
              scope.keep(texts.context().copied(), keeping),
              pooled == null ? null : scope.keep(pooled.copied(), keeping));
      known.put(caption, made);
      return made;
    }
  }

  /// From the disk, where they are put if they are not there.
  private Texts stored(String caption) throws IOException {
    Cache.Entry entry =
        Objects.requireNonNull(cache)
            .get(
                CacheKey.text(caption, name),
                () -> {
                  Texts texts = encode(List.of(caption), Segments.PLAIN);
                  SequencedMap<String, FloatArray> arrays = new LinkedHashMap<>();
                  arrays.put(CONTEXT, array(texts.context()));
                  Tensor pooled = texts.pooled();
                  if (pooled != null) {
                    arrays.put(POOLED, array(pooled));
                  }
                  return new Cache.Entry(arrays);
                });
    return new Texts(
        tensor(entry.array(CONTEXT)),
        entry.arrays().containsKey(POOLED) ? tensor(entry.array(POOLED)) : null);
  }

  private static FloatArray array(Tensor tensor) {
    return new FloatArray(tensor.shape(), tensor.floats());
  }

  private Tensor tensor(FloatArray array) {
    return torch.of(array.values(), array.shape().dims());
  }

  private Texts encode(List<String> captions, Segments segments) {
    List<List<Tensor>> ids = new ArrayList<>();
    for (int i = 0; i < encoders.size(); i++) {
      ids.add(pieces(captions, tokenizers.get(i), i));
    }
    return new TextEncoding(family, encoders, skip).encode(ids, segments);
  }

  /// Every 77 tokens of all captions.
  private List<Tensor> pieces(List<String> captions, ClipTokenizer tokenizer, int encoder) {
    boolean openClip = family == Family.SD2 || encoder == 1;
    long pad = tokenizer.pad(openClip);
    List<long[][]> chunks =
        captions.stream().map(caption -> tokenizer.chunks(caption, length, pad)).toList();
    List<Tensor> pieces = new ArrayList<>();
    for (int piece = 0; piece < chunks.getFirst().length; piece++) {
      int width = chunks.getFirst()[piece].length;
      long[] all = new long[captions.size() * width];
      for (int i = 0; i < captions.size(); i++) {
        System.arraycopy(chunks.get(i)[piece], 0, all, i * width, width);
      }
      pieces.add(torch.of(all, captions.size(), width));
    }
    return pieces;
  }
}
