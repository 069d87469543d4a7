"""LyCORIS as its own loader uses it."""

import contextlib
import inspect
import itertools
from unittest import mock

import torch
from lycoris import create_lycoris_from_weights, modules
from lycoris.kohya import LycorisNetworkKohya, create_network_from_weights
from lycoris.modules import MODULE_LIST
from lycoris.modules.ia3 import IA3Module
from lycoris.modules.lokr import LokrModule
from lycoris.modules.norms import NormModule
from lycoris.modules.tlora import TLoraModule
from safetensors.torch import load_file
from trees import bias, effective


@contextlib.contextmanager
def magnitude_per_input():
    """Its loader builds every DoRA with one magnitude per output; this gives it the other kind."""
    with contextlib.ExitStack() as stack:
        for kind in MODULE_LIST:
            if "wd_on_out" in inspect.signature(kind.__init__).parameters:
                made = kind.__init__
                stack.enter_context(
                    mock.patch.object(
                        kind,
                        "__init__",
                        lambda self, *a, _made=made, **k: _made(self, *a, **{**k, "wd_on_out": False}),
                    )
                )
        yield


def settings_of_lokr(kind, params, name, layer):
    """A LoKr module of the file's shapes, for which the loader guesses others: its settings are searched for."""
    parts = dict(zip(kind.weight_list, params, strict=True))
    factors = {key: tensor for key, tensor in parts.items() if tensor is not None and key != "alpha"}
    rank = next((factors[key].shape[0] for key in ("lokr_w1_b", "lokr_w2_b") if key in factors), 1)
    for factor, *flags in itertools.product([-1, *range(1, 40)], *[[False, True]] * 4):
        both, unbalanced, tucker, whole = flags
        module = kind(
            name, layer, 1, rank, float(parts["alpha"]), factor=factor, decompose_both=both, use_tucker=tucker,
            unbalanced_factorization=unbalanced, full_matrix=whole, weight_decompose="dora_scale" in factors,
        )  # fmt: skip
        own = dict(module.named_parameters())
        if {key: t.shape for key, t in own.items()} == {key: t.shape for key, t in factors.items()}:
            for key, tensor in factors.items():
                own[key].data.copy_(tensor)
            return module
    raise AssertionError(f"no settings give {({key: tuple(t.shape) for key, t in factors.items()})}")


@torch.no_grad()
def make_module(kind, params, name, layer):
    """LyCORIS' own, but where it fails on sound files (4.1.3): some LoKr, and every (IA)³."""
    if kind is IA3Module:
        weight, on_input = params
        module = kind(name, layer, 1, train_on_input=bool(on_input))
        module.weight.data.copy_(weight)
        return module
    try:
        return modules.make_module(kind, params, name, layer)
    except (AttributeError, RuntimeError):
        if kind is not LokrModule:
            raise
        return settings_of_lokr(kind, params, name, layer)


def load(file, model, text_encoders=None, kohya=False):
    tensors = load_file(file)
    per_input = [t for key, t in tensors.items() if key.endswith("dora_scale") and t.shape[0] == 1 and t.numel() > 1]
    with (
        magnitude_per_input() if per_input else contextlib.nullcontext(),
        mock.patch("lycoris.wrapper.make_module", make_module),
        mock.patch("lycoris.kohya.make_module", make_module),
        # 4.1.3 names the time embedding of diffusers' UNet twice, and refuses its own list.
        mock.patch.object(LycorisNetworkKohya, "UNET_TARGET_REPLACE_NAME", []),
    ):
        if kohya:
            network, _ = create_network_from_weights(1.0, str(file), None, text_encoders, model)
        else:
            network, _ = create_lycoris_from_weights(1.0, str(file), model)
    loras = network.unet_loras + network.text_encoder_loras if kohya else network.loras
    named = {key.split(".")[0] for key in tensors if "." in key}
    assert {lora.lora_name for lora in loras} == named, named ^ {lora.lora_name for lora in loras}
    return network, loras


def weights(file, model, kohya=False):
    """The state dict that a model works with under an adapter file."""
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    _, loras = load(file, model, kohya=kohya)
    for lora in loras:
        lora.apply_to()
    return under(loras, model, tensors)


def under(loras, model, tensors):
    """The state dict of a model under modules that have been applied to it.

    Layers are asked with unit vectors, for the merge of LoHa and LoKr scales twice; norms are merged.
    """
    result = dict(tensors)
    names = {module: name for name, module in model.named_modules()}
    for lora in loras:
        layer = lora.org_module[0]
        name = names[layer]
        for part in ("weight", "bias"):  # what algo=full takes away
            if getattr(layer, part, None) is None and f"{name}.{part}" in tensors:
                setattr(layer, part, torch.nn.Parameter(tensors[f"{name}.{part}"].clone()))
        lora.eval()
        if isinstance(lora, (NormModule, TLoraModule)):  # T-LoRA's forward knows no kernels
            lora.merge_to(1.0)
            result |= {f"{name}.{part}": each.data.clone() for part, each in layer.named_parameters()}
        else:
            result[name + ".weight"] = effective(layer)
            if layer.bias is not None:
                result[name + ".bias"] = bias(layer)
    return result
