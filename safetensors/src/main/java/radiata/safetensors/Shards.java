package radiata.safetensors;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How a model is split into several files, as huggingface_hub 1.33 does it for transformers and
/// diffusers: which tensor goes where, the names of the files, and their index.
public final class Shards {
  private static final Pattern SIZE =
      Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*([KMGT]?B)?", Pattern.CASE_INSENSITIVE);

  private Shards() {}

  /// Bytes of a size such as `5GB`, `500 MB` or `1.5gb`; units are decimal. A bare number is bytes.
  ///
  /// @throws IllegalArgumentException if it is no such size, or not above 0
  public static long parseSize(String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    if (matcher.matches()) {
      String unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
      long factor =
          switch (unit) {
            case "KB" -> 1_000L;
            case "MB" -> 1_000_000L;
            case "GB" -> 1_000_000_000L;
            case "TB" -> 1_000_000_000_000L;
            default -> 1L;
          };
      long bytes = (long) (Double.parseDouble(matcher.group(1)) * factor);
      if (bytes > 0) {
        return bytes;
      }
    }
    throw new IllegalArgumentException(
        "'%s' is no size; write a number and KB, MB, GB or TB, such as 5GB".formatted(text));
  }

  /// Splits tensors in the order given. A tensor above `maxBytes` becomes a shard of its own at
  /// once, before the one that is being filled.
  ///
  /// @return the tensors of each shard; none for no tensors
  public static List<List<TensorSpec>> split(List<TensorSpec> specs, long maxBytes) {
    List<List<TensorSpec>> shards = new ArrayList<>();
    List<TensorSpec> open = new ArrayList<>();
    long size = 0;
    for (TensorSpec spec : specs) {
      long bytes = Header.bytes(spec);
      if (bytes > maxBytes) {
        shards.add(List.of(spec));
        continue;
      }
      if (size + bytes > maxBytes) {
        shards.add(List.copyOf(open));
        open.clear();
        size = 0;
      }
      open.add(spec);
      size += bytes;
    }
    if (!open.isEmpty()) {
      shards.add(List.copyOf(open));
    }
    return shards;
  }

  /// The name of a shard: `model-00001-of-00003.safetensors`, or `model.safetensors` where it is
  /// the only one. A variant belongs to the stem: `diffusion_pytorch_model.fp16`.
  ///
  /// @param number counted from 1
  public static String fileName(String stem, int number, int count) {
    return count == 1
        ? stem + ".safetensors"
        : "%s-%05d-of-%05d.safetensors".formatted(stem, number, count);
  }

  /// The name of the index: `model.safetensors.index.json`, with a variant
  /// `diffusion_pytorch_model.safetensors.index.fp16.json`.
  ///
  /// @param stem without the variant
  /// @param variant empty for none
  public static String indexName(String stem, String variant) {
    return stem + ".safetensors.index." + (variant.isEmpty() ? "" : variant + ".") + "json";
  }

  /// The text of an index, with the bytes that transformers and diffusers write: `json.dumps` with
  /// `indent=2, sort_keys=True` and a line feed.
  ///
  /// @param weightMap tensor to the name of its file
  /// @param totalSize bytes of all tensors, without headers
  public static String index(Map<String, String> weightMap, long totalSize) {
    Map<String, String> sorted = new TreeMap<>(Utf8Order::compare);
    sorted.putAll(weightMap);
    StringBuilder out = new StringBuilder("{\n  \"metadata\": {\n    \"total_size\": ");
    out.append(totalSize).append("\n  },\n  \"weight_map\": {");
    String comma = "\n    ";
    for (Map.Entry<String, String> entry : sorted.entrySet()) {
      ascii(out.append(comma), entry.getKey());
      ascii(out.append(": "), entry.getValue());
      comma = ",\n    ";
    }
    return out.append(sorted.isEmpty() ? "}\n}\n" : "\n  }\n}\n").toString();
  }

  /// A string as Python's `ensure_ascii` escapes it.
  private static void ascii(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\b' -> out.append("\\b");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\f' -> out.append("\\f");
        case '\r' -> out.append("\\r");
        default -> {
          if (c < ' ' || c > '~') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
