package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import radiata.safetensors.FileBytes;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// The zip archive of `torch.save` since PyTorch 1.6: below one folder, named after the file or
/// `archive`, the pickle `data.pkl`, each storage as `data/KEY`, and `byteorder`.
final class TorchZip {
  private static final Pattern PICKLE = Pattern.compile("(?:[^/]+/)?data\\.pkl");
  private static final int LONGEST_BYTE_ORDER = 16;

  private final Path path;
  private final FileBytes file;
  private final ZipDirectory zip;

  private TorchZip(Path path, FileBytes file, ZipDirectory zip) {
    this.path = path;
    this.file = file;
    this.zip = zip;
  }

  /// @throws SafetensorsException if this is another archive, or a broken one
  static Contents read(Path path, FileBytes file, HeapBudget budget) throws IOException {
    return new TorchZip(path, file, ZipDirectory.read(path, file)).read(budget);
  }

  private Contents read(HeapBudget budget) throws IOException {
    ZipEntry pickle = pickle();
    String name = pickle.name();
    String folder = name.substring(0, name.lastIndexOf('/') + 1);
    if (zip.entry(folder + "constants.pkl").isPresent()) {
      throw refused(
          "a TorchScript archive, which holds a program beside its weights; load it in Python and save its state_dict");
    }
    boolean bigEndian = bigEndian(folder);
    StorageIds ids = new StorageIds();
    PickleInput input = input(pickle, budget);
    Value root = PickleMachine.run(input, budget, ids);
    if (input.position() != pickle.bytes()) {
      throw input.broken(input.position(), "bytes behind the end of the pickle");
    }
    Map<String, StorageData> storages = new HashMap<>();
    List<Contents.Checked> checked = new ArrayList<>();
    checked.add(new Contents.Checked(pickle, data(pickle)));
    for (String key : ids.named().keySet()) {
      Optional<ZipEntry> entry = zip.entry(folder + "data/" + key);
      if (entry.isPresent()) {
        StorageData data = data(entry.get());
        storages.put(key, data);
        checked.add(new Contents.Checked(entry.get(), data));
      }
    }
    return new Contents(root, storages, bigEndian, checked);
  }

  private ZipEntry pickle() {
    List<String> pickles =
        zip.entries().keySet().stream().filter(PICKLE.asMatchPredicate()).toList();
    if (pickles.size() > 1) {
      throw ZipTail.broken(
          path,
          0,
          "two pickles, " + Quoted.of(pickles.get(0)) + " and " + Quoted.of(pickles.get(1)));
    }
    if (pickles.isEmpty()) {
      List<String> first = zip.entries().keySet().stream().limit(3).map(Quoted::of).toList();
      throw refused(
          "a zip archive that torch.save did not write (it holds %s); unpack it and name the weights"
              .formatted(first.isEmpty() ? "nothing" : String.join(", ", first)));
    }
    return zip.entry(pickles.getFirst()).orElseThrow();
  }

  private boolean bigEndian(String folder) throws IOException {
    Optional<ZipEntry> entry = zip.entry(folder + "byteorder");
    if (entry.isEmpty()) {
      return false;
    }
    byte[] text = new byte[(int) Math.min(LONGEST_BYTE_ORDER, entry.get().bytes())];
    try (StorageData data = data(entry.get())) {
      data.read(0, MemorySegment.ofArray(text));
    }
    String order = new String(text, StandardCharsets.ISO_8859_1);
    return switch (order) {
      case "little" -> false;
      case "big" -> true;
      default ->
          throw ZipTail.broken(
              path,
              entry.get().data(),
              "byteorder is %s, little or big was expected".formatted(Quoted.of(order)));
    };
  }

  private PickleInput input(ZipEntry pickle, HeapBudget budget) throws IOException {
    PickleInput.Source source;
    if (pickle.deflated()) {
      budget.take(pickle.bytes(), 0);
      byte[] whole = new byte[(int) pickle.bytes()];
      try (StorageData data = data(pickle)) {
        data.read(0, MemorySegment.ofArray(whole));
      }
      source =
          (at, into) -> into.copyFrom(MemorySegment.ofArray(whole).asSlice(at, into.byteSize()));
    } else {
      source = (at, into) -> file.read(pickle.data() + at, into);
    }
    return new PickleInput(path, " of " + Quoted.of(pickle.name()), source, 0, pickle.bytes());
  }

  private StorageData data(ZipEntry entry) {
    return entry.deflated()
        ? new StorageData.Deflated(
            new InflatingReader(path, file, entry), entry.data(), entry.bytes())
        : new StorageData.Plain(file, entry.data(), entry.bytes());
  }

  private SafetensorsException refused(String what) {
    return new SafetensorsException(Kind.UNSUPPORTED, path, null, "this is " + what);
  }
}
