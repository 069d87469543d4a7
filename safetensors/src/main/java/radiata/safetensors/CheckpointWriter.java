package radiata.safetensors;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Writes all files of an output, each from any thread and in any order. They are built in a hidden
/// place beside the target. [#commit] puts them on the disk and then under their name in one step,
/// so that there is always the old output or the new one, whole. Without it nothing is left.
///
/// A replaced file or folder keeps its permissions; a new one follows the umask. The inputs may be
/// files of the output that is replaced.
public final class CheckpointWriter implements AutoCloseable {
  private final OutputTarget target;
  private final OutputPlan plan;
  private final boolean replace;
  private final boolean checksums;
  private final TempPlace place;
  private final List<UnfinishedFile> files = new ArrayList<>();
  private boolean committed;

  private CheckpointWriter(
      OutputTarget target, OutputPlan plan, boolean replace, boolean checksums, TempPlace place) {
    this.target = target;
    this.plan = plan;
    this.replace = replace;
    this.checksums = checksums;
    this.place = place;
  }

  /// Checks the target and the free space, writes the headers and copies the companions.
  ///
  /// @throws SafetensorsException if the target exists and is not to be replaced, is of the other
  ///   kind, or is a folder that holds no model; if its folder is missing or read-only; if the disk
  ///   is full
  public static CheckpointWriter create(Path target, OutputPlan plan, Replace replace)
      throws IOException {
    return create(target, plan, replace, false);
  }

  /// As [#create], and takes the CRC32C of every tensor on its way, for [#commit(Seal)]. Copies
  /// then go through memory, a quarter of a mebibyte at a time.
  ///
  /// @throws SafetensorsException as [#create] does
  public static CheckpointWriter sealed(Path target, OutputPlan plan, Replace replace)
      throws IOException {
    return create(target, plan, replace, true);
  }

  private static CheckpointWriter create(
      Path target, OutputPlan plan, Replace replace, boolean checksums) throws IOException {
    OutputTarget checked = OutputTarget.check(target, plan.folder(), replace);
    DiskSpace.require(target, checked.parent(), bytes(plan));
    TempPlace place = TempPlace.beside(checked.real());
    CheckpointWriter writer =
        new CheckpointWriter(checked, plan, replace == Replace.FORCE, checksums, place);
    try {
      place.begin(writer::begin);
      return writer;
    } catch (IOException e) {
      writer.close();
      throw DiskSpace.explain(target, place.path(), e);
    } catch (Throwable e) {
      writer.close();
      throw e;
    }
  }

  private static long bytes(OutputPlan plan) throws IOException {
    long sum = 0;
    for (OutputPlan.OutputFile file : plan.files()) {
      sum = Math.addExact(sum, file.header().fileBytes());
    }
    for (OutputPlan.Companion companion : plan.companions()) {
      sum += FileBytes.regular(companion.from()).size();
    }
    for (OutputPlan.GeneratedFile text : plan.generated()) {
      sum += text.content().length();
    }
    return sum;
  }

  private void begin() throws IOException {
    if (plan.folder()) {
      Files.createDirectory(place.path());
    }
    for (OutputPlan.OutputFile file : plan.files()) {
      Path shown = plan.folder() ? target.asked().resolve(file.relative()) : target.asked();
      files.add(UnfinishedFile.create(inside(file.relative()), shown, file.header(), checksums));
    }
    for (OutputPlan.Companion companion : plan.companions()) {
      try (InputStream from = Files.newInputStream(companion.from())) {
        Disk.save(inside(companion.relative()), from);
      }
    }
    for (OutputPlan.GeneratedFile text : plan.generated()) {
      byte[] content = text.content().getBytes(StandardCharsets.UTF_8);
      Disk.save(inside(text.relative()), new ByteArrayInputStream(content));
    }
  }

  private Path inside(Path relative) throws IOException {
    if (!plan.folder()) {
      return place.path();
    }
    Path path = place.path().resolve(relative);
    Files.createDirectories(path.resolveSibling(""));
    return path;
  }

  /// Writes bytes of a tensor from its byte `offset` on.
  ///
  /// @param file the place of the file in the plan
  /// @throws IllegalStateException if some of them have been written before
  /// @throws SafetensorsException if the disk is full
  public void write(int file, TensorInfo tensor, long offset, MemorySegment bytes)
      throws IOException {
    files.get(file).write(tensor, offset, bytes);
  }

  /// Copies a run of bytes from another file into the data section, inside the kernel where it can
  /// and no checksums are taken: a tensor, or many neighbours at once.
  ///
  /// @param file the place of the file in the plan
  /// @param dataOffset where the run starts in the output's data section
  /// @param position where it starts in `from`
  /// @throws IllegalStateException if some of them have been written before
  /// @throws SafetensorsException if `from` is too short, or the disk is full
  public void transfer(int file, long dataOffset, FileChannel from, long position, long count)
      throws IOException {
    files.get(file).transfer(dataOffset, from, position, count);
  }

  /// Completes the metadata of every file, then as [#commit()].
  ///
  /// @throws IllegalStateException if this output is not [#sealed], a byte was never written, or
  ///   the metadata have another length than those of the plan
  public void commit(Seal seal) throws IOException {
    for (int file = 0; file < files.size(); file++) {
      files.get(file).seal(file, seal);
    }
    commit();
  }

  /// Checks that every byte has been written, puts all on the disk, and then under its name.
  ///
  /// @throws IllegalStateException if a byte was never written
  /// @throws SafetensorsException if the disk is full, or the target has turned up meanwhile
  public void commit() throws IOException {
    if (committed) {
      throw new IllegalStateException("this output has been committed");
    }
    for (UnfinishedFile file : files) {
      file.finish();
    }
    if (plan.folder()) {
      finishFolder();
    } else {
      Disk.copyMode(target.real(), place.path());
    }
    try {
      if (plan.folder()) {
        place.publishFolder(replace);
      } else {
        place.publishFile(replace);
      }
    } catch (FileAlreadyExistsException e) {
      throw OutputTarget.error(
          target.asked(), "it has appeared since this output was begun; nothing was replaced");
    }
    committed = true;
    Disk.forceFolder(target.parent());
    place.close();
  }

  private void finishFolder() throws IOException {
    for (OutputPlan.Companion companion : plan.companions()) {
      keepMode(companion.relative());
    }
    for (OutputPlan.GeneratedFile text : plan.generated()) {
      keepMode(text.relative());
    }
    for (OutputPlan.OutputFile file : plan.files()) {
      keepMode(file.relative());
    }
    Disk.forceFolders(place.path());
    keepMode(Path.of(""));
  }

  private void keepMode(Path relative) throws IOException {
    if (target.exists()) {
      Disk.copyMode(target.real().resolve(relative), place.path().resolve(relative));
    }
  }

  /// Removes the unfinished output, unless it was committed.
  @Override
  public void close() throws IOException {
    try {
      for (UnfinishedFile file : files) {
        file.close();
      }
    } finally {
      place.close();
    }
  }
}
