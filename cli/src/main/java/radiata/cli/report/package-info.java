/// What reaches the user: the console, tables, progress, JSON documents. Start at
/// [Console][radiata.cli.report.Console].
@NullMarked
package radiata.cli.report;

import org.jspecify.annotations.NullMarked;
