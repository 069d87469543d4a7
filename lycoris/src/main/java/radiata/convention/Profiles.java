package radiata.convention;

import static radiata.convention.Magnitude.DORA_SCALE;
import static radiata.convention.Magnitude.LORA_MAGNITUDE_VECTOR;
import static radiata.convention.Magnitude.MAGNITUDE;
import static radiata.convention.Profile.AxisRule.ALWAYS_INPUT;
import static radiata.convention.Profile.AxisRule.ALWAYS_OUTPUT;
import static radiata.convention.Profile.AxisRule.BY_SHAPE;
import static radiata.convention.Profile.AxisRule.FIRST_DIMENSION;
import static radiata.convention.Profile.Between.BASE_DTYPE;
import static radiata.convention.Profile.Between.UNROUNDED;
import static radiata.convention.Profile.Epsilon.FLOAT32;
import static radiata.convention.Profile.Epsilon.OF_BASE;
import static radiata.convention.Profile.Epsilon.ZERO;
import static radiata.convention.Profile.Norm.BASE_ON_OUTPUT;
import static radiata.convention.Profile.Norm.MOVED;
import static radiata.convention.Profile.Norm.UNTOUCHED_PLUS_DELTA;
import static radiata.convention.Profile.OnMisfit.REFUSE;
import static radiata.convention.Profile.OnMisfit.SKIP;
import static radiata.convention.Profile.Strength.INSIDE_NORM;
import static radiata.convention.Profile.Strength.ON_FACTOR;
import static radiata.convention.Profile.Strength.TOWARDS;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/// The runtimes we know. `docs/conventions.md` is this table with the proof of each cell.
public final class Profiles {
  private static final Set<Magnitude> ANY = Set.of(DORA_SCALE, LORA_MAGNITUDE_VECTOR, MAGNITUDE);
  private static final OptionalDouble ANY_STRENGTH = OptionalDouble.empty();

  /// The definition itself, in float64, rounded once: a straight line from W to `V m/norm(V)`, no
  /// epsilon.
  public static final Profile EXACT =
      new Profile(
          "exact",
          MOVED,
          TOWARDS,
          ZERO,
          BY_SHAPE,
          ANY,
          true,
          true,
          true,
          UNROUNDED,
          REFUSE,
          ANY_STRENGTH,
          false,
          "the definition");

  public static final Profile LYCORIS =
      new Profile(
          "lycoris",
          MOVED,
          ON_FACTOR,
          OF_BASE,
          BY_SHAPE,
          Set.of(DORA_SCALE),
          true,
          true,
          false,
          BASE_DTYPE,
          REFUSE,
          ANY_STRENGTH,
          false,
          "LyCORIS 3.3.0 (f49d30d): modules/locon.py apply_weight_decompose, modules/base.py merge_to");

  public static final Profile COMFYUI =
      new Profile(
          "comfyui",
          BASE_ON_OUTPUT,
          TOWARDS,
          FLOAT32,
          FIRST_DIMENSION,
          Set.of(DORA_SCALE),
          false,
          true,
          false,
          UNROUNDED,
          SKIP,
          ANY_STRENGTH,
          false,
          "ComfyUI 0.3.64 (a125cd84): comfy/weight_adapter/base.py weight_decompose");

  public static final Profile FORGE =
      new Profile(
          "forge",
          BASE_ON_OUTPUT,
          TOWARDS,
          FLOAT32,
          FIRST_DIMENSION,
          Set.of(DORA_SCALE),
          false,
          true,
          false,
          UNROUNDED,
          REFUSE,
          ANY_STRENGTH,
          false,
          "Forge dfdcbab6: backend/patcher/lora.py weight_decompose");

  public static final Profile A1111 =
      new Profile(
          "a1111",
          MOVED,
          TOWARDS,
          ZERO,
          ALWAYS_INPUT,
          Set.of(DORA_SCALE),
          false,
          true,
          false,
          BASE_DTYPE,
          SKIP,
          ANY_STRENGTH,
          true,
          "web UI 1.10.1 (82a973c0): extensions-builtin/Lora/network.py apply_weight_decompose");

  public static final Profile PEFT =
      new Profile(
          "peft",
          UNTOUCHED_PLUS_DELTA,
          INSIDE_NORM,
          ZERO,
          ALWAYS_OUTPUT,
          Set.of(LORA_MAGNITUDE_VECTOR),
          false,
          true,
          false,
          BASE_DTYPE,
          REFUSE,
          ANY_STRENGTH,
          false,
          "PEFT 0.21.0: tuners/lora/variants.py merge_safe");

  public static final Profile ONETRAINER =
      new Profile(
          "onetrainer",
          MOVED,
          TOWARDS,
          FLOAT32,
          BY_SHAPE,
          ANY,
          false,
          true,
          false,
          UNROUNDED,
          REFUSE,
          OptionalDouble.of(1),
          false,
          "OneTrainer 23df3832: modules/module/LoRAModule.py DoRAModule.forward");

  public static final Profile AITOOLKIT =
      new Profile(
          "aitoolkit",
          MOVED,
          INSIDE_NORM,
          ZERO,
          ALWAYS_OUTPUT,
          Set.of(MAGNITUDE),
          true,
          true,
          false,
          UNROUNDED,
          REFUSE,
          ANY_STRENGTH,
          false,
          "ai-toolkit 27a03a91: toolkit/models/DoRA.py");

  /// kohya's merge: everything but plain LoRA is dropped, magnitudes and Tucker cores among it.
  public static final Profile PLAIN =
      new Profile(
          "plain",
          MOVED,
          TOWARDS,
          ZERO,
          BY_SHAPE,
          Set.of(),
          true,
          false,
          false,
          UNROUNDED,
          REFUSE,
          ANY_STRENGTH,
          false,
          "sd-scripts 48d368fa: networks/lora.py merge_to");

  /// In the order in which help and documentation list them.
  public static final List<Profile> ALL =
      List.of(EXACT, LYCORIS, COMFYUI, FORGE, A1111, PEFT, ONETRAINER, AITOOLKIT, PLAIN);

  private Profiles() {}

  public static Optional<Profile> named(String id) {
    return ALL.stream().filter(profile -> profile.id().equals(id)).findFirst();
  }
}
