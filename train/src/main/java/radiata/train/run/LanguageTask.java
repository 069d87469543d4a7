package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.DType;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.config.TrainConfig;
import radiata.train.data.Draws;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.metadata.RunFacts;
import radiata.train.model.LanguageModel;
import radiata.train.text.TokenRow;

/// A language model that learns to go on with texts: cross entropy of every token that counts,
/// divided by how many count in the whole step.
final class LanguageTask implements Task {
  private final TrainConfig config;
  private final Torch torch;
  private final LanguageModel model;
  private final TrainedAdapter adapter;
  private final List<TokenRow> rows;
  private final Optional<String> settings;
  private final Opened opened;
  private int epoch;
  private List<List<TokenRow>> inEpoch = List.of();

  LanguageTask(
      TrainConfig config,
      Torch torch,
      LanguageModel model,
      TrainedAdapter adapter,
      List<TokenRow> rows,
      Optional<String> settings,
      Opened opened) {
    this.config = config;
    this.torch = torch;
    this.model = model;
    this.adapter = adapter;
    this.rows = rows;
    this.settings = settings;
    this.opened = opened;
  }

  @Override
  public int batchesPerEpoch() {
    return Math.ceilDiv(rows.size(), config.training().batchSize());
  }

  @Override
  public TrainedAdapter adapter() {
    return adapter;
  }

  @Override
  public List<Group> groups() {
    return List.of(
        new Group("lr", List.copyOf(adapter.parameters().values()), config.training().rate()));
  }

  private List<TokenRow> batch(Moment moment) {
    if (epoch != moment.epoch()) {
      epoch = moment.epoch();
      List<TokenRow> order = new ArrayList<>(rows);
      Draws draws = new Draws(config.training().seed());
      Draws.shuffle(order, draws.of(Draws.Purpose.ORDER, epoch, 0));
      List<List<TokenRow>> batches = new ArrayList<>();
      int most = config.training().batchSize();
      for (int i = 0; i < order.size(); i += most) {
        batches.add(List.copyOf(order.subList(i, Math.min(i + most, order.size()))));
      }
      inEpoch = batches;
    }
    return inEpoch.get(moment.batch());
  }

  @Override
  public double count(Moment moment) {
    return batch(moment).stream().mapToLong(TokenRow::counted).sum();
  }

  @Override
  public Loss loss(Moment moment, Segments segments) {
    List<TokenRow> batch = batch(moment);
    int longest = batch.stream().mapToInt(TokenRow::length).max().orElseThrow();
    long[] ids = new long[batch.size() * longest];
    long[] labels = new long[ids.length];
    Arrays.fill(labels, TokenRow.IGNORED);
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).put(ids, labels, i * longest);
    }
    Tensor logits = model.logits(torch.of(ids, batch.size(), longest), segments);
    Tensor wanted = torch.of(labels, batch.size(), longest).slice(1, 1, longest).reshape(-1);
    Tensor sum =
        logits
            .slice(1, 0, longest - 1)
            .reshape(-1, logits.size(2))
            .cast(DType.F32)
            .crossEntropy(wanted);
    return new Loss(sum, count(moment));
  }

  @Override
  public void sample(int step, Path folder, String name) {
    // A config for a language model has no samples.
  }

  @Override
  public Map<String, String> metadata(RunFacts facts) {
    return new LinkedHashMap<>(Map.of("format", "pt"));
  }

  @Override
  public Optional<String> settings() {
    return settings;
  }

  @Override
  public void close() throws IOException {
    opened.close();
  }
}
