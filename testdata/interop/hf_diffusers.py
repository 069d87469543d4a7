"""diffusers on a plain torch module, and on its own pipelines."""

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.loaders import PeftAdapterMixin
from trees import grow


class Transformer(ModelMixin, ConfigMixin, PeftAdapterMixin):
    """Any module as a diffusers model."""

    config_name = "config.json"
    _lora_loadable_modules = ["transformer"]

    def __init__(self, tensors):
        super().__init__()
        for name, child in grow(tensors).named_children():
            self.add_module(name, child)


@torch.no_grad()
def merged(tensors, file):
    """The state dict after diffusers' own load and fuse."""
    model = Transformer(tensors)
    model.load_lora_adapter(str(file), prefix="transformer", use_safetensors=True)
    return fused(model)


@torch.no_grad()
def fused(model):
    from peft.tuners.tuners_utils import BaseTunerLayer

    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
    return {
        name.replace(".base_layer.", "."): tensor.contiguous().clone()
        for name, tensor in model.state_dict().items()
        if ".lora_" not in name
    }
