package radiata.bake;

import radiata.safetensors.Checkpoint.Stored;

/// A tensor of the output.
///
/// @param source the base's tensor that it is made of
/// @param name its own name: the source's, or another that the base ties to it
record Destination(Stored source, String name) {}
