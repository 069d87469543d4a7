package radiata.safetensors;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A program that replaces `file.safetensors` and the folder `model` for ever, until it is killed,
/// or `once`.
final class EndlessWriter {
  static final int BYTES = 300_000;

  private EndlessWriter() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    boolean once = arguments[1].equals("once");
    Path file = folder.resolve("file.safetensors");
    Path model = folder.resolve("model");
    for (int round = 1; ; round++) {
      int fill = round % 100 + 1;
      Outputs.write(file, Outputs.header(BYTES), fill, Replace.FORCE);
      Outputs.writeFolder(model, Outputs.folder(BYTES, "" + fill), fill, Replace.FORCE);
      if (once) {
        return;
      }
      if (round == 1) {
        System.out.println("ready");
      }
    }
  }

  /// @param before what stands before the command, such as a shell
  static Process start(List<String> before, Path folder, String mode) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx64m"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(EndlessWriter.class.getName(), folder.toString(), mode));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .directory(new File(folder.toString()))
        .start();
  }
}
