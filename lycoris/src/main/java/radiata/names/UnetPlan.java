package radiata.names;

import java.util.List;

/// The block counts of a UNet.
///
/// @param widths channels of each level, outermost first
/// @param depths transformer blocks in each attention of a level; 0 for a level without attention
/// @param middleDepth the same for the middle block
/// @param labels whether it has an embedding of sizes and pooled text (`label_emb`)
record UnetPlan(List<Integer> widths, List<Integer> depths, int middleDepth, boolean labels) {
  /// SD1 and SD2: they differ in shapes, not in names.
  static final UnetPlan SD =
      new UnetPlan(List.of(320, 640, 1280, 1280), List.of(1, 1, 1, 0), 1, false);

  static final UnetPlan SDXL = new UnetPlan(List.of(320, 640, 1280), List.of(0, 2, 10), 10, true);

  static final UnetPlan REFINER =
      new UnetPlan(List.of(384, 768, 1536, 1536), List.of(0, 4, 4, 0), 4, true);

  int levels() {
    return widths.size();
  }

  int channels(int level) {
    return widths.get(level);
  }

  int depth(int level) {
    return depths.get(level);
  }
}
