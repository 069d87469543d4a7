package radiata.names;

/// A run of rows of a fused weight: the q, k or v of an `in_proj_weight`.
public record Rows(long start, long count) {}
