package radiata.convention;

import static radiata.convention.Algorithm.BOFT;
import static radiata.convention.Algorithm.IA3;
import static radiata.convention.Algorithm.LOHA;
import static radiata.convention.Algorithm.LOKR;
import static radiata.convention.Algorithm.LORA;
import static radiata.convention.Algorithm.OFT;
import static radiata.convention.Algorithm.TLORA;
import static radiata.convention.Algorithm.WHOLE;
import static radiata.convention.Magnitude.DORA_SCALE;
import static radiata.convention.Magnitude.LORA_MAGNITUDE_VECTOR;
import static radiata.convention.Magnitude.MAGNITUDE;
import static radiata.convention.Profile.Stumble.GLORA_NEW;
import static radiata.convention.Profile.Stumble.GLORA_ON_KERNELS;
import static radiata.convention.Profile.Stumble.LOHA_KERNELS;
import static radiata.convention.Profile.Stumble.LOKR_TUCKER;
import static radiata.convention.Profile.Stumble.NINE_CHANNELS;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import radiata.convention.Profile.AxisRule;
import radiata.convention.Profile.Between;
import radiata.convention.Profile.Epsilon;
import radiata.convention.Profile.Norm;
import radiata.convention.Profile.Rotation;
import radiata.convention.Profile.Strength;

/// The runtimes we know. `docs/conventions.md` is this table with the proof of each cell.
public final class Profiles {
  private static final Set<Algorithm> EVERY = Set.of(Algorithm.values());

  /// The definition itself, in float64, rounded once: a straight line from W to `V m/norm(V)`, no
  /// epsilon.
  public static final Profile EXACT =
      new ProfileDraft("exact", "the definition")
          .guardsZeroNorm()
          .readsScale()
          .readsReshape()
          .reads(EVERY, EVERY)
          .readsSparse()
          .profile();

  public static final Profile LYCORIS =
      lycoris(
              "lycoris",
              "LyCORIS 3.3.0 (f49d30d): modules/locon.py apply_weight_decompose, modules/base.py merge_to")
          .profile();

  /// LyCORIS as its merge is, not as it trains: `get_diff_weight` of LoHa and LoKr multiplies by
  /// alpha/rank what is multiplied by it already (2.3.0.dev to 4.0.x).
  public static final Profile LYCORIS_MERGE_BUG =
      lycoris(
              "lycoris-merge-bug",
              "LyCORIS 3.3.0 (f49d30d): modules/loha.py and lokr.py get_diff_weight")
          .scalesProductsTwice()
          .profile();

  public static final Profile COMFYUI =
      new ProfileDraft(
              "comfyui", "ComfyUI 0.3.64 (a125cd84): comfy/weight_adapter/base.py weight_decompose")
          .magnitude(Norm.BASE_ON_OUTPUT, Strength.TOWARDS, Epsilon.FLOAT32)
          .axis(AxisRule.FIRST_DIMENSION, Set.of(DORA_SCALE))
          .zeroAlphaIsZero()
          .skipsMisfits()
          .reads(without(IA3, TLORA), EVERY)
          .readsReshape()
          .stumbles(LOKR_TUCKER, LOHA_KERNELS)
          .rotation(Rotation.TWICE)
          .profile();

  public static final Profile FORGE =
      new ProfileDraft("forge", "Forge dfdcbab6: backend/patcher/lora.py weight_decompose")
          .magnitude(Norm.BASE_ON_OUTPUT, Strength.TOWARDS, Epsilon.FLOAT32)
          .axis(AxisRule.FIRST_DIMENSION, Set.of(DORA_SCALE))
          .zeroAlphaIsZero()
          .reads(without(IA3, OFT, BOFT, TLORA), EVERY)
          .stumbles(LOKR_TUCKER, LOHA_KERNELS)
          .unreadLimit(12)
          .profile();

