package radiata.safetensors.torch;

import java.util.List;
import java.util.Map;

/// What a torch file holds: a value, and the data of the storages that it names.
///
/// @param storages by key; one that the file lacks is missing
/// @param bigEndian whether the bytes of each number come the other way round
/// @param entries what the checksums of a zip archive are over; empty for the old format
record Contents(
    Value root, Map<String, StorageData> storages, boolean bigEndian, List<Checked> entries) {
  /// An entry with a checksum.
  record Checked(ZipEntry entry, StorageData data) {}
}
