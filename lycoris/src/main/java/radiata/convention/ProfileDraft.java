package radiata.convention;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/// A profile as it is being written down: what is not said is as in the definition.
final class ProfileDraft {
  private final String id;
  private final String source;
  private Profile.Norm norm = Profile.Norm.MOVED;
  private Profile.Strength strength = Profile.Strength.TOWARDS;
  private Profile.Epsilon epsilon = Profile.Epsilon.ZERO;
  private Profile.AxisRule axis = Profile.AxisRule.BY_SHAPE;
  private Set<Magnitude> magnitudes = Set.of(Magnitude.values());
  private boolean zeroAlphaMeansRank = true;
  private boolean readsScale;
  private boolean readsReshape;
  private boolean readsMid = true;
  private boolean guardsZeroNorm;
  private Profile.Between between = Profile.Between.UNROUNDED;
  private Profile.OnMisfit onMisfit = Profile.OnMisfit.REFUSE;
  private OptionalDouble onlyStrength = OptionalDouble.empty();
  private Set<Algorithm> algorithms = Set.of();
  private Set<Algorithm> decomposed = Set.of();
  private Profile.OnForeign onForeign = Profile.OnForeign.IGNORE;
  private OptionalInt unreadLimit = OptionalInt.empty();
  private Set<Profile.Stumble> stumbles = Set.of();
  private Profile.Rotation rotation = Profile.Rotation.STRAIGHT;
  private boolean scalesProductsTwice;
  private boolean readsGloraAlpha = true;
  private boolean readsSparse;
  private boolean wholeAttention;
  private boolean throughFactors;

  ProfileDraft(String id, String source) {
    this.id = id;
    this.source = source;
  }

  ProfileDraft magnitude(Profile.Norm of, Profile.Strength enters, Profile.Epsilon added) {
    norm = of;
    strength = enters;
    epsilon = added;
    return this;
  }

  ProfileDraft axis(Profile.AxisRule rule, Set<Magnitude> read) {
    axis = rule;
    magnitudes = read;
    return this;
  }

  ProfileDraft zeroAlphaIsZero() {
    zeroAlphaMeansRank = false;
    return this;
  }

  ProfileDraft readsScale() {
    readsScale = true;
    return this;
  }

  ProfileDraft readsReshape() {
    readsReshape = true;
    return this;
  }

  ProfileDraft ignoresMid() {
    readsMid = false;
    return this;
  }

  ProfileDraft guardsZeroNorm() {
    guardsZeroNorm = true;
    return this;
  }

  ProfileDraft between(Profile.Between kept) {
    between = kept;
    return this;
  }

  ProfileDraft skipsMisfits() {
    onMisfit = Profile.OnMisfit.SKIP;
    return this;
  }

  ProfileDraft onlyStrength(double one) {
    onlyStrength = OptionalDouble.of(one);
    return this;
  }

  ProfileDraft reads(Set<Algorithm> known, Set<Algorithm> withMagnitude) {
    algorithms = known;
    decomposed = withMagnitude;
    return this;
  }

  ProfileDraft refusesForeign() {
    onForeign = Profile.OnForeign.REFUSE;
    return this;
  }

  ProfileDraft unreadLimit(int tensors) {
    unreadLimit = OptionalInt.of(tensors);
    return this;
  }

  ProfileDraft stumbles(Profile.Stumble... at) {
    stumbles = Set.of(at);
    return this;
  }

  ProfileDraft rotation(Profile.Rotation by) {
    rotation = by;
    return this;
  }

  ProfileDraft scalesProductsTwice() {
    scalesProductsTwice = true;
    return this;
  }

  ProfileDraft ignoresGloraAlpha() {
    readsGloraAlpha = false;
    return this;
  }

  ProfileDraft readsSparse() {
    readsSparse = true;
    return this;
  }

  ProfileDraft wholeAttention() {
    wholeAttention = true;
    return this;
  }

  ProfileDraft throughFactors() {
    throughFactors = true;
    return this;
  }

  Profile profile() {
    return new Profile(
        id,
        norm,
        strength,
        epsilon,
        axis,
        magnitudes,
        zeroAlphaMeansRank,
        readsScale,
        readsReshape,
        readsMid,
        guardsZeroNorm,
        between,
        onMisfit,
        onlyStrength,
        algorithms,
        decomposed,
        onForeign,
        unreadLimit,
        stumbles,
        rotation,
        scalesProductsTwice,
        readsGloraAlpha,
        readsSparse,
        wholeAttention,
        throughFactors,
        source);
  }
}
