package radiata.cli.demo;

import java.io.IOException;

/// The weights of one layer, matrices as `[out, in]`.
final class LlamaLayer {
  final float[] attentionNorm;
  final float[] query;
  final float[] key;
  final float[] value;
  final float[] output;
  final float[] feedNorm;
  final float[] gate;
  final float[] up;
  final float[] down;

  private LlamaLayer(Weights weights, LlamaConfig config, String prefix) throws IOException {
    int hidden = config.hidden();
    int queries = config.heads() * config.head();
    int keys = config.keyHeads() * config.head();
    int inner = config.intermediate();
    attentionNorm = weights.read(prefix + "input_layernorm.weight", hidden);
    query = weights.read(prefix + "self_attn.q_proj.weight", queries, hidden);
    key = weights.read(prefix + "self_attn.k_proj.weight", keys, hidden);
    value = weights.read(prefix + "self_attn.v_proj.weight", keys, hidden);
    output = weights.read(prefix + "self_attn.o_proj.weight", hidden, queries);
    feedNorm = weights.read(prefix + "post_attention_layernorm.weight", hidden);
    gate = weights.read(prefix + "mlp.gate_proj.weight", inner, hidden);
    up = weights.read(prefix + "mlp.up_proj.weight", inner, hidden);
    down = weights.read(prefix + "mlp.down_proj.weight", hidden, inner);
  }

  static LlamaLayer read(Weights weights, LlamaConfig config, int layer) throws IOException {
    return new LlamaLayer(weights, config, "model.layers." + layer + ".");
  }
}
