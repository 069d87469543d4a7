package radiata.convention;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// What one runtime does with an adapter file: the questions on which runtimes disagree, answered
/// as data. The ready ones are in [Profiles].
///
/// @param id the name users give to `--runtime`
/// @param norm of which weight DoRA's norm is taken
/// @param strength where the user's strength enters a DoRA layer
/// @param epsilonRule what is added to DoRA's norm
/// @param axisRule how the runtime decides the axis of a magnitude
/// @param magnitudes the magnitude keys it reads; a file's other ones are dropped
/// @param zeroAlphaMeansRank whether an alpha of 0 is replaced by the rank (scale 1) or taken as it
///   is (scale 0)
/// @param readsScale whether an explicit `scale` beside LoRA, LoHa or LoKr takes the place of
///   alpha/rank; otherwise the key is left unread
/// @param readsReshape whether a weight is padded to the shape that a `reshape_weight` beside LoRA
///   says; otherwise the key is left unread
/// @param readsMid whether `lora_mid` (Tucker) is read; otherwise the 1x1 product goes to every
///   kernel tap
/// @param guardsZeroNorm whether a vector of norm 0 stays 0 instead of becoming NaN
/// @param between what the weight is kept in between two adapters
/// @param onMisfit what happens to a layer whose tensors do not fit
/// @param onlyStrength the only strength it knows, if it is one that does not
/// @param algorithms what it reads
/// @param decomposed the algorithms over which it reads a magnitude
/// @param onForeign what it does with a module of another algorithm
/// @param unreadLimit how many tensors of a file it may leave unread before it refuses the file
/// @param stumbles layers of the algorithms it reads that it nevertheless cannot compute
/// @param rotation how strength, rescale and constraint enter Diag-OFT and BOFT
/// @param scalesProductsTwice whether LoHa and LoKr are scaled by alpha/rank squared
/// @param readsGloraAlpha whether GLoRA is scaled by alpha/rank
/// @param readsSparse whether the extractor's sparse remainder is added
/// @param wholeAttention whether a fused attention layer is given up unless all of q, k, v and out
///   are in the file
/// @param throughFactors whether a weight is brought into the dtype of LoHa's and LoKr's factors
/// @param source the program, version and place these answers were read from
public record Profile(
    String id,
    Norm norm,
    Strength strength,
    Epsilon epsilonRule,
    AxisRule axisRule,
    Set<Magnitude> magnitudes,
    boolean zeroAlphaMeansRank,
    boolean readsScale,
    boolean readsReshape,
    boolean readsMid,
    boolean guardsZeroNorm,
    Between between,
    OnMisfit onMisfit,
    OptionalDouble onlyStrength,
    Set<Algorithm> algorithms,
    Set<Algorithm> decomposed,
    OnForeign onForeign,
    OptionalInt unreadLimit,
    Set<Stumble> stumbles,
    Rotation rotation,
    boolean scalesProductsTwice,
    boolean readsGloraAlpha,
    boolean readsSparse,
    boolean wholeAttention,
    boolean throughFactors,
    String source) {

  /// The weight whose norm divides the magnitude.
  public enum Norm {
    /// V = W + delta.
    MOVED,
    /// The base W on the output axis, V on the input axis.
    BASE_ON_OUTPUT,
    /// The weight before the first adapter, plus this adapter's own delta.
    UNTOUCHED_PLUS_DELTA
  }

  /// Where the strength s enters a DoRA layer.
  public enum Strength {
    /// `W + s (V m/n - W)`: a straight line from W.
    TOWARDS,
    /// `V (1 + s (m/n - 1))`: on the magnitude factor only; at 0 this is V, not W.
    ON_FACTOR,
    /// `m/n (W + s delta)`, n of the same.
    INSIDE_NORM
  }

  /// What is added to the norm.
  public enum Epsilon {
    ZERO,
    /// 2^-23, whatever the base's dtype.
    FLOAT32,
    /// The machine epsilon of the base's dtype.
    OF_BASE
  }

  /// How the axis of a magnitude is decided.
  public enum AxisRule {
    /// As its shape and key say.
    BY_SHAPE,
    /// The output axis exactly if its first dimension is the weight's; it is then broadcast as
    /// stored.
    FIRST_DIMENSION,
    /// The input axis always, broadcast as stored.
    ALWAYS_INPUT,
    /// The output axis always.
    ALWAYS_OUTPUT
  }

  /// What the running weight is kept in between adapters.
  public enum Between {
    UNROUNDED,
    BASE_DTYPE
  }

  /// What a runtime does with a layer it cannot compute.
  public enum OnMisfit {
    /// Logs it and leaves the layer as the base.
    SKIP,
    /// Fails on the whole file.
    REFUSE
  }

  /// What a runtime does with a module of an algorithm it does not know.
  public enum OnForeign {
    /// Goes on without it.
    IGNORE,
    /// Fails on the whole file.
    REFUSE
  }

  /// A kind of layer that a runtime knows but cannot compute.
  public enum Stumble {
    /// 4-D weights with nine input channels (inpainting).
    NINE_CHANNELS("it pads the delta of a weight with nine input channels by five"),
    GLORA_ON_KERNELS("it multiplies the factors of GLoRA as stacks of matrices"),
    GLORA_NEW("it knows the GLoRA layout of LyCORIS 2.x alone"),
    LOKR_TUCKER("its Kronecker product fails on a Tucker factor"),
    LOHA_KERNELS("it multiplies factors of LoHa with a kernel as matrices");

    private final String why;

    Stumble(String why) {
      this.why = why;
    }

    public String why() {
      return why;
    }
  }

  /// How a rotation with result W1 at strength 1 is baked at strength s; r is rescale.
  public enum Rotation {
    /// `W + s (W1 - W)`, W1 with rescale.
    STRAIGHT,
    /// Diag-OFT `r (W + s (R^T W - W))`; BOFT mixes every stage with the identity by s, then r.
    MIXED,
    /// Diag-OFT `W + s^2 (R^T W - W)` without r; BOFT mixes every stage by s, then r, then goes
    /// towards it by s again. The limit of the norm is alpha, not alpha times the outputs.
    TWICE
  }

  /// The limit of the norm of all Q of a rotation.
  ///
  /// @param constraint `alpha` of the file; 0 for none
  public double rotationLimit(double constraint, long outputs) {
    return rotation == Rotation.TWICE ? constraint : constraint * outputs;
  }

  public double epsilon(DType base) {
    return switch (epsilonRule) {
      case ZERO -> 0;
      case FLOAT32 -> 0x1p-23;
      case OF_BASE -> machineEpsilon(base);
    };
  }

  /// The axis as this runtime sees it.
  ///
  /// @param told what shape and key of the magnitude say
  public DoraAxis axis(DoraAxis told, Shape magnitude, Shape weight) {
    return switch (axisRule) {
      case BY_SHAPE -> told;
      case FIRST_DIMENSION ->
          magnitude.rank() > 0 && magnitude.dim(0) == weight.dim(0)
              ? DoraAxis.OUTPUT
              : DoraAxis.INPUT;
      case ALWAYS_INPUT -> DoraAxis.INPUT;
      case ALWAYS_OUTPUT -> DoraAxis.OUTPUT;
    };
  }

  /// Whether the magnitude is brought into the shape of its axis, or broadcast as it was stored.
  public boolean shapesMagnitude() {
    return axisRule == AxisRule.BY_SHAPE || axisRule == AxisRule.ALWAYS_OUTPUT;
  }

  private static double machineEpsilon(DType base) {
    return switch (base) {
      case F64 -> 0x1p-52;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      case F8_E4M3 -> 0x1p-3;
      case F8_E5M2 -> 0x1p-2;
      case F32,
          BOOL,
          F4,
          F6_E2M3,
          F6_E3M2,
          U8,
          I8,
          F8_E8M0,
          F8_E4M3FNUZ,
          F8_E5M2FNUZ,
          I16,
          U16,
          I32,
          U32,
          C64,
          I64,
          U64 ->
          0x1p-23;
    };
  }
}
