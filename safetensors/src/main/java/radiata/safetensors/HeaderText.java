package radiata.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The bytes of a header as the reference writes them (safetensors 0.8.0, `tensor.rs` over
/// serde_json): JSON without spaces, the metadata first, filled up with spaces to a multiple of
/// eight.
final class HeaderText {
  private static final int ALIGNMENT = 8;

  private final StringBuilder out = new StringBuilder(4096).append('{');

  private HeaderText() {}

  /// The length N, then the N bytes of the header. Strings must hold no unpaired surrogate.
  ///
  /// @param metadata left out when it is empty, since the reference cannot read back an empty one
  ///   that it writes into a file without tensors
  static byte[] encode(List<TensorInfo> tensors, Map<String, String> metadata) {
    HeaderText text = new HeaderText();
    text.metadata(metadata);
    for (TensorInfo tensor : tensors) {
      text.tensor(tensor);
    }
    byte[] json = text.out.append('}').toString().getBytes(StandardCharsets.UTF_8);
    int padded = Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT;
    byte[] bytes = new byte[Long.BYTES + padded];
    Arrays.fill(bytes, (byte) ' ');
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
    return bytes;
  }

  private void metadata(Map<String, String> metadata) {
    if (metadata.isEmpty()) {
      return;
    }
    out.append("\"__metadata__\":{");
    String comma = "";
    for (Map.Entry<String, String> entry : metadata.entrySet()) {
      out.append(comma);
      string(entry.getKey());
      out.append(':');
      string(entry.getValue());
      comma = ",";
    }
    out.append('}');
  }

  private void tensor(TensorInfo tensor) {
    if (out.length() > 1) {
      out.append(',');
    }
    string(tensor.name());
    out.append(":{\"dtype\":\"").append(tensor.dtype()).append("\",\"shape\":[");
    for (int axis = 0; axis < tensor.shape().rank(); axis++) {
      out.append(axis == 0 ? "" : ",").append(tensor.shape().dim(axis));
    }
    out.append("],\"data_offsets\":[").append(tensor.begin());
    out.append(',').append(tensor.end()).append("]}");
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\f' -> out.append("\\f");
        case '\r' -> out.append("\\r");
        default -> {
          if (c < ' ') {
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
