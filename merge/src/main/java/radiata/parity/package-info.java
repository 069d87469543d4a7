/// Whether a file looks the same everywhere: the weights that every runtime makes of one adapter,
/// held against the definition's. Start at [Parity][radiata.parity.Parity].
@NullMarked
package radiata.parity;

import org.jspecify.annotations.NullMarked;
