"""Puts empty stand-ins where the CUDA libraries of a CUDA build of torch would be.

On a CPU torch only links against them and calls none, and they are 4 GB. What is really installed stays.

usage: cudastubs.py SITE_PACKAGES
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict

CUDA = re.compile(r"^lib(cu|nv|nccl)")
UNVERSIONED = re.compile(r"(cu|nccl|nvrtc|nvtx|nvsh)")
TEXT = re.compile(r"GetError(String|Name)$|GetStatus(String|Name)$|GetLastErrorString$")
FROM_THE_DRIVER = "libcuda.so.1"


def readelf(*arguments):
    return subprocess.run(["readelf", *arguments], check=True, capture_output=True, text=True).stdout


def needs(libraries):
    """The CUDA libraries that they link against, and the symbols they want: {(name, version, library)}."""
    needed, wanted, defined = set(), set(), set()
    for path in libraries:
        needed |= {name for name in re.findall(r"NEEDED.*\[(.*?)\]", readelf("-dW", path)) if CUDA.match(name)}
        library, owner = "", {}
        for found in re.finditer(r"File: (\S+)|Name: (\S+)", readelf("-VW", path)):
            if found[1]:
                library = found[1]
            else:
                owner[found[2]] = library
        for line in readelf("--dyn-syms", "-W", path).splitlines():
            fields = line.split()
            if len(fields) < 8 or not fields[0].endswith(":"):
                continue
            name, _, version = fields[7].partition("@")
            version = version.strip("@")
            if fields[6] != "UND":
                defined.add(name)
            elif fields[4] != "WEAK" or version:
                wanted.add((name, version, owner.get(version, "")))
    free = {name for name, _, library in wanted if not library and name not in defined and UNVERSIONED.match(name)}
    return needed, wanted, free


def function(name):
    """One that answers as a machine without a GPU: cudaErrorNoDevice is 100, and its text is asked for."""
    if TEXT.search(name):
        return f'const char *{name}(void) {{ return "no CUDA on this machine"; }}\n'
    return f"int {name}(void) {{ return 100; }}\n"


def make(path, versions):
    """A shared library with these symbols: {version: names}."""
    names = sorted(set().union(*versions.values())) if versions else []
    with tempfile.TemporaryDirectory() as folder:
        source, script = os.path.join(folder, "stub.c"), os.path.join(folder, "stub.map")
        with open(source, "w") as out:
            out.writelines(function(name) for name in names)
        with open(script, "w") as out:
            for version, symbols in versions.items():
                if version:
                    out.write(f"{version} {{ global: {' '.join(f'{s};' for s in sorted(symbols))} }};\n")
        options = [f"-Wl,--version-script={script}"] if any(versions) else []
        subprocess.run(
            ["gcc", "-w", "-shared", "-fPIC", "-fno-builtin", "-O1", source, "-o", path]
            + [f"-Wl,-soname,{os.path.basename(path)}", *options],
            check=True,
        )


def main(site):
    folder = os.path.join(site, "torch", "lib")
    own = sorted(glob.glob(folder + "/*.so*"))
    installed = glob.glob(site + "/nvidia/*/lib/*.so*") + glob.glob(site + "/cusparselt/lib/*.so*")
    needed, wanted, free = needs(own)
    have = {os.path.basename(path) for path in own + installed} | {FROM_THE_DRIVER}
    for first, library in enumerate(sorted(needed - have)):
        versions = defaultdict(set)
        for name, version, owner in wanted:
            if owner == library:
                versions[version].add(name)
        if first == 0:
            versions[""] |= free  # names without a version are found in any library that is loaded
        make(os.path.join(folder, library), dict(versions))


if __name__ == "__main__":
    main(sys.argv[1])
