"""Makes the goldens of language models: `"$(testdata/interop/install)/bin/python"
testdata/golden/generate/language_models.py` writes a folder of `testdata/golden/language/` for each.

The models are tiny and random: a config and weights as transformers saves them, and in `record.safetensors` what
transformers makes of a text: `logits`, the `loss` with the text as its own labels, and `grad.NAME`, the gradient of the
loss with respect to some weights. `logits64` is the same in float64, where the architecture keeps it: only GPT-2 does,
the others norm and turn in float32.
"""

import math
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "language"
VOCABULARY = 64
TOKENS = 12
WINDOW = 4
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
QUERY = "model.layers.0.self_attn.q_proj.weight"
LLAMA = ["model.embed_tokens.weight", QUERY, "model.layers.1.mlp.down_proj.weight"]


def make(name, config, model_of, gradients, seed):
    config._attn_implementation = "eager"
    model = model_of(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            # Norms and biases start at one and zero, where an implementation that leaves them out is not seen.
            norm = key.endswith("weight") and parameter.dim() == 1
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3 + (1 if norm else 0))
    folder = GOLDENS / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for file in folder.iterdir():
        if file.name not in ("config.json", "model.safetensors"):
            file.unlink()
    ids = torch.randint(VOCABULARY, (2, TOKENS), generator=generator)
    result = model(input_ids=ids, labels=ids)
    result.loss.backward()
    parameters = dict(model.named_parameters())
    # Doubling a model doubles its gradients in place: they are copied before.
    record = {"input_ids": ids, "logits": result.logits, "loss": result.loss}
    record |= {"grad." + key: parameters[key].grad.clone() for key in gradients}
    if config.model_type == "gpt2":
        with torch.no_grad():
            record["logits64"] = model.double()(input_ids=ids).logits
    save_file(
        {key: tensor.detach().contiguous().clone() for key, tensor in record.items()},
        folder / "record.safetensors",
        {"made_by": f"transformers {transformers.__version__}, torch {torch.__version__}"},
    )
    print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir()):,} bytes, loss {result.loss.item():.4f}")


def llama3(theta, head):
    """A scaling that keeps the highest frequency of a head, divides the lowest, and blends those between."""
    rope = {
        "rope_type": "llama3",
        "rope_theta": theta,
        "factor": 4.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    waves = [2 * math.pi * theta ** (2 * j / head) for j in range(head // 2)]
    short, long = 64 / rope["high_freq_factor"], 64 / rope["low_freq_factor"]
    branches = [0 if wave < short else 2 if wave > long else 1 for wave in waves]
    assert set(branches) == {0, 1, 2}, branches
    return rope


make(
    "gpt2",
    transformers.GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_inner=48,
        n_positions=32,
        bos_token_id=1,
        eos_token_id=2,
    ),
    transformers.GPT2LMHeadModel,
    ["transformer.wte.weight", "transformer.h.0.attn.c_attn.weight", "transformer.h.1.mlp.c_proj.weight"],
    41,
)
make(
    "llama-scaled",
    transformers.LlamaConfig(**COMMON, tie_word_embeddings=True, rope_parameters=llama3(100.0, 8)),
    transformers.LlamaForCausalLM,
    LLAMA,
    42,
)
make(
    "llama-linear",
    transformers.LlamaConfig(
        **COMMON,
        head_dim=16,
        attention_bias=True,
        mlp_bias=True,
        rms_norm_eps=1e-3,
        rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5},
    ),
    transformers.LlamaForCausalLM,
    LLAMA + ["model.layers.1.mlp.down_proj.bias"],
    43,
)
make(
    "mistral",
    transformers.MistralConfig(**COMMON, sliding_window=WINDOW),
    transformers.MistralForCausalLM,
    LLAMA,
    44,
)
make(
    "qwen2",
    transformers.Qwen2Config(**COMMON),
    transformers.Qwen2ForCausalLM,
    LLAMA + ["model.layers.0.self_attn.k_proj.bias"],
    45,
)
make(
    "qwen2-window",
    # The first layer sees the whole text, the second its window.
    transformers.Qwen2Config(**COMMON, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1),
    transformers.Qwen2ForCausalLM,
    LLAMA,
    46,
)
make(
    "qwen3",
    transformers.Qwen3Config(**COMMON, head_dim=16),
    transformers.Qwen3ForCausalLM,
    LLAMA + ["model.layers.0.self_attn.k_norm.weight"],
    47,
)
