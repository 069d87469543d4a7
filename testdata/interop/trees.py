"""Torch modules with the names and shapes of a file's tensors, and what their weights amount to."""

import torch
from torch import nn

CONVOLUTIONS = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}


class Tree(nn.Module):
    """A node without weights of its own."""


class Buffers(nn.Module):
    """A node for tensors that are no layer's, such as position ids."""


def grow(tensors, embeddings=(), groups=()):
    """A module whose state dict is `tensors`: matrices become linear layers, vectors named `norm` layer norms."""
    root = Tree()
    layers = {}
    for key, tensor in tensors.items():
        path, _, kind = key.rpartition(".")
        layers.setdefault(path, {})[kind] = tensor
    for path, parts in layers.items():
        *above, name = path.split(".")
        node = root
        for each in above:
            if each not in node._modules:
                node.add_module(each, Tree())
            node = node._modules[each]
        node.add_module(name, layer(path, parts, path in embeddings, dict(groups).get(path, 1)))
    for key, tensor in tensors.items():
        assert torch.equal(root.state_dict()[key], tensor), key
    assert root.state_dict().keys() == tensors.keys()
    return root.eval()


def layer(path, parts, embedding, groups):
    weight = parts.get("weight")
    if weight is None:
        made = Buffers()
        for name, tensor in parts.items():
            made.register_buffer(name, tensor.clone())
        return made
    bias = "bias" in parts
    if weight.ndim == 1:
        made = nn.GroupNorm(2, len(weight)) if "group" in path else nn.LayerNorm(len(weight), bias=bias)
    elif embedding:
        made = nn.Embedding(*weight.shape)
    elif weight.ndim == 2:
        made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
    else:
        kernel = tuple(weight.shape[2:])
        kind = CONVOLUTIONS[weight.ndim]
        made = kind(weight.shape[1] * groups, weight.shape[0], kernel, bias=bias, groups=groups)
    with torch.no_grad():
        for name, tensor in parts.items():
            getattr(made, name).copy_(tensor)
    return made.to(weight.dtype)


@torch.no_grad()
def effective(module):
    """The weight with which a layer works: what it makes of unit vectors, without its bias."""
    shape = module.weight.shape
    if isinstance(module, nn.Linear):
        units = torch.eye(shape[1], dtype=module.weight.dtype)
        return (module(units) - module(torch.zeros_like(units))).T.contiguous()
    assert all(stride == 1 for stride in module.stride), "a kernel has to meet its own size once"
    count = shape[1:].numel()
    units = torch.eye(count, dtype=module.weight.dtype).reshape(count, *shape[1:])
    units = torch.cat([units] * module.groups, 1)  # every group sees its own copy
    result = (module(units) - module(torch.zeros_like(units)))[(..., *module.padding)]
    return result.T.reshape(shape).contiguous()


@torch.no_grad()
def bias(module):
    """The bias with which a layer works: what it makes of zeros."""
    width, *kernel = module.weight.shape[1:]
    zeros = torch.zeros(1, width * getattr(module, "groups", 1), *kernel, dtype=module.weight.dtype)
    result = module(zeros)
    return (result if isinstance(module, nn.Linear) else result[(..., *module.padding)]).flatten()
