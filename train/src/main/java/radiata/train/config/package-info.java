/// What a run of training is to do: a TOML file under the names of sd-scripts, read into records
/// ([radiata.train.config.TrainConfig]), and a first such file to start from.
@NullMarked
package radiata.train.config;

import org.jspecify.annotations.NullMarked;
