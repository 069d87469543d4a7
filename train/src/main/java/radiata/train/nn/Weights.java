package radiata.train.nn;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import radiata.names.Rows;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// The frozen weights of one network, by the names the network knows them under. A weight that is
/// wanted in the dtype it is stored in is read from the mapped file when it is used; any other is
/// made once.
///
/// The tensors it gives belong to the scope that is open when they are asked for; they must be gone
/// before it is closed.
public final class Weights implements Closeable {
  /// Where a weight lies in a checkpoint, or some rows of it.
  ///
  /// @param rows null for all
  /// @param transposed whether it is stored `[in, out]`
  public record Place(Stored stored, @Nullable Rows rows, boolean transposed) {
    public static Place whole(Stored stored) {
      return new Place(stored, null, false);
    }
  }

  private final Torch torch;
  private final DType dtype;
  private final Map<String, List<Place>> places;
  private final Arena arena = Arena.ofShared();
  private final Map<Path, MemorySegment> mapped = new HashMap<>();

  /// @param places of every weight, its rows one after the other
  /// @param dtype that the network wants: F32, F64, F16 or BF16
  public Weights(Torch torch, Map<String, List<Place>> places, DType dtype) {
    this.torch = torch;
    this.places = Map.copyOf(places);
    this.dtype = dtype;
  }

  /// The tensors of one component by the names they have in the file.
  ///
  /// @param component of a diffusers folder; empty elsewhere
  /// @param prefix that is taken off; tensors without it are another network's
  public static Map<String, List<Place>> places(
      Checkpoint checkpoint, String component, String prefix) {
    Map<String, List<Place>> places = new HashMap<>();
    for (Stored stored : checkpoint.tensors()) {
      if (stored.component().equals(component) && stored.name().startsWith(prefix)) {
        places.put(stored.name().substring(prefix.length()), List.of(Place.whole(stored)));
      }
    }
    return places;
  }

  public Torch torch() {
    return torch;
  }

  public DType dtype() {
    return dtype;
  }

  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(new TreeSet<>(places.keySet()));
  }

  public boolean has(String name) {
    return places.containsKey(name);
  }

  /// The shape of a weight; reads nothing.
  ///
  /// @throws NetworkException if there is none of that name
  public Shape shape(String name) {
    List<Place> parts = parts(name);
    long rows = 0;
    Shape last = Shape.SCALAR;
    for (Place part : parts) {
      last = part.stored().info().shape();
      if (part.transposed()) {
        last = Shape.of(last.dim(1), last.dim(0));
      }
      rows += part.rows() == null ? (last.rank() == 0 ? 1 : last.dim(0)) : part.rows().count();
    }
    if (last.rank() == 0) {
      return last;
    }
    long[] dims = last.dims();
    dims[0] = rows;
    return Shape.of(dims);
  }

  private List<Place> parts(String name) {
    List<Place> parts = places.get(name);
    if (parts == null) {
      throw new NetworkException(
          "the model has no weight %s, which its architecture needs".formatted(name));
    }
    return parts;
  }

  public @Nullable Tensor find(String name) {
    return has(name) ? need(name) : null;
  }

  /// A weight.
  ///
  /// @throws NetworkException if there is none of that name
  public Tensor need(String name) {
    List<Tensor> rows = new ArrayList<>();
    for (Place part : parts(name)) {
      Tensor tensor = load(part.stored());
      if (part.transposed()) {
        tensor = tensor.transposed().contiguous();
      }
      if (part.rows() != null) {
        Rows taken = part.rows();
        tensor = tensor.slice(0, taken.start(), taken.start() + taken.count());
      }
      rows.add(tensor);
    }
    return rows.size() == 1 ? rows.getFirst() : Tensor.cat(0, rows);
  }

  private Tensor load(Stored stored) {
    TensorInfo info = stored.info();
    try {
      Tensor tensor = torch.over(bytes(stored.part().file(), info), info.dtype(), info.shape());
      return info.dtype().computable() ? tensor.cast(dtype) : tensor;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private MemorySegment bytes(TensorFile file, TensorInfo info) throws IOException {
    OptionalLong position = file.position(info);
    boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    if (position.isEmpty() || !little) {
      MemorySegment copy = arena.allocate(Math.max(1, info.bytes()), 64);
      file.read(info, 0, copy.asSlice(0, info.bytes()));
      return copy.asSlice(0, info.bytes());
    }
    MemorySegment whole = mapped.get(file.path());
    if (whole == null) {
      try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
        whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      }
      mapped.put(file.path(), whole);
    }
    return whole.asSlice(position.getAsLong(), info.bytes());
  }

  @Override
  public void close() {
    arena.close();
  }
}
