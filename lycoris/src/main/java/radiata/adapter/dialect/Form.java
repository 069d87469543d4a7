package radiata.adapter.dialect;

import static radiata.convention.Algorithm.LOHA;
import static radiata.convention.Algorithm.LOKR;
import static radiata.convention.Algorithm.LORA;
import static radiata.convention.Algorithm.WHOLE;

import java.util.EnumSet;
import java.util.Set;
import radiata.convention.Algorithm;
import radiata.convention.Magnitude;
import radiata.names.Dialect;
import radiata.names.Family;

/// What a dialect can hold, and how it spells it.
///
/// @param algorithms what it can hold
/// @param pair how it spells up and down
/// @param alphas where it keeps alpha
/// @param magnitude the key of DoRA's magnitude
/// @param inputAxis whether it can hold one magnitude per input
/// @param mixesDora whether layers with and without a magnitude may stand side by side
/// @param mid whether it can hold a Tucker core of LoRA
/// @param others whether it can hold what belongs to no layer, and suffixes that nobody knows
/// @param textEncoders whether it can hold a denoiser and text encoders in one file
record Form(
    Dialect dialect,
    Set<Algorithm> algorithms,
    Pair pair,
    Alphas alphas,
    Magnitude magnitude,
    boolean inputAxis,
    boolean mixesDora,
    boolean mid,
    boolean others,
    boolean textEncoders) {

  /// The suffixes of up and down.
  enum Pair {
    /// `lora_up.weight`, `lora_down.weight`.
    UP_DOWN("lora_up.weight", "lora_down.weight"),
    /// `lora_B.weight`, `lora_A.weight`.
    B_A("lora_B.weight", "lora_A.weight");

    final String up;
    final String down;

    Pair(String up, String down) {
      this.up = up;
      this.down = down;
    }
  }

  /// Where a dialect keeps alpha.
  enum Alphas {
    /// A tensor per module.
    TENSORS,
    /// Settings beside the tensors: `adapter_config.json`, or `lora_adapter_metadata`.
    SETTINGS,
    /// Nowhere: alpha is the rank, and any other scale is folded into up.
    FOLDED
  }

  /// Whether it can hold a magnitude over an algorithm: PEFT and ai-toolkit know DoRA over LoRA
  /// alone.
  boolean decomposes(Algorithm algorithm) {
    return algorithm == LORA || others;
  }

  /// Whether it can hold the bias that PEFT trains beside up (`lora_bias`).
  boolean biases() {
    return alphas == Alphas.SETTINGS;
  }

  /// Whether several algorithms may stand in one file: where each layer is read by its own keys.
  boolean mixesAlgorithms() {
    return others;
  }

  /// The form of a dialect for a family.
  ///
  /// @throws IllegalArgumentException for the unknown dialect
  static Form of(Dialect dialect, Family family) {
    return switch (dialect) {
      case KOHYA, KOHYA_DIFFUSERS, LYCORIS -> kohya(dialect, Pair.UP_DOWN);
      case COMFYUI -> kohya(dialect, Pair.B_A);
      case DIFFUSERS ->
          new Form(
              dialect,
              Set.of(LORA),
              Pair.B_A,
              Alphas.SETTINGS,
              Magnitude.LORA_MAGNITUDE_VECTOR,
              false,
              false,
              false,
              false,
              true);
      case PEFT ->
          new Form(
              dialect,
              Set.of(LORA, LOHA, LOKR, WHOLE),
              Pair.B_A,
              Alphas.SETTINGS,
              Magnitude.LORA_MAGNITUDE_VECTOR,
              false,
              false,
              false,
              false,
              false);
      case AITOOLKIT ->
          new Form(
              dialect,
              Set.of(LORA, LOKR),
              family.isUnet() ? Pair.UP_DOWN : Pair.B_A,
              family.isUnet() ? Alphas.TENSORS : Alphas.FOLDED,
              Magnitude.MAGNITUDE,
              false,
              true,
              false,
              false,
              true);
      case UNKNOWN -> throw new IllegalArgumentException("no dialect to write");
    };
  }

  private static Form kohya(Dialect dialect, Pair pair) {
    EnumSet<Algorithm> all = EnumSet.allOf(Algorithm.class);
    all.remove(WHOLE);
    return new Form(
        dialect,
        Set.copyOf(all),
        pair,
        Alphas.TENSORS,
        Magnitude.DORA_SCALE,
        true,
        true,
        true,
        true,
        true);
  }
}
