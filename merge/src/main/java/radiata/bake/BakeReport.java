package radiata.bake;

import java.util.List;

/// What a finished bake did.
///
/// @param survival what rounding left of each change, in the order of the output
/// @param read seconds that workers spent reading, all of them added up
/// @param compute seconds they spent computing
/// @param write seconds they spent writing
/// @param sync seconds until the output was on the disk and under its name
public record BakeReport(
    List<Survival> survival, double read, double compute, double write, double sync) {}
