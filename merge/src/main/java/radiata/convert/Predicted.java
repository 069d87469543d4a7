package radiata.convert;

import radiata.convert.folder.Prediction;

/// What a model predicts, and how that is known.
///
/// @param zeroTerminalSnr whether its noise schedule ends in pure noise
/// @param because a half sentence for the user
record Predicted(Prediction prediction, boolean zeroTerminalSnr, String because) {}
