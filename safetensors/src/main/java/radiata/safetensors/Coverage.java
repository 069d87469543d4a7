package radiata.safetensors;

import java.util.Map;
import java.util.TreeMap;

/// Which bytes of a data section have been written, as ranges; neighbours join, so that it stays
/// small whatever the order of the writes.
final class Coverage {
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  /// @throws IllegalStateException if a byte of `[begin, end)` was there before
  synchronized void add(long begin, long end) {
    if (begin == end) {
      return;
    }
    Map.Entry<Long, Long> before = ranges.lowerEntry(end);
    if (before != null && before.getValue() > begin) {
      throw new IllegalStateException(
          "bytes [%d, %d) of the data are written twice".formatted(begin, end));
    }
    long from = before != null && before.getValue() == begin ? before.getKey() : begin;
    Long after = ranges.remove(end);
    ranges.put(from, after == null ? end : after);
  }

  /// The first byte below `total` that was not written, or `total`.
  synchronized long firstGap(long total) {
    Map.Entry<Long, Long> first = ranges.firstEntry();
    return first == null || first.getKey() > 0 ? 0 : Math.min(first.getValue(), total);
  }
}
