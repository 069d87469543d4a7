package radiata.bake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import radiata.pipeline.Workers;
import radiata.safetensors.Hashes;

/// The sha256 of input files, each taken once however many outputs name it.
public final class Digests {
  private final Map<Path, String> known = new ConcurrentHashMap<>();

  /// Takes it, unless it is known.
  public void take(Path file) throws IOException {
    if (!known.containsKey(file)) {
      known.put(file, Hashes.sha256(file));
    }
  }

  /// Takes those that are not known yet, on several threads.
  public void take(List<Path> files, int threads) throws IOException {
    List<Path> missing = files.stream().filter(file -> !known.containsKey(file)).toList();
    List<String> hashes = Workers.map(missing, threads, Hashes::sha256);
    for (int i = 0; i < missing.size(); i++) {
      known.put(missing.get(i), hashes.get(i));
    }
  }

  /// Those of `files` that are not known.
  List<Path> missing(List<Path> files) {
    List<Path> missing = new ArrayList<>(files);
    missing.removeIf(known::containsKey);
    return missing;
  }

  Map<Path, String> known() {
    return new HashMap<>(known);
  }
}
