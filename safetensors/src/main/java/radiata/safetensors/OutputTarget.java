package radiata.safetensors;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import radiata.safetensors.SafetensorsException.Kind;

/// A place where an output may appear: checked, and with links resolved.
///
/// @param asked the name the user gave, for messages
/// @param real where the output goes
/// @param parent the folder of `real`, which is there and can be written to
/// @param exists whether there is something to be replaced
record OutputTarget(Path asked, Path real, Path parent, boolean exists) {
  /// @param folder whether a folder will be written, not a file
  /// @throws SafetensorsException if something is in the way that `replace` does not allow to be
  ///   replaced, or is of the other kind, or if the folder around it is missing or read-only
  static OutputTarget check(Path asked, boolean folder, Replace replace) throws IOException {
    Path real = asked.toAbsolutePath();
    boolean exists = Files.exists(real, LinkOption.NOFOLLOW_LINKS);
    if (exists) {
      requireReplaceable(asked, replace);
      try {
        real = real.toRealPath();
      } catch (NoSuchFileException e) {
        throw error(asked, "it is a symbolic link to nothing; remove it or name another output");
      }
      requireKind(asked, real, folder);
    }
    Path parent = real.getParent();
    if (parent == null) {
      throw error(asked, "it is the root of the file system; name a file or folder in it");
    }
    if (!Files.isDirectory(parent)) {
      throw error(
          asked,
          Files.exists(parent)
              ? parent + " is not a folder"
              : "the folder " + parent + " does not exist; create it first");
    }
    if (!Files.isWritable(parent)) {
      throw error(asked, "the folder " + parent + " is read-only for this user; write elsewhere");
    }
    parent = parent.toRealPath();
    return new OutputTarget(asked, parent.resolve(real.getFileName()), parent, exists);
  }

  private static void requireReplaceable(Path asked, Replace replace) throws IOException {
    switch (replace) {
      case REFUSE ->
          throw error(
              asked,
              Files.isSymbolicLink(asked)
                  ? "it exists, a symbolic link to %s; name another output, or replace what it points to with --force"
                      .formatted(Files.readSymbolicLink(asked))
                  : "it exists; name another output, or replace it with --force");
      case FORCE -> {}
    }
  }

  private static void requireKind(Path asked, Path real, boolean folder) throws IOException {
    if (Files.isDirectory(real)) {
      if (!folder) {
        throw error(asked, "it is a folder, and one file is to be written; name a file");
      }
      requireModelFolder(asked, real);
    } else if (folder) {
      throw error(asked, "it is a file, and a folder is to be written; name a folder");
    } else if (!Files.isRegularFile(real)) {
      throw error(asked, "it is a pipe, device or socket; name a regular file");
    }
  }

  /// Replacing a folder deletes all that is in it, so it has to look like a model (or be empty).
  private static void requireModelFolder(Path asked, Path real) throws IOException {
    boolean empty = true;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(real)) {
      for (Path entry : entries) {
        String name = String.valueOf(entry.getFileName());
        if (name.endsWith(".safetensors")
            || name.endsWith(".index.json")
            || name.equals("model_index.json")
            || name.equals("config.json")
            || name.equals("adapter_config.json")) {
          return;
        }
        empty = false;
      }
    }
    if (!empty) {
      throw error(
          asked,
          "it is a folder that holds no model, and replacing it would delete what it holds; remove it yourself or name another output");
    }
  }

  static SafetensorsException error(Path asked, String what) {
    return new SafetensorsException(Kind.CANNOT_WRITE, asked, null, what);
  }
}
