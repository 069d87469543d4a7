package radiata.train.metadata;

import java.util.Optional;

/// How far a run was when an adapter was written.
///
/// @param batchesPerEpoch micro-batches, as sd-scripts counts them
/// @param epochs of the whole run
/// @param steps of the whole run
/// @param epoch that the adapter is of
/// @param step that it is of
/// @param date ISO 8601, as the user gave it; without one nothing tells a time, and two runs give
///   the same bytes
public record RunFacts(
    int batchesPerEpoch, int epochs, int steps, int epoch, int step, Optional<String> date) {}
