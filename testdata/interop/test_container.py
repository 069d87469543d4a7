"""The container itself: what the safetensors package writes and what Radiata writes, read by the other."""

import json
import struct

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import radiata


@pytest.fixture
def odd(tmp_path):
    """Every dtype that both know, scalars, empty tensors, names and metadata that are not ASCII."""
    tensors = {
        "größe.weight": torch.randn(3, 5),
        "層.0.weight": torch.randn(4, 3).to(torch.bfloat16),
        "half.weight": torch.randn(2, 2, 3, 3).to(torch.float16),
        "double.weight": torch.randn(3, 2).to(torch.float64),
        "fp8.weight": torch.randn(8, 4).to(torch.float8_e4m3fn),
        "scalar": torch.tensor(0.25),
        "empty": torch.zeros(0, 4),
        "ids": torch.arange(7),
        "mask": torch.tensor([True, False, True]),
        "byte": torch.arange(5, dtype=torch.uint8),
    }
    path = tmp_path / "odd.safetensors"
    save_file(tensors, path, metadata={"who": "äöü 層", "empty": ""})
    return path, tensors


def bits(tensor):
    return tensor.reshape(-1).view(torch.uint8)


def test_every_tensor_survives_a_bake(odd, tmp_path):
    path, tensors = odd
    adapter = tmp_path / "adapter.safetensors"
    up, down = torch.randn(3, 2), torch.randn(2, 5)
    save_file({"größe.lora_B.weight": up, "größe.lora_A.weight": down}, adapter)
    out = tmp_path / "out.safetensors"
    got = radiata.bake(path, adapter, out)
    want = dict(tensors)
    want["größe.weight"] = (tensors["größe.weight"].double() + up.double() @ down.double()).float()
    radiata.close(got, want)
    for name, tensor in tensors.items():
        assert got[name].dtype == tensor.dtype
        if name != "größe.weight":
            assert torch.equal(bits(got[name]), bits(tensor)), name
    with safe_open(out, "pt") as file:
        assert file.metadata()["who"] == "äöü 層"


def test_metadata_edited_in_place_still_loads(odd, tmp_path):
    path, tensors = odd
    radiata.ok("metadata", "set", path, "note=später")
    with safe_open(path, "pt") as file:
        assert file.metadata()["note"] == "später"
        assert set(file.keys()) == set(tensors)
    for name, tensor in load_file(path).items():
        assert tensor.dtype == tensors[name].dtype and tensor.shape == tensors[name].shape


def test_headers_are_aligned_and_offsets_without_gaps(odd, tmp_path):
    """What the package's own Rust writer keeps, so that every reader maps the file."""
    path, _ = odd
    adapter = tmp_path / "adapter.safetensors"
    save_file({"größe.lora_B.weight": torch.randn(3, 2), "größe.lora_A.weight": torch.randn(2, 5)}, adapter)
    out = tmp_path / "out.safetensors"
    radiata.bake(path, adapter, out)
    data = out.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    header = json.loads(data[8 : 8 + length])
    spans = sorted(entry["data_offsets"] for name, entry in header.items() if name != "__metadata__")
    assert spans[0][0] == 0 and spans[-1][1] == len(data) - 8 - length
    assert all(one[1] == two[0] for one, two in zip(spans, spans[1:]))
