/// What each runtime does with the same file, as data. Start at
/// [Profile][radiata.convention.Profile].
@NullMarked
package radiata.convention;

import org.jspecify.annotations.NullMarked;
