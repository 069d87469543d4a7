/// The commands: one class each, listed in [Commands][radiata.cli.command.Commands]; what they
/// share in arguments, help and failures.
@NullMarked
package radiata.cli.command;

import org.jspecify.annotations.NullMarked;
