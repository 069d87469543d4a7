/// TOML files that people write, read so that every mistake is told with its place.
@NullMarked
package radiata.toml;

import org.jspecify.annotations.NullMarked;
