"""PEFT on a plain torch module, as its users load and merge a folder."""

import warnings

import torch
from peft import PeftModel


def load(model, folder):
    """A model under an adapter; what does not fit or is missing in the file is an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wrapped = PeftModel.from_pretrained(model, str(folder))
    told = [str(each.message) for each in caught if "adapter" in str(each.message).lower()]
    assert not told, told
    return wrapped


@torch.no_grad()
def merged(model, folder, strength=1.0):
    """The state dict after PEFT's own merge; `model` is used up."""
    names = set(model.state_dict())
    wrapped = load(model, folder)
    if strength != 1.0:
        for module in wrapped.modules():
            if hasattr(module, "set_scale"):
                module.set_scale("default", strength)
    result = wrapped.merge_and_unload(safe_merge=True).state_dict()
    assert set(result) == names, set(result) ^ names
    return {name: tensor.contiguous().clone() for name, tensor in result.items()}
