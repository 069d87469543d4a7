"""Makes the golden cases of LoRA on single parameters (PEFT `target_parameters`), whose weights hold all experts of a
layer: `"$(testdata/interop/install)/bin/python" testdata/golden/generate/peft_experts.py` writes them beside the others.

The models are tiny and random. Expected weights are PEFT's own merge in float32, and for `exact` the formula in float64.
"""

import copy
import json
import pathlib
import shutil

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import ParamWrapper
from safetensors.torch import load_file, save_file

CASES = pathlib.Path(__file__).resolve().parent.parent / "bake"
COMMON = {
    "vocab_size": 20,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "tie_word_embeddings": False,
}


def qwen():
    """Experts `[experts, out, in]`; two layers, so that a pattern can tell them apart."""
    return transformers.Qwen3MoeForCausalLM(
        transformers.Qwen3MoeConfig(
            **COMMON,
            num_hidden_layers=2,
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=6,
            intermediate_size=12,
        )
    )


def gpt_oss():
    """Experts `[experts, in, out]`."""
    return transformers.GptOssForCausalLM(
        transformers.GptOssConfig(
            **COMMON, num_hidden_layers=1, num_local_experts=3, num_experts_per_tok=2, intermediate_size=10
        )
    )


def written(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in sorted(tensors.items())}, path)


@torch.no_grad()
def make(name, title, model, config, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    folder = CASES / name
    shutil.rmtree(folder, ignore_errors=True)
    base = model.state_dict()
    written(folder / "base.safetensors", base)
    adapted = get_peft_model(copy.deepcopy(model), config)
    for key, parameter in sorted(adapted.named_parameters()):
        if "lora_" in key:
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.4)
    adapted.save_pretrained(folder / "saved")
    written(folder / "adapter.safetensors", load_file(folder / "saved" / "adapter_model.safetensors"))
    settings = json.loads((folder / "saved" / "adapter_config.json").read_text())
    for key in ("target_modules", "target_parameters"):
        settings[key] = sorted(settings[key] or [])
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    expect = []
    for strength in (0.5, 1.0):
        wrapped = PeftModel.from_pretrained(copy.deepcopy(model), str(folder / "saved"))
        exact = {key: tensor.clone() for key, tensor in base.items()}
        for key, layer in wrapped.base_model.model.named_modules():
            if not hasattr(layer, "get_delta_weight"):
                continue
            is_parameter = isinstance(layer, ParamWrapper)
            at = key.replace(".base_layer", "") + "." + (layer.parameter_name if is_parameter else "weight")
            exact[at] = (exact[at].double() + strength * delta(layer)).float()
        for layer in wrapped.modules():
            if hasattr(layer, "set_scale"):
                layer.set_scale("default", strength)
        merged = wrapped.merge_and_unload(safe_merge=True).state_dict()
        assert set(merged) == set(base)
        for runtime, tensors, rtol, atol in (("exact", exact, 1e-6, 1e-7), ("peft", merged, 2e-5, 2e-6)):
            file = f"expected/{runtime}@{strength}.safetensors"
            written(folder / file, tensors)
            expect.append(
                {"runtime": runtime, "strength": strength, "file": file, "rtol": rtol, "atol": atol, "note": ""}
            )
    shutil.rmtree(folder / "saved")
    program = f"PEFT {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
    case = {
        "title": title,
        "algorithm": "PEFT LoRA on parameters",
        "made_by": {
            "adapter": f"{program}: get_peft_model(...).save_pretrained() with random factors",
            "base": "torch.randn, seeded per case; the state dict of the model, experts in one tensor",
            "exact": "float64 evaluation of the definition of exact (README of the bake goldens), rounded once",
            "peft": f"{program}: PeftModel.from_pretrained, set_scale on every layer, merge_and_unload(safe_merge=True)",
        },
        "adapter_dialect": "PEFT (adapter_config.json beside the file)",
        "base": "base.safetensors",
        "adapters": ["adapter.safetensors"],
        "expect": sorted(expect, key=lambda each: (each["runtime"], each["strength"])),
        "files": ["adapter_config.json"],
        "layers": [],
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def delta(layer):
    """The delta of one layer in float64."""
    a = layer.lora_A["default"].weight.double()
    b = layer.lora_B["default"].weight.double()
    scale = layer.scaling["default"]
    if not isinstance(layer, ParamWrapper) or layer.num_experts == 1:
        return scale * (b @ a)
    experts = layer.num_experts
    product = torch.einsum("ore,eri->eoi", b.reshape(b.shape[0], -1, experts), a.reshape(experts, -1, a.shape[1]))
    return scale * (product if layer._did_swap_in_out_features else product.transpose(1, 2))


make(
    "peft-experts",
    "PEFT LoRA on the expert weights [experts, out, in] of a tiny Qwen3-MoE, on both of a layer, beside plain LoRA",
    qwen(),
    LoraConfig(
        r=3,
        lora_alpha=5,
        target_modules=["q_proj"],
        target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj", "mlp.gate.weight"],
        rank_pattern={"layers.1.mlp.experts.down_proj": 2},
        alpha_pattern={"experts.gate_up_proj": 4},
    ),
    31,
)
make(
    "peft-experts-transposed",
    "PEFT LoRA on the expert weights [experts, in, out] of a tiny GPT-OSS, use_rslora",
    gpt_oss(),
    LoraConfig(
        r=2,
        lora_alpha=3,
        use_rslora=True,
        target_modules=[],
        target_parameters=["experts.gate_up_proj", "experts.down_proj"],
    ),
    32,
)
