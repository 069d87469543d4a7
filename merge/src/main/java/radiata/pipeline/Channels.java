package radiata.pipeline;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/// Files that many copies read from, each opened once. Safe for use by several threads.
public final class Channels implements AutoCloseable {
  private final Map<Path, FileChannel> open = new HashMap<>();

  /// The channel of a file, which stays open until all are closed.
  public synchronized FileChannel of(Path file) throws IOException {
    FileChannel channel = open.get(file);
    if (channel == null) {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      open.put(file, channel);
    }
    return channel;
  }

  @Override
  public synchronized void close() throws IOException {
    for (FileChannel channel : open.values()) {
      channel.close();
    }
  }
}
