/// Adapter files: their keys grouped by module, the algorithm of each, dialects and writers. Start
/// at [AdapterFile][radiata.adapter.file.AdapterFile].
@NullMarked
package radiata.adapter.file;

import org.jspecify.annotations.NullMarked;
