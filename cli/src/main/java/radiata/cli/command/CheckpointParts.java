package radiata.cli.command;

import java.util.List;
import java.util.Locale;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;

/// How a checkpoint is laid out and what it is made of.
final class CheckpointParts {
  private static final List<String> LDM_PREFIXES =
      List.of(
          "model.diffusion_model.", "first_stage_model.", "cond_stage_model.", "conditioner.");
  private static final List<String> DIFFUSERS_PREFIXES =
      List.of("down_blocks.", "up_blocks.", "mid_block.", "transformer_blocks.", "single_transformer_blocks.");

  private CheckpointParts() {}

  /// Whether it is a model at all: of a known family, in a model's folder, or with modules of its
  /// own.
  static boolean isModel(Checkpoint model, NameTable table) {
    return table.family() != Family.GENERIC
        || model.layout() != Layout.FILE
        || !table.modules().isEmpty();
  }

  /// `ldm`, `diffusers` or `hf`.
  static String layout(Checkpoint model) {
    if (model.layout() == Layout.DIFFUSERS || startsWithAny(model, DIFFUSERS_PREFIXES)) {
      return "diffusers";
    }
    return startsWithAny(model, LDM_PREFIXES) ? "ldm" : "hf";
  }

  private static boolean startsWithAny(Checkpoint model, List<String> prefixes) {
    return model.tensors().stream()
        .anyMatch(stored -> prefixes.stream().anyMatch(stored.name()::startsWith));
  }

  /// The folders of a diffusers model, or the parts whose modules are in a file.
  static List<String> components(Checkpoint model, NameTable table) {
    List<String> folders =
        model.parts().stream()
            .map(Checkpoint.Part::component)
            .filter(component -> !component.isEmpty())
            .distinct()
            .toList();
    if (!folders.isEmpty()) {
      return folders;
    }
    return table.modules().stream()
        .map(located -> located.role())
        .filter(role -> role != Role.OTHER)
        .distinct()
        .sorted()
        .map(role -> role.name().toLowerCase(Locale.ROOT))
        .toList();
  }
}
