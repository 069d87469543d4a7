package radiata.cli.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import radiata.safetensors.Container;
import radiata.safetensors.Limits;
import radiata.safetensors.torch.TorchFile;

/// The reader of torch files: archives and old streams damaged anywhere, and sound archives with
/// damaged pickles.
final class PickleTarget implements Target {
  private static final List<String> WORDS =
      List.of(
          "\u0080\2",
          "\u0080\4",
          "\u0095",
          "(",
          ")",
          "}",
          "]",
          "t",
          "u",
          "s",
          "e",
          "a",
          "R",
          "b",
          "Q",
          "N",
          ".",
          "\u0085",
          "\u0086",
          "\u0087",
          "\u0081",
          "\u0088",
          "\u0089",
          "\u0093",
          "\u0094",
          "q\0",
          "h\0",
          "h\1",
          "h\2",
          "r\0\0\0\1",
          "j\0\0\0\1",
          "K\0",
          "K\1",
          "M\0\1",
          "J\u00ff\u00ff\u00ff\u00ff",
          "\u008a\10\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\177",
          "\u008a\0",
          "X\1\0\0\0a",
          "\u008c\1a",
          "U\1a",
          "B\1\0\0\0a",
          "C\1a",
          "I1\n",
          "L1L\n",
          "F1\n",
          "S'a'\n",
          "Va\n",
          "G?\u00f0\0\0\0\0\0\0",
          "ctorch\nFloatStorage\n",
          "ctorch\nUntypedStorage\n",
          "ctorch\nQInt8Storage\n",
          "ctorch\nSize\n",
          "ctorch._utils\n_rebuild_tensor_v2\n",
          "ctorch._utils\n_rebuild_tensor_v3\n",
          "ctorch._utils\n_rebuild_parameter\n",
          "ctorch\nfloat4_e2m1fn_x2\n",
          "ccollections\nOrderedDict\n",
          "ctorch.storage\n_load_from_bytes\n",
          "cos\nsystem\n",
          "storage",
          "state_dict",
          "PK\1\2",
          "PK\3\4",
          "PK\5\6",
          "PK\6\6",
          "PK\6\7",
          "little",
          "\u00ff\u00ff\u00ff\u00ff");

  private final List<byte[]> files;
  private final List<Map<String, byte[]>> archives = new ArrayList<>();

  PickleTarget(Path testdata) throws IOException {
    this.files = Target.seeds(testdata.resolve("torch"), ".*\\.(pt|ckpt|pkl)", 16_000);
    try (var paths = Files.list(testdata.resolve("torch"))) {
      for (Path path : paths.sorted().toList()) {
        if (Container.detect(path) == Container.TORCH_ZIP) {
          archives.add(unpack(path));
        }
      }
    }
  }

  private static Map<String, byte[]> unpack(Path path) throws IOException {
    Map<String, byte[]> entries = new TreeMap<>();
    try (ZipFile zip = new ZipFile(path.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        entries.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
      }
    }
    return entries;
  }

  @Override
  public Path write(RandomGenerator random, Path folder) throws IOException {
    Mutator mutator = new Mutator(random, WORDS, Target.pick(files, random));
    byte[] input =
        random.nextInt(3) == 0
            ? mutator.mutate(Target.pick(files, random))
            : repack(mutator, archives.get(random.nextInt(archives.size())), random);
    return Target.fresh(folder.resolve("input.pt"), input);
  }

  private static byte[] repack(Mutator mutator, Map<String, byte[]> archive, RandomGenerator random)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(1);
      for (Map.Entry<String, byte[]> each : archive.entrySet()) {
        boolean pickle = each.getKey().endsWith("data.pkl");
        byte[] bytes = pickle ? mutator.mutate(each.getValue()) : each.getValue();
        ZipEntry entry = new ZipEntry(each.getKey());
        if (random.nextInt(4) != 0) {
          CRC32 crc = new CRC32();
          crc.update(bytes);
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(bytes.length);
          entry.setCrc(crc.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
      }
    }
    return out.toByteArray();
  }

  @Override
  public void open(Path input) throws IOException {
    try (TorchFile file = TorchFile.open(input, Limits.DEFAULT)) {
      Reading.require(file);
      List<String> _ = file.leftOut();
      List<String> _ = file.damage();
    }
  }
}
