package radiata.train.data;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What lies in a folder of training data: pictures, captions beside them, and folders
/// `{repeats}_{class tokens}` as sd-scripts has them.
public final class ImageFolder {
  private static final Set<String> EXTENSIONS = Set.of(".png", ".jpg", ".jpeg", ".webp", ".bmp");
  private static final List<String> CAPTIONS = List.of(".txt", ".caption", ".cap", ".tags");
  private static final Pattern REPEATED = Pattern.compile("([0-9]{1,6})(?:_(.*))?", Pattern.DOTALL);
  private static final long LONGEST_CAPTION = 1 << 20;

  private ImageFolder() {}

  /// A picture with its caption; empty where there is none.
  record Captioned(Path picture, Optional<String> caption) {}

  /// The folders `{repeats}_{class tokens}` in one, in the order of their names.
  ///
  /// @param like what holds for each of them
  /// @throws DataException if there is none
  public static List<ImageSubset> subsets(Path folder, ImageSubset like) throws IOException {
    List<ImageSubset> subsets = new ArrayList<>();
    for (Path each : sorted(folder)) {
      Matcher name = REPEATED.matcher(String.valueOf(each.getFileName()));
      if (Files.isDirectory(each) && name.matches()) {
        int repeats = Integer.parseInt(name.group(1));
        String tokens = name.group(2) == null ? "" : name.group(2);
        if (repeats > 0) {
          subsets.add(
              new ImageSubset(
                  each,
                  repeats,
                  tokens,
                  like.captionExtension(),
                  like.flip(),
                  like.randomCrop(),
                  like.captions()));
        }
      }
    }
    if (subsets.isEmpty()) {
      throw new DataException(
          folder,
          "no folder named {repeats}_{class tokens} in it, 10_photo for one"
              + (pictures(folder).isEmpty()
                  ? ""
                  : "; for the pictures that lie in it directly write image_dir in place of train_data_dir"));
    }
    return subsets;
  }

  /// The pictures of a folder, not of folders in it, in the order of their names.
  static List<Path> pictures(Path folder) throws IOException {
    return sorted(folder).stream()
        .filter(file -> EXTENSIONS.contains(extension(file).toLowerCase(Locale.ROOT)))
        .filter(Files::isRegularFile)
        .toList();
  }

  /// The same with their captions.
  ///
  /// @throws DataException if there is no picture, if captions lie beside them under another
  ///   extension only, or if a caption cannot be read
  static List<Captioned> captioned(ImageSubset subset) throws IOException {
    List<Path> pictures = pictures(subset.folder());
    if (pictures.isEmpty()) {
      throw new DataException(
          subset.folder(), "no picture in it; png, jpg, jpeg, webp and bmp are looked for");
    }
    List<Captioned> captioned = new ArrayList<>();
    for (Path picture : pictures) {
      Path text = beside(picture, subset.captionExtension());
      captioned.add(
          new Captioned(
              picture,
              Files.isRegularFile(text)
                  ? Optional.of(caption(text, subset.captions().wildcard()))
                  : Optional.empty()));
    }
    if (captioned.stream().allMatch(each -> each.caption().isEmpty())) {
      requireNoOtherCaptions(subset, pictures);
    }
    return captioned;
  }

  private static void requireNoOtherCaptions(ImageSubset subset, List<Path> pictures) {
    TreeMap<String, Integer> found = new TreeMap<>();
    for (Path picture : pictures) {
      for (String extension : CAPTIONS) {
        if (Files.isRegularFile(beside(picture, extension))) {
          found.merge(extension, 1, Integer::sum);
        }
      }
    }
    if (!found.isEmpty()) {
      String extension = found.firstKey();
      throw new DataException(
          subset.folder(),
          "captions of %d of %d pictures have the extension %s, none has %s; write caption_extension = \"%s\""
              .formatted(
                  found.get(extension),
                  pictures.size(),
                  extension,
                  subset.captionExtension(),
                  extension));
    }
  }

  /// The first line; with wildcards all lines that are not empty.
  private static String caption(Path file, boolean wildcard) throws IOException {
    if (Files.size(file) > LONGEST_CAPTION) {
      throw new DataException(
          file,
          "%,d bytes; a caption has at most %,d".formatted(Files.size(file), LONGEST_CAPTION));
    }
    String text;
    try {
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new DataException(file, "it is not UTF-8");
    }
    if (text.isEmpty()) {
      throw new DataException(
          file, "an empty file; write a caption (an empty line for none) or remove it");
    }
    String plain = text.startsWith("\uFEFF") ? text.substring(1) : text;
    List<String> lines = plain.lines().map(String::strip).toList();
    if (!wildcard) {
      return lines.isEmpty() ? "" : lines.getFirst();
    }
    return String.join("\n", lines.stream().filter(line -> !line.isEmpty()).toList());
  }

  private static Path beside(Path picture, String extension) {
    String name = String.valueOf(picture.getFileName());
    String stem = name.substring(0, name.length() - extension(picture).length());
    return picture.resolveSibling(stem + extension);
  }

  private static String extension(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot <= 0 ? "" : name.substring(dot);
  }

  private static List<Path> sorted(Path folder) throws IOException {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      files.forEach(all::add);
    } catch (NoSuchFileException e) {
      throw new DataException(folder, "no such folder");
    } catch (NotDirectoryException e) {
      throw new DataException(folder, "not a folder");
    }
    all.sort(Comparator.comparing(file -> String.valueOf(file.getFileName())));
    return all;
  }
}
