"""Every pair of the table: what is possible gives the same weights in the program it is for, the rest is refused."""

import functools

import pytest
import torch
from samples import SAMPLES
from table import DIALECTS, rows

import hf_diffusers
import hf_peft
import lyco
import radiata
import samples
from trees import grow

ROWS = rows()
# Elsewhere: real pipelines have text encoders.
ELSEWHERE = {"text encoders beside the denoiser"}
PAIRS = [
    pytest.param(row, sample, dialect, id=f"{row}-{sample}-{dialect}".replace(" ", "-"))
    for row, samples in SAMPLES.items()
    for number, sample in enumerate(samples)
    for dialect in DIALECTS
    if number == 0 or ROWS[row][dialect] != "–"
]
# Possible in general, but not of this sample.
SHAPES = "PEFT builds the factors of LoKr from one decompose_factor"
REFUSED = {
    ("LoKr", "w2-lowrank", "peft"): SHAPES,
    ("LoKr", "whole", "peft"): SHAPES,
    ("LoKr", "unbalanced", "peft"): SHAPES,
}


def test_every_row_has_a_sample():
    assert set(ROWS) == set(SAMPLES) | ELSEWHERE
    assert {cell for row in ROWS.values() for cell in row.values()} == {"yes", "–", "linear layers"}


@pytest.mark.parametrize(("row", "name", "dialect"), PAIRS)
def test_pair(row, name, dialect, tmp_path, baked):
    sample = SAMPLES[row][name](tmp_path / "source")
    out = tmp_path / ("folder" if dialect == "peft" else "converted.safetensors")
    cell = ROWS[row][dialect]
    why = REFUSED.get((row, name, dialect))
    if cell == "–" or why or (cell == "linear layers" and name != "linear"):
        line = radiata.refused(sample.adapter, dialect, out, sample.base)
        assert f"cannot be written as {dialect}: " in line
        assert why is None or why in line
        return
    # ai-toolkit keeps no alpha: scales go into the factors, which float32 rounds.
    more = ["--dtype", "fp32"] if dialect == "aitoolkit" else []
    radiata.convert(sample.adapter, dialect, out, sample.base, *more)
    # LyCORIS itself reads no sparse remainder; the file still has it.
    drops = row == "sparse remainder" and dialect in ("kohya", "lycoris")
    want = baked(sample.base, sample.adapter, "lycoris" if drops else "exact")
    if drops:
        again = radiata.bake(sample.base, out, tmp_path / "again.safetensors")
        radiata.close(again, baked(sample.base, sample.adapter))
    radiata.close(read(dialect, sample, out, tmp_path), want, **tolerance(want))


@pytest.fixture(scope="session")
def baked(tmp_path_factory):
    """Radiata's own bake of an adapter before it is converted, once per adapter."""

    @functools.cache
    def of(base, adapter, runtime="exact"):
        return radiata.bake(base, adapter, tmp_path_factory.mktemp("want") / "want.safetensors", runtime)

    return of


def tolerance(want):
    half = any(tensor.dtype == torch.float16 for tensor in want.values())
    return {"rtol": 2**-8, "atol": 2**-8} if half else {}


def read(dialect, sample, out, tmp_path):
    """The weights under the converted file, in the program that the dialect is of."""
    tensors = sample.tensors()
    match dialect:
        case "kohya":
            return lyco.weights(out, grow(tensors), kohya=True)
        case "lycoris":
            return lyco.weights(out, grow(tensors))
        case "peft":
            return hf_peft.merged(grow(tensors), out)
        case "diffusers":
            return hf_diffusers.merged(tensors, out)
        case "kohya-diffusers" | "comfyui" | "aitoolkit":
            # Programs without a package: Radiata reads its own file. In test_pipelines diffusers reads LoRA under the
            # names of the first and the last.
            return radiata.bake(sample.base, out, tmp_path / "again.safetensors")


def test_grouped_convolutions_in_lycoris(tmp_path, baked):
    sample = samples.golden("grouped-conv")(tmp_path)
    out = radiata.convert(sample.adapter, "kohya", tmp_path / "kohya.safetensors", sample.base)
    groups = {"dw.conv": 12, "dw.conv3": 12, "g.conv": 3, "g.conv2": 3, "g.proj": 2}
    got = lyco.weights(out, grow(sample.tensors(), groups=groups), kohya=True)
    radiata.close(got, baked(sample.base, sample.adapter))


@pytest.mark.parametrize("dialect", ["peft", "diffusers"])
def test_modules_without_alpha(dialect, tmp_path, baked):
    """Their scale is 1; an alpha of 0 means the rank, as in LyCORIS."""
    sample = samples.without("alpha-missing-or-zero", "ff_net_2", "resnet_conv1", "to_v")(tmp_path / "source")
    out = radiata.convert(sample.adapter, dialect, tmp_path / "out", sample.base)
    radiata.close(read(dialect, sample, out, tmp_path), baked(sample.base, sample.adapter))
