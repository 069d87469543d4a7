package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/// The hashes by which files are known in the field, all lowercase hexadecimal.
///
/// @param sha256 of the whole file: Civitai's SHA256, and the name of a Git LFS object
/// @param data sha256 of the data section, which edits of the metadata leave as it is:
///   `sshs_model_hash` and addnet's hash; empty for a file that is not safetensors
/// @param legacy the first form of AUTOMATIC1111 (Civitai's AutoV1): 8 digits of the sha256 of up
///   to 64 KiB from 1 MiB on, `e3b0c442` if the file ends before
public record Hashes(String sha256, Optional<String> data, String legacy) {
  private static final int CHUNK = 8 << 20;

  /// AUTOMATIC1111's short hash of a checkpoint, Civitai's AutoV2 (shown there in upper case).
  public String autov2() {
    return sha256.substring(0, 10);
  }

  /// AUTOMATIC1111's short hash of a LoRA, Civitai's AutoV3.
  public Optional<String> autov3() {
    return data.map(hash -> hash.substring(0, 12));
  }

  /// Reads a file once, in chunks.
  ///
  /// @throws SafetensorsException if it is missing, not a regular file or a broken safetensors file
  public static Hashes of(Path file) throws IOException {
    long dataStart = Long.MAX_VALUE;
    if (Container.detect(file) == Container.SAFETENSORS) {
      try (SafetensorsFile open = SafetensorsFile.open(file)) {
        dataStart = open.dataStart();
      }
    }
    try (FileBytes bytes = FileBytes.open(file);
        Arena arena = Arena.ofConfined()) {
      HashStream whole = new HashStream(0, Long.MAX_VALUE);
      HashStream data = new HashStream(dataStart, Long.MAX_VALUE);
      HashStream legacy = HashStream.legacy();
      MemorySegment chunk = arena.allocate(CHUNK);
      for (long at = 0; at < bytes.size(); at += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, bytes.size() - at));
        bytes.read(at, part);
        ByteBuffer buffer = part.asByteBuffer();
        whole.update(buffer);
        data.update(buffer);
        legacy.update(buffer);
      }
      Optional<String> hash =
          dataStart == Long.MAX_VALUE ? Optional.empty() : Optional.of(data.hex());
      return new Hashes(whole.hex(), hash, legacy.hex().substring(0, 8));
    }
  }

  /// What sd-scripts stores in the files it trains, as `sshs_model_hash` and `sshs_legacy_hash`.
  ///
  /// @param model sha256 of the data section in the reference's order
  /// @param legacy [Hashes#legacy] of the file with only those metadata whose keys begin with
  ///   `ss_`; of the final file, whose header is longer, it is generally not
  public record Sshs(String model, String legacy) {}

  /// Computes what sd-scripts computes before it adds the two keys
  /// (`train_util.precalculate_safetensors_hashes`). The tensors of the file are read once.
  public static Sshs sshs(TensorFile file) throws IOException {
    Header header =
        Header.canonical(
            file.tensors().stream().map(TensorInfo::spec).toList(), training(file.metadata()));
    HashStream model = new HashStream(header.dataStart(), Long.MAX_VALUE);
    HashStream legacy = HashStream.legacy();
    ByteBuffer start = ByteBuffer.wrap(header.bytes());
    model.update(start);
    legacy.update(start);
    for (TensorInfo placed : header.tensors()) {
      TensorInfo tensor = file.tensor(placed.name()).orElseThrow();
      read(
          file,
          tensor,
          bytes -> {
            model.update(bytes);
            legacy.update(bytes);
          });
    }
    return new Sshs(model.hex(), legacy.hex().substring(0, 8));
  }

  /// sha256 of a whole file, of any kind.
  ///
  /// @throws SafetensorsException if it is missing or not a regular file
  public static String sha256(Path file) throws IOException {
    try (FileBytes bytes = FileBytes.open(file);
        Arena arena = Arena.ofConfined()) {
      HashStream whole = new HashStream(0, Long.MAX_VALUE);
      MemorySegment chunk = arena.allocate(Math.clamp(bytes.size(), 1, CHUNK));
      for (long at = 0; at < bytes.size(); at += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, bytes.size() - at));
        bytes.read(at, part);
        whole.update(part.asByteBuffer());
      }
      return whole.hex();
    }
  }

  /// sha256 of a text in UTF-8.
  public static String text(String text) {
    HashStream hash = new HashStream(0, Long.MAX_VALUE);
    hash.update(ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    return hash.hex();
  }

  /// sha256 of what stands before the data section: the length of the header, and the header. It
  /// names the metadata, and every tensor but for its data. Of a file that is no safetensors file
  /// it is that of the header which one with the same tensors, in the same order, would have.
  public static String header(TensorFile file) throws IOException {
    HashStream hash = new HashStream(0, Long.MAX_VALUE);
    if (file instanceof SafetensorsFile safetensors) {
      byte[] start = new byte[Math.toIntExact(safetensors.dataStart())];
      try (FileBytes bytes = FileBytes.open(file.path())) {
        bytes.read(0, MemorySegment.ofArray(start));
      }
      hash.update(ByteBuffer.wrap(start));
    } else {
      List<TensorSpec> specs = file.tensors().stream().map(TensorInfo::spec).toList();
      hash.update(ByteBuffer.wrap(Header.inOrder(specs, file.metadata()).bytes()));
    }
    return hash.hex();
  }

  /// sha256 of the data of all tensors, in the order of their bytes.
  public static String data(TensorFile file) throws IOException {
    HashStream hash = new HashStream(0, Long.MAX_VALUE);
    for (TensorInfo tensor : file.tensors()) {
      read(file, tensor, hash::update);
    }
    return hash.hex();
  }

  private static Map<String, String> training(Map<String, String> metadata) {
    Map<String, String> kept = new HashMap<>(metadata);
    kept.keySet().removeIf(key -> !key.startsWith("ss_"));
    return kept;
  }

  /// The CRC32C (Castagnoli) of the bytes of one tensor.
  public static int crc32c(TensorFile file, TensorInfo tensor) throws IOException {
    CRC32C crc = new CRC32C();
    read(file, tensor, crc::update);
    return (int) crc.getValue();
  }

  private interface Sink {
    void update(ByteBuffer bytes);
  }

  private static void read(TensorFile file, TensorInfo tensor, Sink sink) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(Math.min(CHUNK, tensor.bytes()));
      for (long at = 0; at < tensor.bytes(); at += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, tensor.bytes() - at));
        file.read(tensor, at, part);
        sink.update(part.asByteBuffer());
      }
    }
  }
}
