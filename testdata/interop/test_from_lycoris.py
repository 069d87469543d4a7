"""What LyCORIS saves is read as what it is and baked to the weights that it works with."""

import pytest
import torch
from lycoris import create_lycoris
from safetensors.torch import save_file
from trees import grow

import hf_diffusers
import hf_peft
import lyco
import radiata

BASE = {
    "a.bias": (16,),
    "a.weight": (16, 10),
    "b.weight": (32, 12),
    "conv.bias": (8,),
    "conv.weight": (8, 6, 3, 3),
    "one.weight": (16, 8, 1, 1),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    generator = torch.Generator().manual_seed(5)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in BASE.items()}
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    save_file(tensors, path)
    return path, tensors


CASES = {
    "locon": (dict(algo="locon"), "lora", "none"),
    "locon-tucker": (dict(algo="locon", use_tucker=True), "lora", "none"),
    "locon-rs": (dict(algo="locon", rs_lora=True), "lora", "none"),
    "locon-scalar": (dict(algo="locon", use_scalar=True), "lora", "none"),
    "locon-dora-out": (dict(algo="locon", dora_wd=True, wd_on_output=True), "lora", "output"),
    "locon-dora-in": (dict(algo="locon", dora_wd=True, wd_on_output=False), "lora", "input"),
    "loha": (dict(algo="loha"), "loha", "none"),
    "loha-tucker": (dict(algo="loha", use_tucker=True), "loha", "none"),
    "loha-dora-out": (dict(algo="loha", dora_wd=True, wd_on_output=True), "loha", "output"),
    "loha-dora-in": (dict(algo="loha", dora_wd=True, wd_on_output=False), "loha", "input"),
    "lokr": (dict(algo="lokr", factor=2), "lokr", "none"),
    "lokr-factor-4": (dict(algo="lokr", factor=4), "lokr", "none"),
    "lokr-both": (dict(algo="lokr", factor=4, decompose_both=True, linear_dim=1), "lokr", "none"),
    "lokr-whole": (dict(algo="lokr", factor=2, full_matrix=True), "lokr", "none"),
    "lokr-tucker": (dict(algo="lokr", factor=2, use_tucker=True, linear_dim=1), "lokr", "none"),
    "lokr-unbalanced": (dict(algo="lokr", factor=2, unbalanced_factorization=True), "lokr", "none"),
    "lokr-dora-out": (dict(algo="lokr", factor=2, dora_wd=True, wd_on_output=True), "lokr", "output"),
    "lokr-dora-in": (dict(algo="lokr", factor=2, dora_wd=True, wd_on_output=False), "lokr", "input"),
    "glora": (dict(algo="glora"), "glora", "none"),
    "ia3": (dict(algo="ia3"), "ia3", "none"),
    "full": (dict(algo="full"), "full", "none"),
    "diag-oft": (dict(algo="diag-oft"), "oft", "none"),
    "diag-oft-constraint": (dict(algo="diag-oft", constraint=0.01, rescaled=True), "oft", "none"),
    "boft": (dict(algo="boft", linear_dim=4), "boft", "none"),
    # Its delta has no kernel, and LyCORIS cannot merge it into one.
    "tlora": (dict(algo="tlora", preset="full-lin"), "tlora", "none"),
}


@torch.no_grad()
def randomised(network):
    for name, parameter in network.named_parameters():
        if "dora_scale" in name:
            parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
        else:
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


def saved(options, tensors, folder):
    """A file of LyCORIS, and the weights that it worked with when it was saved."""
    model = grow(tensors)
    network = create_lycoris(model, 1.0, **{"linear_dim": 2, "linear_alpha": 1.5} | options)
    network.apply_to()
    randomised(network)
    file = folder / "adapter.safetensors"
    network.save_weights(str(file), torch.float32, {})
    return file, lyco.under(network.loras, model, tensors)


@pytest.mark.parametrize("name", CASES)
def test_saved(name, base, tmp_path):
    options, algorithm, dora = CASES[name]
    path, tensors = base
    file, want = saved(options, tensors, tmp_path)
    adapter = radiata.inspect(file)["adapter"]
    assert (adapter["dialect"], adapter["writer"], adapter["unrecognised"]) == ("lycoris", "lycoris", [])
    modules = adapter["modules"]
    assert {each["algorithm"] for each in modules} == {algorithm}, modules
    assert {each["dora"] for each in modules} == {dora}, modules
    got = radiata.bake(path, file, tmp_path / "baked.safetensors")
    radiata.close(got, want)


INTO_PEFT = ["locon", "locon-dora-out", "loha", "loha-tucker", "lokr", "lokr-both", "lokr-whole", "lokr-tucker", "lokr-factor-4"]


@pytest.mark.parametrize("name", INTO_PEFT)
def test_into_peft(name, base, tmp_path):
    path, tensors = base
    file, want = saved(CASES[name][0], tensors, tmp_path)
    folder = radiata.convert(file, "peft", tmp_path / "peft", path)
    radiata.close(hf_peft.merged(grow(tensors), folder), want)


@pytest.mark.parametrize("name", ["locon", "locon-rs", "locon-dora-out"])
def test_into_diffusers(name, base, tmp_path):
    path, tensors = base
    file, want = saved(CASES[name][0], tensors, tmp_path)
    out = radiata.convert(file, "diffusers", tmp_path / "diffusers.safetensors", path)
    radiata.close(hf_diffusers.merged(tensors, out), want)
