package radiata.adapter;

import radiata.safetensors.DType;

/// Where an adapter acts.
///
/// @param weight the running weight, `[out, in, k...]`, changed by the adapters before this one
/// @param untouched the weight before the first adapter: PEFT takes its norms there
/// @param base the dtype of the base file: some runtimes take its machine epsilon
public record Site<T>(T weight, T untouched, DType base) {}
