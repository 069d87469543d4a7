package radiata.cli.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import radiata.adapter.file.AdapterException;
import radiata.names.NamingException;
import radiata.safetensors.SafetensorsException;

/// Fuzzes one reader: `Fuzz TARGET FIRST COUNT TESTDATA FOLDER`. Input `n` is made from the seed
/// `n` alone, so a finding is seen again with `FIRST = n` and `COUNT = 1`. An input may be opened
/// or refused with a declared error of one line; anything else ends the run and keeps the input.
final class Fuzz {
  private Fuzz() {}

  public static void main(String[] arguments) throws IOException {
    Target target = Target.named(arguments[0], Path.of(arguments[3]));
    long first = Long.parseLong(arguments[1]);
    long count = Long.parseLong(arguments[2]);
    Path folder = Path.of(arguments[4]);
    long opened = 0;
    long slowest = 0;
    for (long seed = first; seed < first + count; seed++) {
      Path input = target.write(new Random(seed), folder);
      long start = System.nanoTime();
      try {
        target.open(input);
        opened++;
      } catch (SafetensorsException | AdapterException | NamingException e) {
        require(e, seed, input);
      } catch (IOException | RuntimeException | Error e) {
        throw found(seed, input, e);
      }
      slowest = Math.max(slowest, System.nanoTime() - start);
    }
    System.out.printf(
        "%s: %,d inputs, %,d opened, the others refused, slowest %,d ms%n",
        arguments[0], count, opened, slowest / 1_000_000);
  }

  /// A refusal is one line without characters that a terminal obeys.
  private static void require(RuntimeException refusal, long seed, Path input) throws IOException {
    String message = String.valueOf(refusal.getMessage());
    if (message.isBlank() || message.indexOf('\n') >= 0) {
      throw found(seed, input, refusal);
    }
  }

  private static IllegalStateException found(long seed, Path input, Throwable why)
      throws IOException {
    Path kept = input.resolveSibling("finding-%d-%s".formatted(seed, input.getFileName()));
    Files.copy(input, kept, StandardCopyOption.REPLACE_EXISTING);
    return new IllegalStateException("seed %d, kept as %s".formatted(seed, kept), why);
  }
}
