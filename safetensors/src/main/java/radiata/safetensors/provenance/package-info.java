/// Where an output comes from: what was done, to which inputs, and the checksums of what came out,
/// under one key of its metadata.
@NullMarked
package radiata.safetensors.provenance;

import org.jspecify.annotations.NullMarked;
