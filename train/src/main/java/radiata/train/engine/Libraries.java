package radiata.train.engine;

import ai.djl.util.Platform;
import ai.djl.util.Utils;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The libtorch that DJL will load (as `LibUtils` and `Platform` of DJL 0.36.0 choose it).
///
/// @param version such as `2.7.1`; empty if nobody says
/// @param flavor what it was built for: `cpu`, `cu124`
/// @param from a jar, or the folder that PYTORCH_LIBRARY_PATH names
/// @param folder where its libraries lie, or will lie when it has been used once
/// @param unpacked whether they lie there
/// @param trouble why they will not load; empty if nothing speaks against it
public record Libraries(
    String version,
    String flavor,
    String from,
    Optional<Path> folder,
    boolean unpacked,
    Optional<String> trouble) {
  private static final String PLACE = "native/lib/pytorch.properties";

  /// A jar with libraries of libtorch.
  private record Bundle(String jar, String version, String flavor, String classifier) {}

  /// Whether they can use a GPU.
  public boolean cuda() {
    return flavor.startsWith("cu");
  }

  /// Those of this process: what PYTORCH_LIBRARY_PATH names goes before the class path.
  public static Libraries found() throws IOException {
    Torch.prepare();
    List<Bundle> bundles = bundles();
    String path = Utils.getEnvOrSystemProperty("PYTORCH_LIBRARY_PATH");
    return path == null ? bundled(bundles) : named(path, bundles);
  }

  private static Libraries named(String path, List<Bundle> bundles) {
    String version = Utils.getEnvOrSystemProperty("PYTORCH_VERSION");
    String flavor = Utils.getEnvOrSystemProperty("PYTORCH_FLAVOR");
    String known =
        version != null ? version : bundles.stream().map(Bundle::version).findFirst().orElse("");
    Optional<Path> folder =
        Stream.of(path.split(File.pathSeparator, -1))
            .filter(part -> !part.isEmpty())
            .map(Path::of)
            .map(part -> part.endsWith(library()) ? part.toAbsolutePath().getParent() : part)
            .filter(part -> part != null && Files.isRegularFile(part.resolve(library())))
            .findFirst();
    Optional<String> trouble =
        folder.isEmpty()
            ? Optional.of("there is no %s in %s".formatted(library(), path))
            : flavor == null
                ? Optional.of(
                    "PYTORCH_FLAVOR is not set; write what this libtorch was built for: cpu or cu128")
                : Optional.empty();
    return new Libraries(
        number(known),
        flavor == null ? "unknown" : flavor,
        "PYTORCH_LIBRARY_PATH",
        folder,
        folder.isPresent(),
        trouble);
  }

  private static String library() {
    return System.mapLibraryName("torch");
  }

  private static Libraries bundled(List<Bundle> bundles) {
    @Nullable Platform chosen = chosen();
    for (Bundle bundle : bundles) {
      if (chosen != null
          && bundle.version().equals(chosen.getVersion())
          && bundle.flavor().equals(chosen.getFlavor())
          && bundle.classifier().equals(chosen.getClassifier())) {
        Path folder = folder(bundle);
        return new Libraries(
            number(bundle.version()),
            bundle.flavor(),
            bundle.jar(),
            Optional.of(folder),
            Files.isDirectory(folder),
            Optional.empty());
      }
    }
    if (bundles.isEmpty()) {
      return new Libraries(
          "", "none", "nowhere", Optional.empty(), false, Optional.of("no jar has it"));
    }
    Bundle other = bundles.getFirst();
    return new Libraries(
        number(other.version()),
        other.flavor(),
        other.jar(),
        Optional.of(folder(other)),
        false,
        Optional.of(
            "it is for %s with %s, and this machine is %s"
                .formatted(
                    other.classifier(),
                    other.flavor(),
                    chosen == null
                        ? "of a kind that has none"
                        : "%s with %s".formatted(chosen.getClassifier(), chosen.getFlavor()))));
  }

  private static Path folder(Bundle bundle) {
    return Utils.getEngineCacheDir("pytorch")
        .resolve("%s-%s-%s".formatted(bundle.version(), bundle.flavor(), bundle.classifier()));
  }

  private static @Nullable Platform chosen() {
    try {
      return Platform.detectPlatform("pytorch");
    } catch (RuntimeException | AssertionError e) {
      // No such system, or no engine that says what it needs.
      return null;
    }
  }

  /// `2.7.1-20250812` is the 2.7.1 of a day.
  private static String number(String version) {
    return version.replaceAll("-.*", "");
  }

  private static List<Bundle> bundles() throws IOException {
    ClassLoader loader = Libraries.class.getClassLoader();
    return Collections.list(
            loader == null ? ClassLoader.getSystemResources(PLACE) : loader.getResources(PLACE))
        .stream()
        .map(Libraries::bundle)
        .toList();
  }

  private static Bundle bundle(URL place) {
    Properties properties = new Properties();
    try (InputStream in = place.openStream()) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String jar = place.toString().replaceAll("!.*", "").replaceAll(".*/", "");
    return new Bundle(
        jar,
        properties.getProperty("version", ""),
        properties.getProperty("flavor", ""),
        properties.getProperty("classifier", ""));
  }
}
