"""What PEFT saves is read with its settings and baked to PEFT's own merge."""

import copy
import json

import pytest
import torch
from hf_peft import merged
from peft import BOFTConfig, IA3Config, LoHaConfig, LoKrConfig, LoraConfig, OFTConfig, VeraConfig, get_peft_model
from safetensors.torch import save_file
from trees import grow

import lyco
import radiata

BASE = {
    "body.a.bias": (12,),
    "body.a.weight": (12, 10),
    "body.b.weight": (9, 12),
    "body.norm.bias": (12,),
    "body.norm.weight": (12,),
    "conv.in.bias": (8,),
    "conv.in.weight": (8, 6, 3, 3),
    "conv.one.weight": (10, 8, 1, 1),
    "head.weight": (4, 9),
    "sound.weight": (8, 6, 5),
    "words.weight": (11, 8),
}
LINEAR = ["a", "b"]
LAYERS = [*LINEAR, "conv.in", "conv.one"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    generator = torch.Generator().manual_seed(3)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in BASE.items()}
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    save_file(tensors, path)
    return path, grow(tensors, embeddings={"words"})


@torch.no_grad()
def randomised(model):
    """The adapter as training might leave it: nothing is zero, and magnitudes are near their start."""
    for name, parameter in model.named_parameters():
        if "magnitude" in name:
            parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
        elif ("modules_to_save" in name or parameter.requires_grad) and ".base_layer." not in name:
            parameter.copy_(0.3 * torch.randn_like(parameter))
    return model


CASES = {
    "lora": (LoraConfig(r=3, lora_alpha=7, target_modules=LAYERS), "lora", 3, 7, "none"),
    "lora-conv1d": (LoraConfig(r=3, lora_alpha=2, target_modules=["sound", "a"]), "lora", 3, 2, "none"),
    "dora": (LoraConfig(r=4, lora_alpha=6, use_dora=True, target_modules=LAYERS), "lora", 4, 6, "output"),
    "rslora": (LoraConfig(r=4, lora_alpha=6, use_rslora=True, target_modules=LAYERS), "lora", 4, 6, "none"),
    "lora-bias": (LoraConfig(r=3, lora_alpha=5, lora_bias=True, target_modules=["a", "in"]), "lora", 3, 5, "none"),
    "biases-of-all": (LoraConfig(r=3, lora_alpha=5, bias="all", target_modules=["a"]), "lora", 3, 5, "none"),
    "biases-of-targets": (LoraConfig(r=3, lora_alpha=5, bias="lora_only", target_modules=["a"]), "lora", 3, 5, "none"),
    "embedding": (LoraConfig(r=3, lora_alpha=5, target_modules=["words", "a"]), "lora", 3, 5, "none"),
    "embedding-dora": (LoraConfig(r=3, lora_alpha=5, use_dora=True, target_modules=["words"]), "lora", 3, 5, "output"),
    "whole": (LoraConfig(r=3, lora_alpha=5, target_modules=["a"], modules_to_save=["head"]), "lora", 3, 5, "none"),
    "loha": (LoHaConfig(r=3, alpha=5, target_modules=LAYERS), "loha", 3, 5, "none"),
    "loha-tucker": (LoHaConfig(r=3, alpha=5, use_effective_conv2d=True, target_modules=LAYERS), "loha", 3, 5, "none"),
    "loha-conv1d": (LoHaConfig(r=3, alpha=5, use_effective_conv2d=True, target_modules=["sound"]), "loha", 3, 5, "none"),
    "lokr": (LoKrConfig(r=1, alpha=3, target_modules=LAYERS), "lokr", 1, 3, "none"),
    "lokr-both": (LoKrConfig(r=1, alpha=3, decompose_both=True, target_modules=LAYERS), "lokr", 1, 3, "none"),
    "lokr-factor": (LoKrConfig(r=2, alpha=3, decompose_factor=2, target_modules=["a", "in"]), "lokr", 2, 3, "none"),
    "lokr-tucker": (LoKrConfig(r=1, alpha=3, use_effective_conv2d=True, target_modules=["in"]), "lokr", 1, 3, "none"),
    "lokr-whole": (LoKrConfig(r=16, alpha=8, target_modules=LAYERS), "lokr", 16, 8, "none"),
}


