package radiata.adapter.dialect;

import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import radiata.names.Dialect;

/// An adapter in another dialect, before it is written: what each tensor is called and where its
/// numbers come from.
///
/// @param metadata for the header
/// @param config the text of `adapter_config.json`; null for a dialect without one
/// @param modules how many modules it has
/// @param notes what the user should know
/// @param dropped tensors that were left out because the dialect cannot hold them
public record Converted(
    Dialect dialect,
    SequencedMap<String, Content> tensors,
    Map<String, String> metadata,
    @Nullable String config,
    int modules,
    List<String> notes,
    List<String> dropped) {}
