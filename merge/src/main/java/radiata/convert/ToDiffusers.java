package radiata.convert;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import radiata.convert.LayoutNames.Found;
import radiata.convert.folder.StableDiffusion;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// Gives the tensors of an LDM checkpoint the names and shapes of diffusers' components.
///
/// Source of the conventions: diffusers 0.42.1, `loaders/single_file_utils.py`.
final class ToDiffusers {
  /// diffusers has Stable Diffusion 2's text encoder without its last layer and its projection,
  /// which the model does not use.
  private static final String LAST_LAYER = "text_model.encoder.layers.23.";

  private static final String PROJECTION = "text_projection.weight";

  /// More columns than any text encoder has.
  private static final long WIDEST = 1 << 16;

  private final Path path;
  private final Sorted input;
  private final ConversionRequest request;
  private final Map<String, Made> made = new LinkedHashMap<>();
  private final Dropped dropped;

  private ToDiffusers(Path path, Sorted input, ConversionRequest request) {
    this.path = path;
    this.input = input;
    this.request = request;
    this.dropped = Dropped.of(input);
  }

  /// The change from LDM.
  ///
  /// @throws ConversionException if a component is not whole, or a shape makes no sense
  static LayoutChange of(Path path, Sorted input, ConversionRequest request) {
    ToDiffusers change = new ToDiffusers(path, input, request);
    for (Stored stored : input.known()) {
      change.take(stored);
    }
    List<String> warnings = new ArrayList<>(change.dropped.warnings());
    change.requireWhole();
    return new LayoutChange(
        List.copyOf(change.made.values()), change.dropped.all(), List.of(), warnings);
  }

  private void take(Stored stored) {
    Found found = input.names().ldm(stored.name());
    for (Pair pair : found.pairs()) {
      if (!unused(pair)) {
        put(pair, stored, found.plain() ? plain(pair, stored) : made(pair, stored));
      } else if (pair.third() <= 0) {
        dropped.add(stored, "a last layer and projection that Stable Diffusion 2 does not use");
      }
    }
  }

  private boolean unused(Pair pair) {
    return input.family() == StableDiffusion.SD2
        && pair.component().equals("text_encoder")
        && (pair.diffusers().startsWith(LAST_LAYER) || pair.diffusers().equals(PROJECTION));
  }

  private void put(Pair pair, Stored stored, Made tensor) {
    if (made.putIfAbsent(pair.place(), tensor) != null) {
      throw refused(stored, "is in the file twice, under two of its names; remove one of them");
    }
  }

  private Made made(Pair pair, Stored stored) {
    Shape shape = stored.info().shape();
    if (pair.third() >= 0) {
      return third(pair, stored, shape);
    }
    if (pair.transposed()) {
      if (shape.rank() != 2 || shape.dim(0) > WIDEST) {
        throw refused(stored, "has shape %s, expected a matrix [in, out]".formatted(shape));
      }
      Shape turned = Shape.of(shape.dim(1), shape.dim(0));
      return new Made(pair.component(), spec(pair, stored, turned), new Piece.Transposed(stored));
    }
    return plain(pair, stored);
  }

  private Made third(Pair pair, Stored stored, Shape shape) {
    if (shape.rank() == 0 || shape.dim(0) % 3 != 0) {
      throw refused(
          stored, "has shape %s, expected the rows of q, k and v together".formatted(shape));
    }
    long[] dims = shape.dims();
    dims[0] /= 3;
    Shape part = Shape.of(dims);
    long count = part.elements();
    return new Made(
        pair.component(),
        spec(pair, stored, part),
        new Piece.Run(stored, pair.third() * count, count, 0));
  }

  private Made plain(Pair pair, Stored stored) {
    Shape shape = stored.info().shape();
    boolean convolution =
        pair.pointwise() && shape.rank() == 4 && shape.dim(2) == 1 && shape.dim(3) == 1;
    Shape matrix = convolution ? Shape.of(shape.dim(0), shape.dim(1)) : shape;
    return new Made(pair.component(), spec(pair, stored, matrix), Piece.whole(stored));
  }

  private TensorSpec spec(Pair pair, Stored stored, Shape shape) {
    DType dtype = request.dtype(stored.info().dtype());
    return new TensorSpec(pair.diffusers(), dtype, shape);
  }

  /// A config can only tell of components that have all their layers.
  private void requireWhole() {
    Set<String> components = new LinkedHashSet<>();
    made.values().forEach(tensor -> components.add(tensor.component()));
    List<String> missing = new ArrayList<>();
    for (Pair pair : input.names().pairs()) {
      if (components.contains(pair.component())
          && !made.containsKey(pair.place())
          && !unused(pair)) {
        missing.add(pair.ldm());
      }
    }
    if (!missing.isEmpty()) {
      throw new ConversionException(
          path,
          missing.getFirst(),
          "%d tensors of a whole %s model are missing: %s; a distilled or cut model has no diffusers folder here"
              .formatted(
                  missing.size(),
                  input.family().family().id(),
                  Sorted.listed(missing.stream().distinct().toList())));
    }
  }

  private ConversionException refused(Stored stored, String what) {
    return new ConversionException(
        path, stored.name(), "tensor %s %s".formatted(stored.name(), what));
  }

  /// The components of a whole pipeline of the family, in the order of their names.
  static List<String> components(LayoutNames names) {
    return names.pairs().stream().map(Pair::component).distinct().sorted().toList();
  }

  /// The tensors of each component.
  static Map<String, List<Made>> byComponent(List<Made> made) {
    Map<String, List<Made>> components = new LinkedHashMap<>();
    for (Made tensor : made) {
      components.computeIfAbsent(tensor.component(), key -> new ArrayList<>()).add(tensor);
    }
    return components;
  }
}
