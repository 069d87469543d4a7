package radiata.names;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// A module found in a base.
///
/// @param path its dotted path in the family's own terms (diffusers paths for the Stable Diffusion
///   families)
/// @param block its place in kohya's list of 26 block weights (BASE, IN00-IN11, MID, OUT00-OUT11),
///   if it has one
public record Located(
    String path, Role role, OptionalInt block, Target weight, @Nullable Target bias) {}
