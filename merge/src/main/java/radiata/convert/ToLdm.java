package radiata.convert;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import radiata.convert.folder.Prediction;
import radiata.convert.folder.StableDiffusion;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// Gives the tensors of a diffusers folder the names and shapes of one LDM checkpoint.
final class ToLdm {
  private static final String LAYER_22 = "cond_stage_model.model.transformer.resblocks.22.";
  private static final String LAYER_23 = "cond_stage_model.model.transformer.resblocks.23.";
  private static final String PROJECTION = "cond_stage_model.model.text_projection";
  private static final String WIDTH = "cond_stage_model.model.ln_final.weight";

  /// More columns than any text encoder has.
  private static final long WIDEST = 1 << 16;

  private final Path path;
  private final Sorted input;
  private final ConversionRequest request;
  private final Map<String, Made> made = new LinkedHashMap<>();
  private final List<String> added = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  private ToLdm(Path path, Sorted input, ConversionRequest request) {
    this.path = path;
    this.input = input;
    this.request = request;
  }

  /// The change from diffusers.
  ///
  /// @param prediction what the folder's scheduler says the model predicts
  /// @throws ConversionException if q, k and v are not all there, or a shape makes no sense
  static LayoutChange of(Path path, Sorted input, ConversionRequest request, Predicted prediction) {
    ToLdm change = new ToLdm(path, input, request);
    Dropped dropped = Dropped.of(input);
    change.warnings.addAll(dropped.warnings());
    change.collect();
    change.missing();
    if (input.family() == StableDiffusion.SD2) {
      change.fillUnused();
    }
    change.mark(prediction);
    return new LayoutChange(
        List.copyOf(change.made.values()), dropped.all(), change.added, change.warnings);
  }

  private void collect() {
    Map<String, Map<Integer, Stored>> thirds = new LinkedHashMap<>();
    for (Stored stored : input.known()) {
      Pair pair = input.names().diffusers(stored.component(), stored.name()).getFirst();
      if (pair.third() < 0) {
        put(pair.ldm(), stored, made(pair, stored));
      } else if (thirds
              .computeIfAbsent(pair.ldm(), name -> new TreeMap<>())
              .put(pair.third(), stored)
          != null) {
        throw twice(stored);
      }
    }
    thirds.forEach((name, parts) -> {
      Stored first = parts.values().iterator().next();
      put(name, first, joined(name, List.copyOf(parts.values())));
    });
  }

  private void put(String name, Stored stored, Made tensor) {
    if (made.putIfAbsent(name, tensor) != null) {
      throw twice(stored);
    }
  }

  private Made made(Pair pair, Stored stored) {
    Shape shape = stored.info().shape();
    DType dtype = request.dtype(stored.info().dtype());
    if (pair.transposed()) {
      if (shape.rank() != 2 || shape.dim(0) > WIDEST) {
        throw refused(stored, "has shape %s, expected a matrix [out, in]".formatted(shape));
      }
      Shape turned = Shape.of(shape.dim(1), shape.dim(0));
      return new Made("", new TensorSpec(pair.ldm(), dtype, turned), new Piece.Transposed(stored));
    }
    Shape convolution =
        pair.pointwise() && shape.rank() == 2 ? Shape.of(shape.dim(0), shape.dim(1), 1, 1) : shape;
    return new Made("", new TensorSpec(pair.ldm(), dtype, convolution), Piece.whole(stored));
  }

