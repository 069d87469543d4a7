package radiata.batch;

import java.nio.file.Path;

/// One output of a batch and how it is made.
public sealed interface Job permits BakeJob, ConvertJob {
  /// Its place in the whole manifest, from 1.
  int number();

  /// Where in the manifest it stands: `line 3, column 1`.
  String place();

  /// The model it reads from end to end; jobs that share it are done together.
  Path reads();

  /// The output, and how messages name it: relative to the output folder.
  Path output();

  String name();
}
