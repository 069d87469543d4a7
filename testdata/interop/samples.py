"""Adapter files for the rows of the table in docs/conventions.md, each with the base it is for."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from radiata import GOLDEN
from safetensors.torch import load_file, save_file


@dataclass(frozen=True)
class Sample:
    adapter: Path
    base: Path

    def tensors(self):
        return load_file(self.base)


def golden(name):
    return lambda folder: Sample(GOLDEN / name / "adapter.safetensors", GOLDEN / name / "base.safetensors")


def without(name, *parts, **settings):
    """A golden adapter without the tensors whose names have one of these parts, and with other settings."""

    def make(folder):
        source = GOLDEN / name
        tensors = load_file(source / "adapter.safetensors")
        for part in parts:
            gone = [key for key in tensors if part in key]
            assert gone, part
            for key in gone:
                del tensors[key]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "source.safetensors"
        save_file(tensors, path)
        config = source / "adapter_config.json"
        if config.exists():
            text = json.dumps(json.loads(config.read_text()) | settings)
            (folder / "adapter_config.json").write_text(text)
        return Sample(path, source / "base.safetensors")

    return make


# A row of the table may have several samples: every one has to behave as the row says.
SAMPLES = {
    "LoRA": {
        "linear-conv2d": golden("locon-linear-conv2d"),
        "conv1d-conv3d": golden("locon-conv1d-conv3d"),
    },
    "Tucker core of LoRA": {"conv2d": golden("locon-tucker")},
    "DoRA, output axis": {
        "linear": without("dora-locon-out", "proj_in", "resnet"),
        "conv2d": golden("dora-locon-out"),
    },
    "DoRA, input axis": {"conv2d": golden("dora-locon-in")},
    "DoRA on some layers only": {"conv2d": without("dora-locon-out", "resnet_conv1.dora_scale", "attn_to_q.dora_scale")},
    "LoHa": {"linear-conv2d": golden("loha"), "tucker": golden("loha-tucker")},
    "LoKr": {
        "w2-lowrank": golden("lokr-w2-lowrank"),
        "both-lowrank": golden("lokr-both-lowrank"),
        "w1-lowrank": golden("lokr-w1-lowrank-w2-full"),
        "whole": golden("lokr-full-full"),
        "whole-f16-alpha-inf": golden("lokr-full-full-f16-alpha-inf"),
        "tucker": golden("lokr-tucker"),
        "unbalanced": golden("lokr-unbalanced"),
    },
    "DoRA over LoHa or LoKr": {
        "loha-out": golden("dora-loha-out"),
        "loha-in": golden("dora-loha-in"),
        "lokr-out": golden("dora-lokr-out"),
        "lokr-in": golden("dora-lokr-in"),
    },
    "GLoRA": {"3.x": golden("glora")},
    "(IA)³": {"conv2d": golden("ia3")},
    "Full": {"weights": golden("full-diff"), "bias": golden("full-diff-bias")},
    "Norm": {"norms": without("norms", "attn_to_k")},
    "Diag-OFT": {"plain": golden("oft"), "constraint": golden("oft-constraint"), "rescale": golden("oft-rescale")},
    "BOFT": {"plain": golden("boft"), "rescale": golden("boft-rescale")},
    "T-LoRA": {"principal": golden("tlora")},
    "sparse remainder": {"extractor": golden("extractor-sparse-bias")},
    "bias beside LoRA": {
        "lora-bias": without("peft-modules-to-save-and-bias", "score", modules_to_save=None),
    },
    "module stored whole": {"score": without("peft-modules-to-save-and-bias", "lora_B.bias", lora_bias=False)},
    "several algorithms": {"lora-loha-lokr": golden("base-f16")},
}
