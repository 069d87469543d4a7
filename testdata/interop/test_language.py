"""Language models of transformers: adapters of PEFT on them, and folders that Radiata has baked."""

import copy

import pytest
import torch
from hf_peft import merged
from peft import LoraConfig, get_peft_model
from test_from_peft import randomised
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GptOssConfig,
    GptOssForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

import radiata


def llama(tied=False):
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=32, tie_word_embeddings=tied,
        )
    )


def gpt2():
    return GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=32))


MODELS = {
    "llama": (llama, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj"]),
    "llama-tied": (lambda: llama(tied=True), ["q_proj", "down_proj"]),
    "gpt2": (gpt2, ["c_attn", "c_proj", "c_fc"]),
}


def make(name, folder, **config):
    torch.manual_seed(19)
    build, targets = MODELS[name]
    model = build().eval()
    model.save_pretrained(folder / "base", max_shard_size="20KB")
    assert len(list((folder / "base").glob("*.safetensors"))) > 2
    wrapped = randomised(get_peft_model(copy.deepcopy(model), LoraConfig(r=4, lora_alpha=6, target_modules=targets, **config)))
    wrapped.save_pretrained(folder / "adapter")
    return model, folder / "base", folder / "adapter"


@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
@pytest.mark.parametrize("name", MODELS)
def test_a_sharded_folder_bakes_to_one_that_transformers_loads(name, dora, tmp_path):
    model, base, adapter = make(name, tmp_path, use_dora=dora)
    radiata.bake(base, adapter, tmp_path / "baked", "peft")
    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked").eval()
    want = copy.deepcopy(model)
    want.load_state_dict(merged(copy.deepcopy(model), adapter))
    radiata.close(dict(baked.state_dict()), dict(want.state_dict()))
    words = torch.arange(8).reshape(1, 8)
    with torch.no_grad():
        torch.testing.assert_close(baked(words).logits, want(words).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_dora_there_and_back_loads_in_peft(name, tmp_path):
    model, base, adapter = make(name, tmp_path, use_dora=True)
    if name == "gpt2":
        assert "[in, out]" in radiata.refused(adapter, "lycoris", tmp_path / "between.safetensors", base)
        return
    between = radiata.convert(adapter, "lycoris", tmp_path / "between.safetensors", base)
    again = radiata.convert(between, "peft", tmp_path / "again", base)
    radiata.close(merged(copy.deepcopy(model), again), merged(copy.deepcopy(model), adapter))


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp8_e4m3", "fp8_e5m2"])
def test_every_dtype_loads_as_torch_would_have_rounded(dtype, tmp_path):
    model, base, adapter = make("llama", tmp_path)
    kinds = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp8_e4m3": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}
    exact = radiata.bake(base, adapter, tmp_path / "exact")
    got = radiata.bake(base, adapter, tmp_path / "baked", "exact", 1.0, "--dtype", dtype)
    assert got.keys() == exact.keys()
    for name, tensor in got.items():
        assert tensor.dtype == kinds[dtype], name
        # Radiata rounds once, from its exact value; from float32 some land on the neighbour.
        same = tensor.to(torch.float32) == exact[name].to(kinds[dtype]).to(torch.float32)
        assert same.float().mean() > 0.99, name
        step = torch.finfo(kinds[dtype])
        radiata.close({name: tensor}, {name: exact[name]}, rtol=step.eps, atol=step.smallest_normal * step.eps)


def test_experts_in_one_tensor_are_adapted_by_themselves(tmp_path):
    """`gate_up_proj` is square here: only the class of the model tells the side of the inputs."""
    model = GptOssForCausalLM(
        GptOssConfig(
            vocab_size=20, hidden_size=16, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8, num_local_experts=3, num_experts_per_tok=2, tie_word_embeddings=False,
        )
    ).eval()
    model.save_pretrained(tmp_path / "base")
    config = LoraConfig(
        r=2, lora_alpha=3, target_modules=["q_proj"], target_parameters=["experts.gate_up_proj", "experts.down_proj"]
    )
    wrapped = get_peft_model(copy.deepcopy(model), config)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.3 * torch.randn_like(parameter))
    wrapped.save_pretrained(tmp_path / "adapter")
    radiata.bake(tmp_path / "base", tmp_path / "adapter", tmp_path / "baked", "peft")
    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked").eval()
    want = copy.deepcopy(model)
    want.load_state_dict(merged(copy.deepcopy(model), tmp_path / "adapter"))
    radiata.close(dict(baked.state_dict()), dict(want.state_dict()))
