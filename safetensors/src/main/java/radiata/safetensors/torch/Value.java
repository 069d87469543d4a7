package radiata.safetensors.torch;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import radiata.safetensors.Quoted;

/// What a pickle builds. Values share parts and may contain themselves: nothing may walk them
/// without a bound, and nothing asks for their `equals`, `hashCode` or `toString`.
sealed interface Value {
  /// What it is, for a message.
  default String what() {
    return switch (this) {
      case Constant constant -> constant == Constant.NONE ? "None" : "a truth value";
      case Int _, Big _, Real _ -> "a number";
      case Text _ -> "a text";
      case Bytes bytes -> "%,d bytes".formatted(bytes.length());
      case Items items ->
          (items.list() ? "a list of %,d" : "a tuple of %,d").formatted(items.size());
      case Dict _ -> "a dict";
      case Global global -> "the name " + global.shown();
      case Storage _ -> "a storage";
      case Tensor _ -> "a tensor";
      case Opaque opaque -> "an object of " + opaque.of().shown();
      case Unreadable unreadable -> unreadable.because();
    };
  }

  /// None, True, False.
  enum Constant implements Value {
    NONE,
    TRUE,
    FALSE
  }

  /// An integer of 64 bits.
  record Int(long value) implements Value {}

  /// A longer one.
  record Big(BigInteger value) implements Value {}

  /// A float.
  record Real(double value) implements Value {}

  /// A string.
  record Text(String text) implements Value {}

  /// Bytes that were left where they are.
  ///
  /// @param position where they start in the pickle
  record Bytes(long position, long length) implements Value {}

  /// A tuple, a list or a set.
  ///
  /// @param list whether items can still be added
  record Items(boolean list, List<Value> items) implements Value {
    int size() {
      return items.size();
    }

    Value get(int index) {
      return items.get(index);
    }
  }

  /// A dict: its items in the order they came, keys of any kind and possibly twice.
  record Dict(List<Value> keys, List<Value> values) implements Value {
    Dict() {
      this(new ArrayList<>(0), new ArrayList<>(0));
    }
  }

  /// The name of a class or function, and no more than its name.
  ///
  /// @param at where it stands in the pickle
  record Global(String module, String name, long at) implements Value {
    String full() {
      return module + "." + name;
    }

    String shown() {
      return Quoted.of(full());
    }
  }

  /// Numbers of one type that tensors are views of.
  ///
  /// @param key its name in the file
  /// @param length in elements of its type
  /// @param first the element of the stored run that it starts at; not 0 for a view of another
  record Storage(String key, ElementType type, long length, long first) implements Value {}

  /// A view of a storage. Sizes, strides and offset count elements; nothing has been checked
  /// against the storage.
  final class Tensor implements Value {
    private final Storage storage;
    private final ElementType type;
    private final long offset;
    private final long[] sizes;
    private final long[] strides;

    Tensor(Storage storage, ElementType type, long offset, long[] sizes, long[] strides) {
      this.storage = storage;
      this.type = type;
      this.offset = offset;
      this.sizes = sizes.clone();
      this.strides = strides.clone();
    }

    Storage storage() {
      return storage;
    }

    ElementType type() {
      return type;
    }

    long offset() {
      return offset;
    }

    long[] sizes() {
      return sizes.clone();
    }

    long[] strides() {
      return strides.clone();
    }
  }

  /// An object of a class that means nothing here: what it holds is dropped.
  record Opaque(Global of) implements Value {}

  /// Something that would be a tensor, but of a kind that cannot be read: quantised, sparse.
  record Unreadable(String because) implements Value {}
}
