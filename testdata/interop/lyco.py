"""LyCORIS as its own loader uses it."""

import contextlib
import inspect
from unittest import mock

import torch
from lycoris import create_lycoris_from_weights
from lycoris.kohya import create_network_from_weights
from lycoris.modules import MODULE_LIST
from safetensors.torch import load_file
from trees import effective


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


def load(file, model, text_encoders=None, kohya=False):
    tensors = load_file(file)
    per_input = [t for key, t in tensors.items() if key.endswith("dora_scale") and t.shape[0] == 1 and t.numel() > 1]
    with magnitude_per_input() if per_input else contextlib.nullcontext():
        if kohya:
            network, _ = create_network_from_weights(1.0, str(file), None, text_encoders, model)
        else:
            network, _ = create_lycoris_from_weights(1.0, str(file), model)
    loras = network.unet_loras + network.text_encoder_loras if kohya else network.loras
    modules = {key.split(".")[0] for key in tensors if "." in key}
    assert {lora.lora_name for lora in loras} == modules, modules ^ {lora.lora_name for lora in loras}
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
        if lora.__class__.__name__ == "NormModule":
            lora.merge_to(1.0)
            result[name + ".weight"] = layer.weight.data.clone()
            result[name + ".bias"] = layer.bias.data.clone()
        else:
            result[name + ".weight"] = effective(layer)
    return result