  public static final Profile A1111 =
      new ProfileDraft(
              "a1111",
              "web UI 1.10.1 (82a973c0): extensions-builtin/Lora/network.py apply_weight_decompose")
          .axis(AxisRule.ALWAYS_INPUT, Set.of(DORA_SCALE))
          .zeroAlphaIsZero()
          .readsScale()
          .between(Between.BASE_DTYPE)
          .skipsMisfits()
          .reads(without(TLORA, WHOLE), EVERY)
          .refusesForeign()
          .stumbles(NINE_CHANNELS, GLORA_ON_KERNELS, GLORA_NEW)
          .ignoresGloraAlpha()
          .wholeAttention()
          .throughFactors()
          .profile();

  public static final Profile PEFT =
      new ProfileDraft("peft", "PEFT 0.21.0: tuners/lora/variants.py merge_safe")
          .magnitude(Norm.UNTOUCHED_PLUS_DELTA, Strength.INSIDE_NORM, Epsilon.ZERO)
          .axis(AxisRule.ALWAYS_OUTPUT, Set.of(LORA_MAGNITUDE_VECTOR))
          .zeroAlphaIsZero()
          .between(Between.BASE_DTYPE)
          .reads(Set.of(LORA, LOHA, LOKR, Algorithm.FULL, WHOLE), Set.of(LORA))
          .refusesForeign()
          .profile();

  public static final Profile ONETRAINER =
      new ProfileDraft(
              "onetrainer", "OneTrainer 23df3832: modules/module/LoRAModule.py DoRAModule.forward")
          .magnitude(Norm.MOVED, Strength.TOWARDS, Epsilon.FLOAT32)
          .axis(AxisRule.BY_SHAPE, Set.of(DORA_SCALE, LORA_MAGNITUDE_VECTOR, MAGNITUDE))
          .zeroAlphaIsZero()
          .onlyStrength(1)
          .reads(Set.of(LORA, LOHA, LOKR), Set.of(LORA, LOHA, LOKR))
          .refusesForeign()
          .profile();

  public static final Profile AITOOLKIT =
      new ProfileDraft("aitoolkit", "ai-toolkit 27a03a91: toolkit/models/DoRA.py")
          .magnitude(Norm.MOVED, Strength.INSIDE_NORM, Epsilon.ZERO)
          .axis(AxisRule.ALWAYS_OUTPUT, Set.of(MAGNITUDE))
          .reads(Set.of(LORA, LOKR), Set.of(LORA))
          .profile();

  /// kohya's merge: everything but plain LoRA is dropped, magnitudes and Tucker cores among it.
  public static final Profile PLAIN =
      new ProfileDraft("plain", "sd-scripts 48d368fa: networks/lora.py merge_to")
          .axis(AxisRule.BY_SHAPE, Set.of())
          .ignoresMid()
          .reads(Set.of(LORA), Set.of())
          .profile();

  /// In the order in which help and documentation list them.
  public static final List<Profile> ALL =
      List.of(
          EXACT,
          LYCORIS,
          LYCORIS_MERGE_BUG,
          COMFYUI,
          FORGE,
          A1111,
          PEFT,
          ONETRAINER,
          AITOOLKIT,
          PLAIN);

  private Profiles() {}

  public static Optional<Profile> named(String id) {
    return ALL.stream().filter(profile -> profile.id().equals(id)).findFirst();
  }

  private static ProfileDraft lycoris(String id, String source) {
    return new ProfileDraft(id, source)
        .magnitude(Norm.MOVED, Strength.ON_FACTOR, Epsilon.OF_BASE)
        .axis(AxisRule.BY_SHAPE, Set.of(DORA_SCALE))
        .between(Between.BASE_DTYPE)
        .reads(without(WHOLE), Set.of(LORA, LOHA, LOKR))
        .refusesForeign()
        .rotation(Rotation.MIXED);
  }

  private static Set<Algorithm> without(Algorithm first, Algorithm... others) {
    EnumSet<Algorithm> rest = EnumSet.allOf(Algorithm.class);
    rest.removeAll(EnumSet.of(first, others));
    return Set.copyOf(rest);
  }
}
