package radiata.cli.demo;

import java.util.Objects;

/// One text in the making: what the model remembers of its tokens, and room for the next.
final class LlamaRun {
  private final Llama model;
  private final LlamaConfig config;
  private final int capacity;
  private final int keyWidth;

  /// Keys and values of every layer, `[capacity, keyWidth]` each.
  private final float[][] keys;

  private final float[][] values;

  private final float[] x;
  private final float[] normed;
  private final float[] query;
  private final float[] key;
  private final float[] value;
  private final float[] attended;
  private final float[] scores;
  private final float[] gate;
  private final float[] up;
  private final float[] back;
  private int position;

  /// @param capacity how many tokens the text may have
  LlamaRun(Llama model, int capacity) {
    this.model = model;
    this.config = model.config;
    if (capacity < 0 || capacity > config.positions()) {
      throw new IllegalArgumentException(
          "%d tokens; the model has positions for %d".formatted(capacity, config.positions()));
    }
    this.capacity = capacity;
    this.keyWidth = config.keyHeads() * config.head();
    this.keys = new float[config.layers()][capacity * keyWidth];
    this.values = new float[config.layers()][capacity * keyWidth];
    this.x = new float[config.hidden()];
    this.normed = new float[config.hidden()];
    this.query = new float[config.heads() * config.head()];
    this.key = new float[keyWidth];
    this.value = new float[keyWidth];
    this.attended = new float[query.length];
    this.scores = new float[capacity];
    this.gate = new float[config.intermediate()];
    this.up = new float[config.intermediate()];
    this.back = new float[config.hidden()];
  }

  /// Takes one more token.
  ///
  /// @return the logits of the token after it, `[vocabulary]`
  float[] next(int token) {
    Objects.checkIndex(position, capacity);
    System.arraycopy(model.embedding, config.token(token) * x.length, x, 0, x.length);
    for (int layer = 0; layer < config.layers(); layer++) {
      attend(model.layers.get(layer), keys[layer], values[layer]);
      feed(model.layers.get(layer));
    }
    position++;
    LlamaKernels.rmsNorm(x, model.norm, config.epsilon(), normed);
    float[] logits = new float[config.vocabulary()];
    LlamaKernels.multiply(model.output, normed, logits);
    return logits;
  }

  private void attend(LlamaLayer layer, float[] pastKeys, float[] pastValues) {
    LlamaKernels.rmsNorm(x, layer.attentionNorm, config.epsilon(), normed);
    LlamaKernels.multiply(layer.query, normed, query);
    LlamaKernels.multiply(layer.key, normed, key);
    LlamaKernels.multiply(layer.value, normed, value);
    LlamaKernels.rotate(query, config.head(), position, config.theta());
    LlamaKernels.rotate(key, config.head(), position, config.theta());
    System.arraycopy(key, 0, pastKeys, position * keyWidth, keyWidth);
    System.arraycopy(value, 0, pastValues, position * keyWidth, keyWidth);
    int shared = config.heads() / config.keyHeads();
    for (int head = 0; head < config.heads(); head++) {
      attend(head * config.head(), head / shared * config.head(), pastKeys, pastValues);
    }
    LlamaKernels.multiply(layer.output, attended, back);
    LlamaKernels.add(back, x);
  }

  /// One head: `from` is where it starts among the queries, `at` where its keys start in a row.
  private void attend(int from, int at, float[] pastKeys, float[] pastValues) {
    int width = config.head();
    float scale = (float) (1 / Math.sqrt(width));
    for (int past = 0; past <= position; past++) {
      scores[past] = scale * LlamaKernels.dot(query, from, pastKeys, past * keyWidth + at, width);
    }
    LlamaKernels.softmax(scores, position + 1);
    for (int i = 0; i < width; i++) {
      float sum = 0;
      for (int past = 0; past <= position; past++) {
        sum = Math.fma(scores[past], pastValues[past * keyWidth + at + i], sum);
      }
      attended[from + i] = sum;
    }
  }

  private void feed(LlamaLayer layer) {
    LlamaKernels.rmsNorm(x, layer.feedNorm, config.epsilon(), normed);
    LlamaKernels.multiply(layer.gate, normed, gate);
    LlamaKernels.multiply(layer.up, normed, up);
    LlamaKernels.swiglu(gate, up);
    LlamaKernels.multiply(layer.down, gate, back);
    LlamaKernels.add(back, x);
  }
}
