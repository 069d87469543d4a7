package radiata.safetensors.torch;

import java.util.HashMap;
import java.util.Map;
import radiata.safetensors.torch.Value.Constant;
import radiata.safetensors.torch.Value.Global;
import radiata.safetensors.torch.Value.Int;
import radiata.safetensors.torch.Value.Items;
import radiata.safetensors.torch.Value.Storage;
import radiata.safetensors.torch.Value.Text;

/// The storages that a pickle names: `("storage", class, key, location, length)`, in the old format
/// with `(key, offset, length)` of a view, or None, behind it (PyTorch 2.13,
/// `torch/serialization.py`, `persistent_id`).
///
/// @param name what is put before every key, where a file has several sets of storages
/// @param named by key, the whole storages
record StorageIds(String name, Map<String, Storage> named) implements PickleMachine.Persistent {
  StorageIds() {
    this("", new HashMap<>());
  }

  @Override
  public Value load(Value id, PickleInput input, long at) {
    if (!(id instanceof Items items && items.size() > 0 && items.get(0) instanceof Text kind)) {
      throw input.broken(
          at, "a reference to something outside the pickle that torch does not write");
    }
    if (kind.text().equals("module") && items.size() > 1) {
      return items.get(1);
    }
    if (!(kind.text().equals("storage")
        && items.size() >= 5
        && items.get(1) instanceof Global type
        && items.get(2) instanceof Text key
        && items.get(4) instanceof Int length)) {
      throw input.broken(at, "a storage that is not named as torch names one");
    }
    ElementType element =
        ElementType.ofStorage(type)
            .orElseThrow(() -> input.broken(at, type.shown() + " is no class of storages"));
    if (!key.text().matches("[0-9]{1,30}") || length.value() < 0) {
      throw input.broken(at, "a storage whose key is no number, or of negative length");
    }
    Storage whole = new Storage(name + key.text(), element, length.value(), 0);
    Storage before = named.putIfAbsent(whole.key(), whole);
    if (before != null && !before.equals(whole)) {
      throw input.broken(
          at, "storage %s is said to be of two types or lengths".formatted(key.text()));
    }
    Value view = items.size() > 5 ? items.get(5) : Constant.NONE;
    return Constant.NONE.equals(view) ? whole : view(whole, view, input, at);
  }

  private static Storage view(Storage whole, Value view, PickleInput input, long at) {
    if (view instanceof Items items
        && items.size() == 3
        && items.get(1) instanceof Int first
        && items.get(2) instanceof Int length
        && first.value() >= 0
        && length.value() >= 0
        && first.value() <= whole.length()
        && length.value() <= whole.length() - first.value()) {
      return new Storage(whole.key(), whole.type(), length.value(), first.value());
    }
    throw input.broken(at, "a view that is not inside its storage " + whole.key());
  }
}
