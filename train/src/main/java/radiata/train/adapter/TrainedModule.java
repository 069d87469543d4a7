package radiata.train.adapter;

import java.util.Optional;
import radiata.adapter.Adapter;
import radiata.convention.DoraAxis;

/// An adapter on one layer, over the keys of its tensors in the adapter's file.
///
/// @param path of the layer in its network
/// @param name of the module in the file
/// @param axis of its magnitude; empty without DoRA
public record TrainedModule(
    String path, String name, Adapter<String> adapter, Optional<DoraAxis> axis) {}
