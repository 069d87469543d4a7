package radiata.cli.command;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterException;
import radiata.bake.BakeException;
import radiata.batch.ManifestException;
import radiata.cli.report.Json;
import radiata.convert.ConversionException;
import radiata.names.NamingException;
import radiata.safetensors.SafetensorsException;
import radiata.tensor.ShapeMismatch;
import radiata.train.config.ConfigException;
import radiata.train.data.DataException;
import radiata.train.engine.TorchException;
import radiata.train.nn.NetworkException;
import radiata.train.run.TrainingException;
import radiata.train.text.TextException;

/// Why a command ended, as the user is told.
///
/// @param exit the exit code
/// @param code what a program tells the cause by
public record Failure(
    int exit, String code, String message, @Nullable String file, @Nullable String tensor) {
  private static final int REFUSED = 1;
  private static final int WRONG_USAGE = 2;

  public static Failure of(Throwable thrown) {
    return switch (thrown) {
      case UsageException e -> new Failure(WRONG_USAGE, "usage", said(e), null, null);
      case CommandException e -> refused(e.code(), e, e.file(), null);
      case SafetensorsException e ->
          refused(
              e.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'), e, e.file(), e.tensor());
      case AdapterException e -> refused("adapter", e, e.file(), e.tensor());
      case BakeException e -> refused("bake", e, e.file(), e.tensor());
      case ConversionException e -> refused("convert", e, e.file(), e.tensor());
      case ManifestException e -> refused("manifest", e, e.file(), null);
      case ConfigException e -> refused("config", e, e.file(), null);
      case DataException e -> refused("data", e, e.file(), null);
      case NetworkException e -> refused("model", e, null, null);
      case TextException e -> refused("text", e, null, null);
      case TrainingException e -> refused("training", e, null, null);
      case TorchException e -> refused("libtorch", e, null, null);
      case NamingException e -> refused("name", e, null, null);
      case ShapeMismatch e -> refused("shape", e, null, null);
      case FileSystemException e -> ofFile(e);
      case IOException e -> refused("io", e, null, null);
      case OutOfMemoryError e ->
          new Failure(
              REFUSED,
              "out-of-memory",
              "not enough memory (%s); fewer --threads need less, and RADIATA_JAVA_OPTS=-Xmx2g gives the JVM more"
                  .formatted(e.getMessage()),
              null,
              null);
      default ->
          new Failure(
              REFUSED,
              "internal",
              "an error in radiata itself: %s; -v shows where".formatted(thrown),
              null,
              null);
    };
  }

  private static Failure ofFile(FileSystemException e) {
    String file = e.getFile();
    return switch (e) {
      case NoSuchFileException _ ->
          new Failure(REFUSED, "not-found", "no such file or folder", file, null);
      case AccessDeniedException _ ->
          new Failure(REFUSED, "access-denied", "permission denied", file, null);
      case NotDirectoryException _ -> new Failure(REFUSED, "io", "not a folder", file, null);
      default -> {
        String reason = e.getReason();
        yield new Failure(REFUSED, "io", reason == null ? said(e) : reason, file, null);
      }
    };
  }

  private static Failure refused(
      String code, Throwable e, @Nullable Path file, @Nullable String tensor) {
    return new Failure(REFUSED, code, said(e), file == null ? null : file.toString(), tensor);
  }

  private static String said(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /// `radiata <command>: <file>: <what>`, the parts that there are.
  public String line(String command) {
    return (command.isEmpty() ? "radiata: " : "radiata " + command + ": ") + said();
  }

  /// `<file>: <what>`.
  String said() {
    return (file == null ? "" : file + ": ") + message;
  }

  public JsonObject document() {
    JsonObject error = new JsonObject();
    error.addProperty("code", code);
    error.addProperty("message", message);
    error.add("file", Json.text(file));
    error.add("tensor", Json.text(tensor));
    JsonObject document = Json.document();
    document.add("error", error);
    return document;
  }
}
