package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import radiata.safetensors.SafetensorsException.Kind;

/// What a file is, told from its first bytes and never from its name.
public enum Container {
  SAFETENSORS("a safetensors file"),
  /// A zip archive, which `torch.save` has written since PyTorch 1.6.
  TORCH_ZIP("a zip archive, as torch.save writes it; a safetensors file is expected here"),
  /// A pickle of protocol 2 to 5: `torch.save` before PyTorch 1.6.
  TORCH_LEGACY("a Python pickle, as old torch.save wrote it; a safetensors file is expected here"),
  TAR("a tar archive; unpack it, or convert it to safetensors if an early PyTorch wrote it"),
  GGUF("a GGUF file, whose weights are block-quantised; take the original safetensors model"),
  HDF5("an HDF5 file, as Keras writes it; convert it to safetensors first"),
  HTML(
      "a web page, not a model: the download went wrong; download it again, with a login if asked"),
  LFS_POINTER("a Git LFS pointer, not the model itself; fetch it with `git lfs pull`"),
  JSON("a JSON text, not weights; name the weights, their .safetensors.index.json or the folder"),
  FOLDER("a folder"),
  UNKNOWN("no format that is known here");

  private static final int PROBE = 512;
  private static final int TAR_MAGIC = 257;
  private static final long HEADER_CAP = 100_000_000;

  private final String what;

  Container(String what) {
    this.what = what;
  }

  /// What it is and what to do with it, in one line.
  public String what() {
    return what;
  }

  /// What lies at `path`.
  ///
  /// @throws SafetensorsException if there is neither a regular file nor a folder at `path`
  public static Container detect(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return FOLDER;
    }
    try (FileBytes bytes = FileBytes.open(path)) {
      return of(bytes);
    }
  }

  static Container of(FileBytes bytes) throws IOException {
    if (bytes.size() < Long.BYTES) {
      return UNKNOWN;
    }
    byte[] head = new byte[(int) Math.min(PROBE, bytes.size())];
    bytes.read(0, MemorySegment.ofArray(head));
    long n = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (n >>> 32 != 0) {
      return magic(head);
    }
    // Here the first bytes are a length and no magic, whatever they look like (640 is 80 02, a
    // pickle). Only three formats have zeros at bytes 4 to 7: a tar archive of a file with a
    // short name, a pickle whose first frame, whose length stands at byte 3, is short, and a zip
    // archive without entries, whose length would be beyond the cap.
    if (n <= Math.min(HEADER_CAP, bytes.size() - 8) && firstOfHeader(bytes, n) == '{') {
      return SAFETENSORS;
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("PK\5\6")) {
      return TORCH_ZIP;
    }
    boolean frame = text.matches("(?s)\u0080[\4\5]\u0095.*");
    return frame ? TORCH_LEGACY : isTar(head) ? TAR : UNKNOWN;
  }

  private static int firstOfHeader(FileBytes bytes, long n) throws IOException {
    byte[] chunk = new byte[(int) Math.min(n, PROBE)];
    for (long at = 0; at < n; at += chunk.length) {
      int length = (int) Math.min(chunk.length, n - at);
      bytes.read(8 + at, MemorySegment.ofArray(chunk).asSlice(0, length));
      for (int i = 0; i < length; i++) {
        byte b = chunk[i];
        if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
          return b;
        }
      }
    }
    return -1;
  }

  private static Container magic(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    String lower = text.stripLeading().toLowerCase(Locale.ROOT);
    if (text.startsWith("PK\3\4")) {
      return TORCH_ZIP;
    } else if (text.startsWith("GGUF")) {
      return GGUF;
    } else if (text.startsWith("\u0089HDF")) {
      return HDF5;
    } else if (text.matches("(?s)\u0080[\2-\5].*")) {
      return TORCH_LEGACY;
    } else if (text.startsWith("version https://git-lfs")) {
      return LFS_POINTER;
    } else if (lower.startsWith("<!doctype")
        || lower.startsWith("<html")
        || lower.startsWith("<?xml")) {
      return HTML;
    } else if (lower.startsWith("{")) {
      return JSON;
    }
    return isTar(head) ? TAR : UNKNOWN;
  }

  private static boolean isTar(byte[] head) {
    return new String(head, StandardCharsets.ISO_8859_1).startsWith("ustar", TAR_MAGIC);
  }

  void requireSafetensors(Path path) {
    if (this != SAFETENSORS && this != UNKNOWN) {
      throw new SafetensorsException(Kind.OTHER_FORMAT, path, null, "this is " + what);
    }
  }
}
