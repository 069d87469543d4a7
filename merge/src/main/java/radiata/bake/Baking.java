package radiata.bake;

import java.nio.file.Path;
import radiata.safetensors.Replace;

/// One of several outputs that are baked of one base.
///
/// @param plan made of the base that all of them share
public record Baking(BakePlan plan, Path output, Replace replace) {}
