package radiata.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import radiata.bake.BakeRequest;
import radiata.convention.Profiles;

/// Which machine does which jobs.
class ShardTest {
  private static final BakeJob.Options OPTIONS =
      new BakeJob.Options(
          Profiles.EXACT,
          Optional.empty(),
          1,
          1,
          null,
          null,
          false,
          BakeRequest.Writing.DEFAULT,
          false,
          false);

  private static Job job(int number, int base, int adapter) {
    return new BakeJob(
        number,
        "line 1, column 1",
        Path.of("base" + base),
        List.of(new BakeJob.Use(Path.of("adapter" + adapter), 1)),
        OPTIONS,
        Path.of("out" + number),
        "out" + number);
  }

  private static Job conversion(int number, int model) {
    return new ConvertJob(
        number,
        "line 1, column 1",
        Path.of("base" + model),
        new ConvertJob.Options(
            Optional.of("diffusers"),
            Optional.empty(),
            null,
            null,
            false,
            Optional.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty(),
            false),
        Path.of("out" + number),
        "out" + number);
  }

  private static List<Job> grid(int bases, int adapters, int strengths) {
    List<Job> jobs = new ArrayList<>();
    for (int b = 0; b < bases; b++) {
      for (int a = 0; a < adapters; a++) {
        for (int s = 0; s < strengths; s++) {
          jobs.add(job(jobs.size() + 1, b, a));
        }
      }
    }
    return jobs;
  }

  @Test
  void conversionsStayWithTheBakesOfTheirModel() {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      jobs.add(i % 3 == 0 ? job(i + 1, i % 2, 0) : conversion(i + 1, i % 2));
    }
    List<Job> first = new Shard(0, 2).of(jobs, job -> 1);
    List<Job> second = new Shard(1, 2).of(jobs, job -> 1);
    assertThat(first).hasSize(6).allMatch(job -> job.reads().equals(Path.of("base0")));
    assertThat(second).hasSize(6).allMatch(job -> job.reads().equals(Path.of("base1")));
  }

  @Test
  void everyJobIsInOneShard() {
    RandomGenerator random = new SplittableRandom(7);
    for (int round = 0; round < 200; round++) {
      List<Job> jobs = grid(random.nextInt(1, 5), random.nextInt(1, 5), random.nextInt(1, 5));
      Map<Job, Long> bytes = new HashMap<>();
      jobs.forEach(job -> bytes.put(job, random.nextLong(1, 1000)));
      int count = random.nextInt(1, 20);
      List<Job> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.addAll(new Shard(i, count).of(jobs, bytes::get));
      }
      assertThat(all).containsExactlyInAnyOrderElementsOf(jobs);
    }
  }

  @Test
  void shardsWriteAboutAsMuch() {
    List<Job> jobs = grid(3, 5, 4);
    for (int count : new int[] {2, 3, 4, 7, 12}) {
      double share = 60.0 / count;
      for (int i = 0; i < count; i++) {
        assertThat((double) new Shard(i, count).of(jobs, job -> 1).size())
            .isBetween(share * 0.7 - 1, share * 1.3 + 1);
      }
    }
  }

  @Test
  void jobsOfOneBaseStayTogetherWhereThatCostsLittle() {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      jobs.add(job(i + 1, i % 2, 0));
    }
    assertThat(new Shard(0, 2).of(jobs, job -> 1).stream().map(Job::reads).distinct()).hasSize(1);
    assertThat(new Shard(1, 2).of(jobs, job -> 1).stream().map(Job::reads).distinct()).hasSize(1);
  }

  @Test
  void moreShardsThanJobsLeaveSomeEmpty() {
    List<Job> jobs = grid(1, 1, 2);
    long busy = 0;
    for (int i = 0; i < 5; i++) {
      busy += new Shard(i, 5).of(jobs, job -> 1).isEmpty() ? 0 : 1;
    }
    assertThat(busy).isEqualTo(2);
  }

  @Test
  void countsFromOne() {
    assertThat(Shard.parse("3/8")).isEqualTo(new Shard(2, 8)).hasToString("3/8");
    for (String wrong : new String[] {"0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/2/3", ""}) {
      assertThatThrownBy(() -> Shard.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void schedulersTellThePart() {
    assertThat(
            shard(
                Map.of(
                    "SLURM_ARRAY_TASK_ID", "7",
                    "SLURM_ARRAY_TASK_COUNT", "4",
                    "SLURM_ARRAY_TASK_MIN", "3",
                    "SLURM_ARRAY_TASK_STEP", "2"),
                OptionalInt.empty()))
        .contains(new Shard(2, 4));
    assertThat(
            shard(
                Map.of("AWS_BATCH_JOB_ARRAY_INDEX", "2", "AWS_BATCH_JOB_ARRAY_SIZE", "3"),
                OptionalInt.empty()))
        .contains(new Shard(2, 3));
    assertThat(shard(Map.of("JOB_COMPLETION_INDEX", "0"), OptionalInt.of(3)))
        .contains(new Shard(0, 3));
    assertThat(shard(Map.of("HOME", "/"), OptionalInt.empty())).isEmpty();
  }

  private static Optional<Shard> shard(Map<String, String> environment, OptionalInt count) {
    return Shard.of(environment, count);
  }

  @Test
  void anIndexWithoutACountOrBesideTheOthersIsRefused() {
    assertThatThrownBy(() -> shard(Map.of("JOB_COMPLETION_INDEX", "1"), OptionalInt.empty()))
        .hasMessageContaining("--shards N");
    assertThatThrownBy(() ->
            shard(
                Map.of(
                    "SLURM_ARRAY_TASK_ID", "9",
                    "SLURM_ARRAY_TASK_COUNT", "3",
                    "SLURM_ARRAY_TASK_MIN", "1"),
                OptionalInt.empty()))
        .hasMessageContaining("--shard I/N");
  }
}
