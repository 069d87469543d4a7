/// Adapters into a checkpoint: a plan that is pure data, and an engine that carries it out. Start at
/// [Planner][radiata.bake.Planner] and [Baker][radiata.bake.Baker].
@NullMarked
package radiata.bake;

import org.jspecify.annotations.NullMarked;
