package radiata.convert;

import java.util.ArrayList;
import java.util.List;
import radiata.convert.folder.StableDiffusion;
import radiata.names.BaseTensor;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.names.TensorKind;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Stored;

/// The tensors of an input, sorted by what a change of layout does with them.
///
/// @param family the input's family
/// @param diffusers whether the input is a diffusers folder
/// @param known tensors that both layouts have
/// @param buffers tensors that are no weights: schedules, indices, moving averages
/// @param checker the weights of a safety checker, which is no part of an LDM checkpoint
record Sorted(
    StableDiffusion family,
    LayoutNames names,
    boolean diffusers,
    List<Stored> known,
    List<Stored> buffers,
    List<Stored> checker) {
  private static final String SAFETY_CHECKER = "safety_checker";
  private static final int SHOWN = 5;

  /// Sorts them.
  ///
  /// @throws ConversionException if the family has no two layouts, or a tensor has no place in it
  static Sorted of(Checkpoint input) {
    NameTable table = NameTable.of(BaseTensor.of(input));
    StableDiffusion family =
        StableDiffusion.of(table.family())
            .orElseThrow(() ->
                new ConversionException(
                    input.path(),
                    null,
                    "%s; LDM and diffusers layouts are known for Stable Diffusion 1, 2, XL and its refiner, any other model keeps its layout"
                        .formatted(
                            table.family() == Family.GENERIC
                                ? "a model of no known family"
                                : "a model of family " + table.family().id())));
    Sorted sorted =
        new Sorted(
            family,
            new LayoutNames(family),
            input.layout() == Layout.DIFFUSERS,
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>());
    sorted.sort(input, table);
    return sorted;
  }

  private void sort(Checkpoint input, NameTable table) {
    List<Stored> unknown = new ArrayList<>();
    for (Stored stored : input.tensors()) {
      if (has(stored)) {
        known.add(stored);
      } else if (stored.component().equals(SAFETY_CHECKER)) {
        checker.add(stored);
      } else if (table.kind(BaseTensor.of(stored)) == TensorKind.COPIED) {
        buffers.add(stored);
      } else {
        unknown.add(stored);
      }
    }
    if (known.isEmpty()) {
      throw new ConversionException(
          input.path(),
          null,
          "neither an LDM checkpoint nor a diffusers folder: its tensors carry no part's name, such as %s; give the folder with model_index.json"
              .formatted(place(input.tensors().getFirst())));
    }
    if (!unknown.isEmpty()) {
      throw new ConversionException(
          input.path(),
          unknown.getFirst().name(),
          "%s no place in the layouts of %s: %s; a conversion that keeps the layout keeps them"
              .formatted(
                  unknown.size() == 1 ? "1 tensor has" : unknown.size() + " tensors have",
                  family.family().id(),
                  listed(unknown.stream().map(Sorted::place).toList())));
    }
  }

  private boolean has(Stored stored) {
    return diffusers
        ? !names.diffusers(stored.component(), stored.name()).isEmpty()
        : !names.ldm(stored.name()).pairs().isEmpty();
  }

  /// `name`, or `text_encoder/name` in a folder of components.
  static String place(Stored stored) {
    return stored.component().isEmpty() ? stored.name() : stored.component() + "/" + stored.name();
  }

  /// The first few, and how many more.
  static String listed(List<String> names) {
    String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() > SHOWN ? first + " and %d more".formatted(names.size() - SHOWN) : first;
  }
}
