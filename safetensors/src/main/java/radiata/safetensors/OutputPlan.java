package radiata.safetensors;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The files of one output: a single file, or a folder of weight files and what lies beside them.
///
/// @param folder whether the output is a folder; if not, there is one weight file and nothing else
/// @param files the weight files; [CheckpointWriter] knows them by their place in this list
/// @param companions files that are copied as they are
/// @param generated texts that are written anew: an index, a changed configuration
public record OutputPlan(
    boolean folder,
    List<OutputFile> files,
    List<Companion> companions,
    List<GeneratedFile> generated) {

  /// One weight file.
  ///
  /// @param relative its path below the output folder; without a folder it has no meaning
  public record OutputFile(Path relative, Header header) {}

  /// A file that is carried over.
  ///
  /// @param from the file to copy
  /// @param relative its path below the output folder
  public record Companion(Path from, Path relative) {}

  /// A text, written in UTF-8.
  ///
  /// @param relative its path below the output folder
  public record GeneratedFile(Path relative, String content) {}

  /// @throws IllegalArgumentException if a path leaves the folder or stands twice, or a single file
  ///   is not single
  public OutputPlan {
    files = List.copyOf(files);
    companions = List.copyOf(companions);
    generated = List.copyOf(generated);
    if (folder) {
      Set<Path> seen = new HashSet<>();
      files.forEach(file -> require(seen, file.relative()));
      companions.forEach(file -> require(seen, file.relative()));
      generated.forEach(file -> require(seen, file.relative()));
    } else if (files.size() != 1 || !companions.isEmpty() || !generated.isEmpty()) {
      throw new IllegalArgumentException("an output that is no folder is one weight file");
    }
  }

  /// An output of one file.
  public static OutputPlan file(Header header) {
    return new OutputPlan(
        false, List.of(new OutputFile(Path.of(""), header)), List.of(), List.of());
  }

  private static void require(Set<Path> seen, Path relative) {
    Path plain = relative.normalize();
    if (relative.isAbsolute() || plain.startsWith("..") || plain.toString().isEmpty()) {
      throw new IllegalArgumentException("not a path inside the output folder: " + relative);
    }
    if (!seen.add(plain)) {
      throw new IllegalArgumentException("two files of the output have the path " + relative);
    }
  }
}
