package radiata.adapter.file;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import radiata.adapter.Adapter;
import radiata.convention.DoraAxis;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// One module of an adapter file: the tensors of one layer, and what they mean.
///
/// @param name the module's name as the file writes it, suffix and adapter name taken off
/// @param adapter the algorithm over the file's tensors
/// @param rank the rank its factors have
/// @param alpha as stored or configured; empty where there is none
/// @param axis the axis of its magnitude; empty without DoRA
/// @param madeFor the shape of the weight its factors were made for, as far as they tell
/// @param tensors every tensor of the file that belongs to this module, alpha included
/// @param fanInFanOut whether PEFT says that the base stores this weight `[in, out]`
/// @param because why it was read this way, in words, for `inspect`
public record AdapterModule(
    String name,
    Algorithm algorithm,
    Adapter<TensorInfo> adapter,
    int rank,
    OptionalDouble alpha,
    Optional<DoraAxis> axis,
    Shape madeFor,
    List<TensorInfo> tensors,
    boolean fanInFanOut,
    List<String> because) {}
