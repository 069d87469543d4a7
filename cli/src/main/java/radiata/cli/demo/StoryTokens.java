package radiata.cli.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The vocabulary of a small story model, as llama2.c's tokenizer holds it: pieces of text, and
/// single bytes written `<0x0A>`.
public final class StoryTokens {
  /// The token in front of every text.
  public static final int BEGIN = 1;

  private static final int END = 2;

  private final List<byte[]> pieces;

  private StoryTokens(List<byte[]> pieces) {
    this.pieces = pieces;
  }

  /// Reads `{"tokens": [{"id": 0, "piece": "<unk>"}, …]}`, the ids in order from 0.
  ///
  /// @throws FileSystemException if it is something else
  public static StoryTokens read(Path file) throws IOException {
    try {
      List<byte[]> pieces = new ArrayList<>();
      JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
      for (JsonElement element : json.getAsJsonArray("tokens")) {
        JsonObject token = element.getAsJsonObject();
        if (token.get("id").getAsInt() != pieces.size()) {
          throw new IllegalStateException("id " + token.get("id") + " at " + pieces.size());
        }
        pieces.add(bytes(token.get("piece").getAsString()));
      }
      return new StoryTokens(pieces);
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | ClassCastException
        | NullPointerException
        | NumberFormatException e) {
      throw new FileSystemException(
          file.toString(), null, "not a list of tokens: " + e.getMessage());
    }
  }

  private static byte[] bytes(String piece) {
    return piece.matches("<0x[0-9A-F]{2}>")
        ? new byte[] {(byte) Integer.parseInt(piece.substring(3, 5), 16)}
        : piece.getBytes(StandardCharsets.UTF_8);
  }

  public int size() {
    return pieces.size();
  }

  /// The text of tokens. Marks of begin and end are left out, and so is the space in front of a
  /// text's first word.
  ///
  /// @throws IndexOutOfBoundsException if one of them is no token
  public String text(List<Integer> tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean begins = false;
    for (int token : tokens) {
      byte[] piece = pieces.get(token);
      if (token == BEGIN || token == END) {
        begins = token == BEGIN;
        continue;
      }
      int skipped = begins && piece.length > 0 && piece[0] == ' ' ? 1 : 0;
      bytes.write(piece, skipped, piece.length - skipped);
      begins = false;
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