  private Made joined(String name, List<Stored> parts) {
    Stored first = parts.getFirst();
    Shape shape = first.info().shape();
    DType dtype = request.dtype(first.info().dtype());
    if (parts.size() != 3) {
      throw refused(first, "stands alone: q, k and v go into one tensor, %s".formatted(name));
    }
    List<Piece> pieces = new ArrayList<>();
    for (Stored part : parts) {
      boolean alike =
          part.info().shape().equals(shape) && request.dtype(part.info().dtype()) == dtype;
      if (shape.rank() == 0 || !alike) {
        throw refused(
            part,
            "is %s %s, but %s, with which it becomes one tensor, is %s %s; --dtype gives both one dtype"
                .formatted(
                    part.info().dtype(),
                    part.info().shape(),
                    first.name(),
                    first.info().dtype(),
                    shape));
      }
      long count = shape.elements();
      pieces.add(new Piece.Run(part, 0, count, pieces.size() * count));
    }
    long[] dims = shape.dims();
    dims[0] *= 3;
    return new Made("", new TensorSpec(name, dtype, Shape.of(dims)), pieces);
  }

  /// Distilled models have fewer layers, and LDM programs know some of them; so this is no refusal.
  private void missing() {
    List<String> missing =
        input.names().pairs().stream()
            .map(Pair::ldm)
            .distinct()
            .filter(name -> !made.containsKey(name))
            .filter(name -> !name.startsWith(LAYER_23) && !name.equals(PROJECTION))
            .toList();
    if (!missing.isEmpty()) {
      warnings.add(
          "%d tensors of a whole %s checkpoint have no source in the folder: %s"
              .formatted(missing.size(), input.family().family().id(), Sorted.listed(missing)));
    }
  }

  /// LDM programs want a last layer and a projection that diffusers leaves out and nothing uses.
  /// They get what sd-scripts gives them: layer 22 once more, and ones (`library/model_util.py`,
  /// `convert_text_encoder_state_dict_to_sd_v2`).
  private void fillUnused() {
    for (Made tensor : List.copyOf(made.values())) {
      String name = tensor.spec().name();
      if (name.startsWith(LAYER_22)) {
        String last = LAYER_23 + name.substring(LAYER_22.length());
        add(
            new Made(
                "",
                new TensorSpec(last, tensor.spec().dtype(), tensor.spec().shape()),
                tensor.pieces()));
      }
    }
    Made norm = made.get(WIDTH);
    if (norm != null && norm.spec().shape().rank() == 1) {
      long width = norm.spec().shape().dim(0);
      Shape square = Shape.of(width, width);
      add(
          new Made(
              "",
              new TensorSpec(PROJECTION, norm.spec().dtype(), square),
              new Piece.Ones(square.elements())));
    }
    if (!added.isEmpty()) {
      warnings.add(
          "%d tensors are filled in, layer 23 of the text encoder from layer 22 and text_projection with ones: diffusers does not store them, and Stable Diffusion 2 does not use them"
              .formatted(added.size()));
    }
  }

  private void add(Made tensor) {
    if (made.putIfAbsent(tensor.spec().name(), tensor) == null) {
      added.add(tensor.spec().name());
    }
  }

  /// The marks by which ComfyUI, Forge and reForge tell an SDXL model that predicts v: tensors
  /// without elements, I64 in sd-mecha's list of a real file.
  private void mark(Predicted predicted) {
    if (predicted.prediction() == Prediction.EPSILON) {
      return;
    }
    if (input.family() != StableDiffusion.SDXL) {
      warnings.add(
          "the model predicts v, which an LDM checkpoint of %s says in its metadata alone; a program that does not read them has to be told"
              .formatted(input.family().family().id()));
      return;
    }
    add(new Made("", new TensorSpec("v_pred", DType.I64, Shape.of(0)), List.of()));
    if (predicted.zeroTerminalSnr()) {
      add(new Made("", new TensorSpec("ztsnr", DType.I64, Shape.of(0)), List.of()));
    }
    warnings.add(
        predicted.zeroTerminalSnr()
            ? "the model predicts v up to pure noise; the empty tensors v_pred and ztsnr say so"
            : "the model predicts v; the empty tensor v_pred says so");
  }

  private ConversionException twice(Stored stored) {
    return refused(stored, "is in the folder twice, under two of its names; remove one of them");
  }

  private ConversionException refused(Stored stored, String what) {
    return new ConversionException(
        path, stored.name(), "tensor %s %s".formatted(Sorted.place(stored), what));
  }
}