def saved(base, config, folder):
    model = randomised(get_peft_model(copy.deepcopy(base), copy.deepcopy(config)))
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_saved(name, base, tmp_path):
    config, algorithm, rank, alpha, dora = CASES[name]
    folder = saved(base[1], config, tmp_path / "peft")
    adapter = radiata.inspect(folder)["adapter"]
    assert (adapter["dialect"], adapter["writer"], adapter["unrecognised"]) == ("peft", "peft", [])
    modules = [each for each in adapter["modules"] if each["algorithm"] == algorithm and each["rank"]]
    assert modules
    for module in modules:
        assert (module["rank"], module["alpha"], module["dora"]) == (rank, alpha, dora), module
    for strength in (1.0, 0.5):
        got = radiata.bake(base[0], folder, tmp_path / f"{strength}.safetensors", "peft", strength)
        radiata.close(got, merged(copy.deepcopy(base[1]), folder, strength))


def test_patterns_of_ranks_and_alphas(base, tmp_path):
    config = LoraConfig(
        r=3,
        lora_alpha=5,
        target_modules=LAYERS,
        rank_pattern={"body.a": 5, "conv.*": 2},
        alpha_pattern={"conv\\.in": 9, "b": 1},
    )
    folder = saved(base[1], config, tmp_path / "peft")
    modules = radiata.inspect(folder)["adapter"]["modules"]
    assert {m["name"].removeprefix("base_model.model."): (m["rank"], m["alpha"]) for m in modules} == {
        "body.a": (5, 5),
        "body.b": (3, 1),
        "conv.in": (2, 9),
        "conv.one": (2, 5),
    }
    got = radiata.bake(base[0], folder, tmp_path / "baked.safetensors", "peft")
    radiata.close(got, merged(copy.deepcopy(base[1]), folder))


@pytest.mark.parametrize("name", ["lora", "dora", "rslora", "loha", "loha-tucker", "lokr", "lokr-both", "lokr-tucker"])
def test_into_lycoris(name, base, tmp_path):
    folder = saved(base[1], CASES[name][0], tmp_path / "peft")
    out = radiata.convert(folder, "lycoris", tmp_path / "lycoris.safetensors", base[0])
    if name == "lokr-tucker":
        # The loader of LyCORIS fails on these; Radiata itself has to read what it wrote.
        got = radiata.bake(base[0], out, tmp_path / "baked.safetensors")
    else:
        got = lyco.weights(out, grow(radiata.tensors(base[0]), embeddings={"words"}))
    radiata.close(got, merged(copy.deepcopy(base[1]), folder))


def test_the_scale_of_whole_lokr_factors_goes_into_a_factor(base, tmp_path):
    """PEFT divides alpha by a rank that shapes nothing; elsewhere whole factors have no scale."""
    folder = saved(base[1], CASES["lokr-whole"][0], tmp_path / "peft")
    out = radiata.convert(folder, "lycoris", tmp_path / "lycoris.safetensors", base[0])
    got = lyco.weights(out, grow(radiata.tensors(base[0]), embeddings={"words"}))
    radiata.close(got, merged(copy.deepcopy(base[1]), folder))


def test_a_scale_of_whole_lokr_factors_that_would_round_is_refused(base, tmp_path):
    config = LoKrConfig(r=16, alpha=11, target_modules=LAYERS)
    folder = saved(base[1], config, tmp_path / "peft")
    out = tmp_path / "lycoris.safetensors"
    assert "--dtype fp32" in radiata.refused(folder, "lycoris", out, base[0])
    radiata.convert(folder, "lycoris", out, base[0], "--dtype", "fp32")
    got = lyco.weights(out, grow(radiata.tensors(base[0]), embeddings={"words"}))
    radiata.close(got, merged(copy.deepcopy(base[1]), folder))


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("biases-of-all", "biases-of-targets")])
def test_again_into_peft(name, base, tmp_path):
    """PEFT reads its own adapter as well after Radiata has written it."""
    folder = saved(base[1], CASES[name][0], tmp_path / "peft")
    out = radiata.convert(folder, "peft", tmp_path / "again", base[0])
    radiata.close(merged(copy.deepcopy(base[1]), out), merged(copy.deepcopy(base[1]), folder))


@pytest.mark.parametrize(
    "config",
    [
        OFTConfig(oft_block_size=2, target_modules=["a"]),
        BOFTConfig(boft_block_size=2, target_modules=["a"]),
        IA3Config(target_modules=["a"], feedforward_modules=[]),
        VeraConfig(r=2, target_modules=["a"]),
        LoraConfig(r=3, target_modules=["a"], trainable_token_indices={"words": [1, 2]}),
    ],
    ids=lambda config: type(config).__name__,
)
def test_what_is_not_read_is_refused(config, base, tmp_path):
    folder = saved(base[1], config, tmp_path / "peft")
    kind = json.loads((folder / "adapter_config.json").read_text())["peft_type"]
    line = radiata.run("bake", base[0], "-a", folder, "-o", tmp_path / "no.safetensors", "-q").refusal()
    assert kind in line or "trainable_token_indices" in line
