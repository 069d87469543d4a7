package radiata.safetensors.torch;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import radiata.safetensors.FileBytes;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.torch.Value.Big;
import radiata.safetensors.torch.Value.Bytes;
import radiata.safetensors.torch.Value.Constant;
import radiata.safetensors.torch.Value.Dict;
import radiata.safetensors.torch.Value.Int;
import radiata.safetensors.torch.Value.Items;
import radiata.safetensors.torch.Value.Storage;
import radiata.safetensors.torch.Value.Text;

/// The stream of `torch.save` before PyTorch 1.6: five pickles (a magic number, 1001, what the
/// machine was like, the object, the keys of its storages), then each storage as its length in
/// elements and its bytes. And a bare pickle of tensors, which holds each storage as such a stream.
final class TorchLegacy {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long PROTOCOL = 1001;

  private final Path path;
  private final FileBytes file;
  private final HeapBudget budget;
  private final Map<String, StorageData> storages = new HashMap<>();

  private TorchLegacy(Path path, FileBytes file, HeapBudget budget) {
    this.path = path;
    this.file = file;
    this.budget = budget;
  }

  /// @throws SafetensorsException if it is another pickle, or a broken one
  static Contents read(Path path, FileBytes file, HeapBudget budget) throws IOException {
    TorchLegacy legacy = new TorchLegacy(path, file, budget);
    PickleInput input = legacy.input(0, file.size());
    Value first = PickleMachine.run(input, budget, legacy.new Bare());
    Value root = first;
    if (isMagic(first)) {
      root = legacy.stream(input, file.size(), "");
    } else if (input.position() != file.size()) {
      throw input.broken(
          input.position(),
          "bytes behind a pickle that is not torch's; only files that torch.save wrote are read");
    }
    return new Contents(root, legacy.storages, false, List.of());
  }

  private PickleInput input(long start, long end) {
    return new PickleInput(path, "", file::read, start, end);
  }

  private static boolean isMagic(Value value) {
    return value instanceof Big big && big.value().equals(MAGIC);
  }

  /// The rest of a stream, whose magic number has been read.
  ///
  /// @param name what tells its storages from those of other streams in the same file
  private Value stream(PickleInput input, long end, String name) throws IOException {
    StorageIds none = new StorageIds();
    long at = input.position();
    if (!(PickleMachine.run(input, budget, none) instanceof Int(long protocol)
        && protocol == PROTOCOL)) {
      throw input.broken(at, "no protocol version 1001 behind the magic number");
    }
    at = input.position();
    if (PickleMachine.run(input, budget, none) instanceof Dict machine
        && Constant.FALSE.equals(StateDict.last(machine, "little_endian"))) {
      throw input.error(
          Kind.UNSUPPORTED,
          at,
          "written on a big-endian machine by an old PyTorch, which does not say in which order the bytes are; load it in Python and save it again");
    }
    StorageIds ids = new StorageIds(name, new HashMap<>());
    Value root = PickleMachine.run(input, budget, ids);
    at = input.position();
    if (!(PickleMachine.run(input, budget, none) instanceof Items keys)) {
      throw input.broken(at, "no list of storages behind the object");
    }
    long position = input.position();
    for (Value key : keys.items()) {
      position = storage(input, ids, key, position, end);
    }
    if (position != end) {
      throw input.broken(position, "bytes behind the last storage");
    }
    return root;
  }

  /// Finds one storage; returns where the next one starts.
  private long storage(PickleInput input, StorageIds ids, Value key, long at, long end)
      throws IOException {
    Storage storage = key instanceof Text text ? ids.named().get(ids.name() + text.text()) : null;
    if (storage == null) {
      throw input.broken(at, "the list of storages names one that no tensor uses");
    }
    PickleInput length = input(at, end);
    long elements = length.little(Long.BYTES);
    long start = length.position();
    if (elements != storage.length()
        || elements > (end - start) / Math.max(1, storage.type().bytes())) {
      throw input.broken(
          at,
          "storage %s should hold %,d elements of %s, there are %s and %,d bytes follow; the file is cut short or damaged"
              .formatted(
                  Quoted.of(storage.key()),
                  storage.length(),
                  storage.type().name(),
                  Long.toUnsignedString(elements),
                  end - start));
    }
    long bytes = elements * storage.type().bytes();
    if (storages.put(storage.key(), new StorageData.Plain(file, start, bytes)) != null) {
      throw input.broken(at, "storage %s stands twice".formatted(Quoted.of(storage.key())));
    }
    return start + bytes;
  }

  /// Storages inside a bare pickle: each is the bytes of a stream of its own, which hold one
  /// storage. Streams in streams are not read.
  private final class Bare implements PickleMachine.Persistent {
    private int count;

    @Override
    public Value load(Value id, PickleInput input, long at) {
      throw input.broken(at, "a reference to something outside the pickle");
    }

    @Override
    public Value nested(Bytes bytes, PickleInput input, long at) throws IOException {
      long end = bytes.position() + bytes.length();
      PickleInput inner = input(bytes.position(), end);
      if (!isMagic(PickleMachine.run(inner, budget, new StorageIds()))) {
        throw input.broken(at, "a storage in bytes that torch did not write");
      }
      return stream(inner, end, ++count + ".");
    }
  }
}
