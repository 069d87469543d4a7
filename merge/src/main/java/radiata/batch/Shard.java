package radiata.batch;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToLongFunction;

/// The part of a batch that one machine does. Every machine makes the same split by itself, from
/// the manifest alone: the jobs in a row, those that read one model beside each other, cut into
/// runs of about as many bytes. A cut moves a little way to a place where it parts no jobs that
/// share adapters, or better, none that share a model.
///
/// @param index from 0
public record Shard(int index, int count) {
  public static final Shard WHOLE = new Shard(0, 1);

  /// How far, in shards, a cut may be from its place rather than part jobs of one model.
  private static final double BASE = 0.1;

  /// The same for bakes of one base and the same adapters.
  private static final double ADAPTERS = 0.15;

  /// Indexes of array tasks as schedulers tell them: the variable, and those of count, first index
  /// and step where there are such.
  private enum Scheduler {
    SLURM(
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_STEP"),
    KUBERNETES("JOB_COMPLETION_INDEX", "", "", ""),
    AWS("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", "", "");

    final String index;
    final String count;
    final String first;
    final String step;

    Scheduler(String index, String count, String first, String step) {
      this.index = index;
      this.count = count;
      this.first = first;
      this.step = step;
    }
  }

  /// @throws IllegalArgumentException if there is no such shard
  public Shard {
    if (count < 1 || index < 0 || index >= count) {
      throw new IllegalArgumentException(
          "there is no shard %d of %d; they count from 1".formatted(index + 1L, count));
    }
  }

  /// `3/8`: the third of eight.
  ///
  /// @throws IllegalArgumentException for what is no such text
  public static Shard parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length != 2) {
      throw new IllegalArgumentException("'%s' is not I/N, such as 3/8".formatted(text));
    }
    return new Shard(number(parts[0], text) - 1, number(parts[1], text));
  }

  /// The shard of an array task of Slurm, a pod of an indexed Job of Kubernetes, or a child of an
  /// array job of AWS Batch.
  ///
  /// @param environment the variables of the process
  /// @param count how many shards there are, for schedulers that do not tell
  /// @return empty where no scheduler has set an index
  /// @throws IllegalArgumentException if it is not known how many there are, or the indexes are not
  ///   evenly spaced
  public static Optional<Shard> of(Map<String, String> environment, OptionalInt count) {
    for (Scheduler scheduler : Scheduler.values()) {
      String index = environment.getOrDefault(scheduler.index, "");
      if (!index.isEmpty()) {
        int first = number(environment.getOrDefault(scheduler.first, "0"), scheduler.first);
        int step = number(environment.getOrDefault(scheduler.step, "1"), scheduler.step);
        int all = count.isPresent() ? count.getAsInt() : count(scheduler, environment);
        int place = number(index, scheduler.index) - first;
        if (step < 1 || place % step != 0 || place / step >= all || place < 0) {
          throw new IllegalArgumentException(
              "%s is %s, which is none of %d evenly spaced indexes from %d on; say which shard it is with --shard I/N"
                  .formatted(scheduler.index, index, all, first));
        }
        return Optional.of(new Shard(place / step, all));
      }
    }
    return Optional.empty();
  }

  private static int count(Scheduler scheduler, Map<String, String> environment) {
    String count = environment.getOrDefault(scheduler.count, "");
    if (count.isEmpty()) {
      throw new IllegalArgumentException(
          "%s is set, but not how many there are; say so with --shards N"
              .formatted(scheduler.index));
    }
    return number(count, scheduler.count);
  }

  private static int number(String digits, String from) {
    if (!digits.matches("[0-9]{1,9}")) {
      throw new IllegalArgumentException("%s: '%s' is not a whole number".formatted(from, digits));
    }
    return Integer.parseInt(digits);
  }

  /// The jobs of this shard.
  ///
  /// @param bytes what a job writes
  public List<Job> of(List<Job> all, ToLongFunction<Job> bytes) {
    List<Job> row = inRow(all);
    long[] ends = new long[row.size() + 1];
    for (int i = 0; i < row.size(); i++) {
      ends[i + 1] = ends[i] + Math.max(1, bytes.applyAsLong(row.get(i)));
    }
    int from = 0;
    for (int k = 1; k <= index; k++) {
      from = cut(row, ends, k, from);
    }
    return List.copyOf(row.subList(from, cut(row, ends, index + 1, from)));
  }

  /// Jobs of one model beside each other, in them those of the same adapters.
  static List<Job> inRow(List<Job> all) {
    Map<Object, Map<Object, List<Job>>> groups = new LinkedHashMap<>();
    for (Job job : all) {
      groups
          .computeIfAbsent(job.reads(), key -> new LinkedHashMap<>())
          .computeIfAbsent(family(job), key -> new ArrayList<>())
          .add(job);
    }
    return groups.values().stream()
        .flatMap(group -> group.values().stream())
        .flatMap(Collection::stream)
        .toList();
  }

  /// What jobs have in common whose deltas are the same.
  static Object family(Job job) {
    return switch (job) {
      case BakeJob bake -> bake.adapters().stream().map(BakeJob.Use::adapter).toList();
      // Conversions share nothing but what they read.
      case ConvertJob convert -> convert;
    };
  }

  private int cut(List<Job> row, long[] ends, int k, int from) {
    if (k == count) {
      return row.size();
    }
    double share = (double) ends[row.size()] / count;
    int best = from;
    double least = Double.POSITIVE_INFINITY;
    for (int at = from; at <= row.size(); at++) {
      double cost = Math.abs(ends[at] - k * share) + parts(row, at) * share;
      if (cost < least) {
        least = cost;
        best = at;
      }
    }
    return best;
  }

  private static double parts(List<Job> row, int at) {
    if (at == 0 || at == row.size() || !row.get(at - 1).reads().equals(row.get(at).reads())) {
      return 0;
    }
    return family(row.get(at - 1)).equals(family(row.get(at))) ? ADAPTERS : BASE;
  }

  /// `3/8`.
  @Override
  public String toString() {
    return "%d/%d".formatted(index + 1, count);
  }
}
