package radiata.train.config;

import java.nio.file.Path;

/// Text for a language model.
///
/// @param file `train_file`
/// @param format `format`: a JSON object with `prompt` and `completion` on every line, or plain
///   text
/// @param maxLength `max_length` in tokens
/// @param packing `packing`: several samples in one row
/// @param trainOnPrompt `train_on_prompt`: whether the prompt counts in the loss
public record TextSection(
    Path file, Format format, int maxLength, boolean packing, boolean trainOnPrompt)
    implements DataSection {
  /// How a file holds its samples.
  public enum Format {
    JSONL,
    TEXT
  }
}
