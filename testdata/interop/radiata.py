"""The built program, as a user starts it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "testdata" / "golden" / "bake"
REAL = ROOT / "testdata" / "real"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def refusal(self):
        """The one line of an input that is refused: exit code 1, nothing on stdout."""
        assert self.code == 1, self
        assert not self.out, self
        lines = self.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("radiata "), self
        return lines[0]


def run(*arguments):
    options = {"RADIATA_JAVA_OPTS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        [ROOT / "radiata", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | options,
        timeout=120,
    )
    assert "Exception" not in done.stderr and "\tat " not in done.stderr, done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def ok(*arguments):
    done = run(*arguments)
    assert done.code == 0, f"radiata {' '.join(map(str, arguments))}\n{done.err}"
    return done


def convert(adapter, to, out, base=None, *more):
    """Converts, and lets the safetensors package read what came out."""
    ok("convert", adapter, "--to", to, "-o", out, *(["--base", base] if base else []), *more, "-q")
    load_file(out / "adapter_model.safetensors" if to == "peft" else out)
    return out


def refused(adapter, to, out, base=None, *more):
    """The line with which a conversion is refused; nothing may be left of it."""
    done = run("convert", adapter, "--to", to, "-o", out, *(["--base", base] if base else []), *more, "-q")
    assert not out.exists(), f"{to}: {out} exists, {done}"
    return done.refusal()


def bake(base, adapter, out, runtime="exact", strength=1.0, *more):
    """The tensors of a bake; of a folder, those of all its files."""
    ok("bake", base, "-a", f"{adapter}:{strength}", "--runtime", runtime, "-o", out, *more, "-q")
    return tensors(out)


def tensors(path):
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def inspect(path):
    return json.loads(ok("inspect", path, "--json").out)


def close(got, want, rtol=2e-5, atol=2e-6):
    """Both hold the same names, and the same numbers to the tolerance of the goldens."""
    assert got.keys() == want.keys(), (sorted(got.keys() - want.keys()), sorted(want.keys() - got.keys()))
    for name, tensor in want.items():
        assert got[name].shape == tensor.shape, (name, got[name].shape, tensor.shape)
        a, b = got[name].to(torch.float64), tensor.to(torch.float64)
        off = (a - b).abs() - (atol + rtol * b.abs())
        assert off.numel() == 0 or off.max() <= 0, f"{name} is off by {(a - b).abs().max()} of {b.abs().max()}"


def changed(got, base, names):
    """These tensors, and no others, are not the base's."""
    differ = {name for name, tensor in got.items() if not torch.equal(tensor, base[name].to(tensor.dtype))}
    assert differ == set(names), (sorted(differ - set(names)), sorted(set(names) - differ))
