package radiata.cli.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;

/// The reader of safetensors headers, behind the detection of what a file is.
final class HeaderTarget implements Target {
  static final List<String> WORDS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          "\"",
          ",",
          ":",
          "\\",
          "\\u0061",
          "\\ud800",
          "\\ud83d\\ude00",
          "null",
          "true",
          "-1",
          "0",
          "1",
          "01",
          "1.0",
          "1e9",
          "18446744073709551615",
          "9223372036854775807",
          "\"__metadata__\":",
          "\"dtype\":",
          "\"shape\":",
          "\"data_offsets\":",
          "\"F32\"",
          "\"F4\"",
          "\"F6_E2M3\"",
          "\"C64\"",
          "\"BOOL\"",
          "[0,0]",
          "[]",
          "{\"x\":",
          "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
          " ",
          "\t",
          "\0",
          "\u00ef\u00bb\u00bf",
          "\u00c0\u0080",
          "\u00ed\u00a0\u0080",
          "PK\3\4",
          "\u0080\2");

  private final List<byte[]> seeds;

  HeaderTarget(Path testdata) throws IOException {
    this.seeds = Target.seeds(testdata, ".*\\.safetensors", 4_000);
  }

  @Override
  public Path write(RandomGenerator random, Path folder) throws IOException {
    Mutator mutator = new Mutator(random, WORDS, Target.pick(seeds, random));
    return Target.fresh(
        folder.resolve("input.safetensors"), mutator.mutate(Target.pick(seeds, random)));
  }

  @Override
  public void open(Path input) throws IOException {
    try (Checkpoint model = Checkpoint.open(input, Limits.DEFAULT)) {
      for (Checkpoint.Part part : model.parts()) {
        Reading.require(part.file());
      }
    }
  }
}
