package radiata.safetensors.provenance;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// What a command was asked to do, apart from its inputs. Equal recipes over equal inputs give the
/// same tensors: whatever bears on them is in it, in one spelling, and nothing else.
///
/// @param command `bake`, `convert`, ...
/// @param settings by name: `runtime`, `dtype`, ...
public record Recipe(String command, SortedMap<String, String> settings) {
  public Recipe {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
  }

  public Recipe(String command, Map<String, String> settings) {
    this(command, new TreeMap<>(settings));
  }

  /// The one spelling of a number: whole ones without a fraction.
  public static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1L << 53
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
