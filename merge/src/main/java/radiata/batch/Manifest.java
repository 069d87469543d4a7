package radiata.batch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.toml.TomlEntry;
import radiata.toml.TomlException;

/// A list of jobs, written in TOML 1.0. Paths are relative to the file's own folder:
///
/// ```
/// output = "out"              # the folder of the outputs; default: that of this file
/// [defaults]                  # options of `radiata bake` for every bake
/// runtime = "comfyui"
/// [grid]                      # bases x adapters x strengths
/// bases = ["sd15.safetensors"]
/// adapters = ["style.safetensors", ["a.safetensors:0.5", "b.safetensors"]]
/// strengths = [0.6, 0.8, 1]
/// output = "{base}-{adapter}-{strength}.safetensors"
/// [[bake]]                    # a single one
/// base = "sd15.safetensors"
/// adapters = ["style.safetensors:0.7"]
/// output = "best.safetensors"
/// [[convert]]                 # inputs x forms
/// inputs = ["style.safetensors"]
/// to = ["comfyui", "kohya"]
/// output = "{input}-{to}.safetensors"
/// ```
///
/// @param jobs in the order of the file, the last list of a grid running fastest
public record Manifest(Path file, List<Job> jobs) {
  private static final List<String> KEYS = List.of("output", "defaults", "grid", "bake", "convert");

  public Manifest {
    jobs = List.copyOf(jobs);
  }

  /// Reads a manifest.
  ///
  /// @param outputs the folder of the outputs; empty for the one that the manifest names
  /// @throws ManifestException if it is no TOML, has a key that nobody knows, or names one output
  ///   twice
  public static Manifest read(Path file, Optional<Path> outputs) throws IOException {
    try {
      return read(TomlEntry.read(file, "a manifest"), outputs);
    } catch (TomlException e) {
      throw new ManifestException(e.file(), e.said());
    }
  }

  private static Manifest read(TomlEntry root, Optional<Path> outputs) {
    Path file = root.file();
    root.requireKnown(KEYS);
    Path folder = file.toAbsolutePath().getParent();
    Path here = folder == null ? file.toAbsolutePath() : folder;
    Path out =
        outputs
            .map(Path::toAbsolutePath)
            .or(() -> root.text("output").map(text -> root.path("output", here, text)))
            .orElse(here);
    Jobs jobs = new Jobs(here, out, root.entries("defaults"));
    for (TomlEntry grid : root.entries("grid")) {
      jobs.grid(grid);
    }
    for (TomlEntry bake : root.entries("bake")) {
      jobs.bake(bake);
    }
    for (TomlEntry convert : root.entries("convert")) {
      jobs.convert(convert);
    }
    if (jobs.all().isEmpty()) {
      throw new ManifestException(
          file, "there is no job in it: write a [grid], a [[bake]] or a [[convert]]");
    }
    requireDistinct(file, jobs.all());
    return new Manifest(file, jobs.all());
  }

  /// @throws ManifestException if two jobs have one output, one lies inside another, or one is an
  ///   input: what would be there in the end, would depend on who comes last
  private static void requireDistinct(Path file, List<Job> jobs) {
    Map<Path, Job> byOutput = new HashMap<>();
    for (Job job : jobs) {
      Job before = byOutput.put(job.output(), job);
      if (before != null) {
        throw new ManifestException(
            file,
            "%s: two jobs write %s, the other stands at %s; tell them apart with %s"
                .formatted(job.place(), job.name(), before.place(), places(job)));
      }
    }
    for (Job job : jobs) {
      for (Path above = job.output().getParent(); above != null; above = above.getParent()) {
        Job other = byOutput.get(above);
        if (other != null) {
          throw new ManifestException(
              file,
              "%s: %s would lie inside the output %s"
                  .formatted(job.place(), job.name(), other.name()));
        }
      }
      for (Path input : inputs(job)) {
        Job other = byOutput.get(input);
        if (other != null) {
          throw new ManifestException(
              file,
              "%s: the output %s is an input of the job at %s"
                  .formatted(other.place(), other.name(), job.place()));
        }
      }
    }
  }

  private static String places(Job job) {
    return switch (job) {
      case BakeJob _ -> "{base}, {adapter}, {strength} or {job}";
      case ConvertJob _ -> "{input}, {to} or {job}";
    };
  }

  private static List<Path> inputs(Job job) {
    return switch (job) {
      case BakeJob bake -> {
        List<Path> inputs = new ArrayList<>(List.of(bake.base()));
        bake.adapters().forEach(use -> inputs.add(use.adapter()));
        yield inputs;
      }
      case ConvertJob convert -> {
        List<Path> inputs = new ArrayList<>(List.of(convert.input()));
        Path base = convert.options().base();
        if (base != null) {
          inputs.add(base);
        }
        yield inputs;
      }
    };
  }
}
