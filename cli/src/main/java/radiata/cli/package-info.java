/// The command line. Start at [Main][radiata.cli.Main].
@NullMarked
package radiata.cli;

import org.jspecify.annotations.NullMarked;
