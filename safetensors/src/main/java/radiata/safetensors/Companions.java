package radiata.safetensors;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The files of a model's folder that are not weights: configs, tokenizers, texts.
final class Companions {
  /// Folders of version control and of download tools: no part of a model.
  private static final Set<String> LEFT_OUT = Set.of(".git", ".cache");

  private Companions() {}

  /// Every regular file below `folder`, relative to it and sorted, but for weights of any format
  /// and their indexes: those are parts of the model or lie beside it. A link to a file counts as
  /// the file (the cache of huggingface_hub is made of them), a link to a folder is not followed.
  static List<Path> of(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) {
            return !visited.equals(folder) && LEFT_OUT.contains(name(visited))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!WeightFiles.isWeights(name(file)) && Files.isRegularFile(file)) {
              found.add(folder.relativize(file));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    found.sort(null);
    return List.copyOf(found);
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }
}
