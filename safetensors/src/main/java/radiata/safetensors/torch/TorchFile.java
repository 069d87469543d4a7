package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;
import radiata.safetensors.FileBytes;
import radiata.safetensors.Limits;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.torch.Placing.Placed;

/// A file that `torch.save` wrote, `.pt`, `.pth`, `.bin` or `.ckpt`, read without executing
/// anything. Tensors of any strides are given in C order; offsets in [TensorInfo] count from the
/// start of the file. Two names of the same data are two tensors.
public final class TorchFile implements TensorFile {
  private static final int CHUNK = 1 << 20;

  /// Which of the two formats a file is in.
  public enum Format {
    ZIP,
    LEGACY
  }

  private final Path path;
  private final FileBytes bytes;
  private final Format format;
  private final Contents contents;
  private final StateDict dict;
  private final Arena arena;
  private final List<TensorInfo> tensors;
  private final Map<String, Placed> placed = new HashMap<>();

  private TorchFile(FileBytes bytes, Limits limits, Arena arena) throws IOException {
    this.path = bytes.path();
    this.bytes = bytes;
    this.arena = arena;
    HeapBudget budget = new HeapBudget(path);
    byte[] first = new byte[1];
    bytes.read(0, MemorySegment.ofArray(first));
    this.format = first[0] == 'P' ? Format.ZIP : Format.LEGACY;
    this.contents =
        format == Format.ZIP
            ? TorchZip.read(path, bytes, budget)
            : TorchLegacy.read(path, bytes, budget);
    this.dict = StateDict.of(path, contents.root(), limits);
    Placing placing = new Placing(path, bytes.size(), contents, arena);
    dict.tensors().forEach((name, tensor) -> placed.put(name, placing.place(name, tensor)));
    List<TensorInfo> infos = new ArrayList<>();
    placed.values().forEach(each -> infos.add(each.info()));
    infos.sort(Comparator.comparingLong(TensorInfo::begin).thenComparing(TensorInfo::name));
    this.tensors = List.copyOf(infos);
  }

  /// Opens a file, runs its pickle and holds every tensor against its data; no tensor is read.
  ///
  /// @throws SafetensorsException if it is another file, breaks a rule of zip or pickle, names
  ///   something that weights do not need, or asks for more than `limits`
  @SuppressWarnings("MustBeClosedChecker") // the file closes it
  public static TorchFile open(Path path, Limits limits) throws IOException {
    FileBytes bytes = FileBytes.open(path);
    Arena arena = Arena.ofShared();
    try {
      return new TorchFile(bytes, limits, arena);
    } catch (Throwable e) {
      arena.close();
      bytes.close();
      throw e;
    }
  }

  @Override
  public Path path() {
    return path;
  }

  public Format format() {
    return format;
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public Optional<TensorInfo> tensor(String name) {
    return Optional.ofNullable(placed.get(name)).map(Placed::info);
  }

  /// What a safetensors file of these tensors is marked with: `format` is `pt`. The values beside
  /// the tensors are no metadata, see [#leftOut].
  @Override
  public Map<String, String> metadata() {
    return Map.of("format", "pt");
  }

  /// What the file holds beside its tensors (an epoch, an optimizer, an object), a phrase each.
  public List<String> leftOut() {
    return List.copyOf(dict.leftOut());
  }

  @Override
  public void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException {
    Objects.checkFromIndexSize(offset, into.byteSize(), tensor.bytes());
    if (into.byteSize() > 0) {
      view(tensor).read(offset, into);
    }
  }

  @Override
  public OptionalLong position(TensorInfo tensor) {
    return view(tensor).position();
  }

  private TensorView view(TensorInfo tensor) {
    Placed found = placed.get(tensor.name());
    if (found == null) {
      throw new IllegalArgumentException("not a tensor of this file: " + tensor.name());
    }
    return found.view();
  }

  /// Reads all data of a zip archive and compares their checksums; the old format has none.
  ///
  /// @return a sentence for each entry that is not what was written
  public List<String> damage() throws IOException {
    List<String> damaged = new ArrayList<>();
    for (Contents.Checked checked : contents.entries()) {
      int crc = crc(checked.data());
      if (checked.entry().crc() != 0 && checked.entry().crc() != crc) {
        damaged.add(
            "entry %s has the checksum %08x, %08x was written: its data are damaged"
                .formatted(Quoted.of(checked.entry().name()), crc, checked.entry().crc()));
      }
    }
    return damaged;
  }

  private static int crc(StorageData data) throws IOException {
    CRC32 crc = new CRC32();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK);
      for (long at = 0; at < data.bytes(); at += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, data.bytes() - at));
        data.read(at, part);
        crc.update(part.asByteBuffer());
      }
    }
    return (int) crc.getValue();
  }

  @Override
  public void close() throws IOException {
    contents.storages().values().forEach(StorageData::close);
    contents.entries().forEach(checked -> checked.data().close());
    if (arena.scope().isAlive()) {
      arena.close();
    }
    bytes.close();
  }
}
