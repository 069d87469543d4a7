"""Makes the files of this folder with the real PyTorch.

    python3 -m venv V && V/bin/pip install torch==2.7.1 numpy==2.3.5 safetensors==0.8.0
    V/bin/python make.py

The tensors are counted, not random, so that a file differs from run to run only in ids.
"""

import collections
import io
import os
import pickle
import zipfile

import numpy
import safetensors.torch
import torch


def count(dtype, *shape):
    n = 1
    for size in shape:
        n *= size
    return (torch.arange(n) % 120).reshape(shape).to(dtype)


def mixed():
    """Every type that torch 2.7 and safetensors share, and every kind of view."""
    grid = count(torch.float32, 4, 6)
    shared = count(torch.float16, 10)
    tensors = collections.OrderedDict(
        plain=grid,
        transposed=grid.t(),
        column=grid[:, 2],
        window=grid[1:3, 2:5],
        stepped=grid[::2, ::3],
        permuted=count(torch.int16, 2, 3, 4).permute(2, 0, 1),
        first=shared[:4],
        second=shared[4:],
        tied=shared[:4],
        expanded=count(torch.float32, 1, 3).expand(2, 3),
        parameter=torch.nn.Parameter(count(torch.float32, 3) / 7),
        scalar=torch.tensor(1.5),
        empty=torch.zeros(0, 5),
        channels_last=count(torch.float32, 1, 2, 3, 4).to(memory_format=torch.channels_last),
        complex64=torch.complex(count(torch.float32, 3), count(torch.float32, 3) + 0.5),
        boolean=torch.tensor([True, False, True]),
        float64=count(torch.float64, 3) / 3,
        bfloat16=count(torch.bfloat16, 3),
        bfloat16_transposed=count(torch.bfloat16, 3, 5).t(),
        float8_e4m3fn=count(torch.float32, 5).to(torch.float8_e4m3fn),
        float8_e5m2=count(torch.float32, 5).to(torch.float8_e5m2),
    )
    for dtype in "uint8 int8 int16 int32 int64 uint16 uint32 uint64".split():
        tensors[dtype] = count(getattr(torch, dtype), 2, 2)
    return tensors


def rezip(source, target, method=zipfile.ZIP_STORED, change=lambda name, data: data, add={}):
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", method) as new:
        entries = [(i.filename, old.read(i)) for i in old.infolist()] + list(add.items())
        for name, data in entries:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type = method
            new.writestr(info, change(name, data))
    with open(target, "wb") as file:
        file.write(out.getvalue())


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 3)

    def forward(self, x):
        return self.layer(x)


class Attack:
    def __reduce__(self):
        return os.system, ("touch radiata-was-attacked",)


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    tensors = mixed()
    plain = {name: t.detach().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
    safetensors.torch.save_file(plain, "mixed.safetensors")
    torch.save(tensors, "mixed.pt")
    torch.save(tensors, "mixed-protocol-4.pt", pickle_protocol=4)
    torch.save(tensors, "mixed-legacy.pt", _use_new_zipfile_serialization=False)
    rezip("mixed.pt", "mixed-deflated.pt", zipfile.ZIP_DEFLATED)
    few = {name: tensors[name] for name in ("plain", "transposed", "first", "second", "bfloat16")}
    with open("bare.pkl", "wb") as file:
        pickle.dump(few, file, protocol=4)

    widths = {"FloatStorage": 4, "HalfStorage": 2, "ShortStorage": 2, "ComplexFloatStorage": 4}
    big = {n: tensors[n] for n in ("plain", "transposed", "first", "complex64", "permuted", "empty")}
    torch.save(big, "big.pt")
    kinds = {}
    class Reader(pickle.Unpickler):
        def persistent_load(self, pid):
            kinds[pid[2]] = widths[pid[1].__name__]
            return torch.UntypedStorage(0)
        def find_class(self, module, name):
            if name.startswith("_rebuild"):
                return lambda *args: None
            if name.endswith("Storage"):
                return type(name, (), {})
            return super().find_class(module, name)
    with zipfile.ZipFile("big.pt") as file:
        Reader(io.BytesIO(file.read("big/data.pkl"))).load()
    def swap(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        if "/data/" in name:
            width = kinds[name.split("/")[-1]]
            return numpy.frombuffer(data, f"<u{width}").byteswap().tobytes()
        return data
    rezip("big.pt", "big-endian.pt", change=swap)
    os.remove("big.pt")

    state = collections.OrderedDict(few)
    state._metadata = {"": {"version": 1}}
    lightning = {
        "epoch": 3, "global_step": 1234, "pytorch-lightning_version": "1.4.2",
        "state_dict": state,
        "loss": numpy.float64(0.5), "callbacks": {"best": numpy.float32(0.1)},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}}],
    }
    torch.save(lightning, "lightning.ckpt")
    torch.save({"string_to_token": {"*": 265},
                "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(count(torch.float32, 2, 768) / 99)}),
                "name": "style", "step": 500}, "embedding.pt")

    net = Net()
    torch.save(net.layer, "refused-module.pt")
    torch.jit.save(torch.jit.script(net), "refused-torchscript.pt")
    torch.save({"w": torch.quantize_per_tensor(count(torch.float32, 4), 0.5, 0, torch.qint8)}, "refused-quantised.pt")
    torch.save({"w": count(torch.float32, 3, 3).to_sparse()}, "refused-sparse.pt")
    torch.save({"w": tensors["complex64"].conj()}, "refused-conjugated.pt")
    torch.save({"w": count(torch.float64, 2).to(torch.complex128)}, "refused-complex128.pt")
    torch.save([count(torch.float32, 2), count(torch.float32, 2)], "refused-list.pt")
    torch.save({"w": torch.zeros(1).expand(100000, 100000)}, "refused-expanded.pt")
    torch.save({"w": torch.zeros(2), "x": Attack()}, "refused-os-system.pt")
    torch.save({"w": torch.zeros(2), "x": Attack()}, "refused-os-system-legacy.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
