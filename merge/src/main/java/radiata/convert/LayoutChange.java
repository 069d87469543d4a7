package radiata.convert;

import java.util.List;

/// What a change of layout makes of the tensors of an input.
///
/// @param made the tensors of the output
/// @param dropped places of the input's tensors that have none in it
/// @param added names of the output's tensors that come from no tensor of that name
/// @param warnings a sentence for all that is dropped or added
record LayoutChange(
    List<Made> made, List<String> dropped, List<String> added, List<String> warnings) {}
