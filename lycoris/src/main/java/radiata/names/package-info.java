/// Families of models and the names that each dialect gives to their modules. Start at
/// [NameTable][radiata.names.NameTable].
@NullMarked
package radiata.names;

import org.jspecify.annotations.NullMarked;
