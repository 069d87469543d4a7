"""Writes reference-outcomes.tsv: damaged files in hexadecimal, and what the reference makes of them.

    pip install safetensors==0.8.0 && python reference-outcomes.py > reference-outcomes.tsv

Left out are the files that Radiata refuses on purpose, or for another reason than the reference:
those with a number above 2^63-1, and those with two tensors of one name. Also left out are those
with two tensors on the same bytes: which of them the reference blames changes from run to run.
"""
import random
import re
import struct
from collections import Counter

from safetensors import SafetensorError, deserialize

OUTCOMES = {
    "header too small": "HEADER_TOO_SMALL",
    "header too large": "HEADER_TOO_LARGE",
    "invalid header length": "INVALID_HEADER_LENGTH",
    "invalid UTF-8 in header": "INVALID_HEADER",
    "invalid JSON in header": "INVALID_HEADER_DESERIALIZATION",
    "invalid offset for tensor": "INVALID_OFFSET",
    "overflow computing buffer size": "VALIDATION_OVERFLOW",
    "The slice is slicing for subbytes": "MISALIGNED_SLICE",
    "invalid shape, data type, or offset": "TENSOR_INVALID_INFO",
    "incomplete metadata": "METADATA_INCOMPLETE_BUFFER",
}
PIECES = ["{", "}", "[", "]", '"', ",", ":", "\\u0061", "null", "-1", "__metadata__", "dtype",
          '"F4"', "0,0", " ", "\0", "1e9", "\\ud800", "\\u0000", "1e999", "-0", "01", "1.0",
          "\u00e9", "F8_E4M3", '"x":1,', '"x":[{}],', "\\/", "0", "true", '"shape":[],']
NUMBERS = ["0", "1", "2", "3", "4", "8", "11", "12", "4611686018427387904",
           "9223372036854775807", "2305843009213693952"]


def entry(name, dtype, shape, begin, end):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


HEADERS = [
    '{"__metadata__":{"format":"pt","\u00e4":"\\n"},'
    + ",".join([entry("z", "I64", "[0,2]", 0, 0), entry("s", "F32", "[]", 0, 4),
                entry("b", "F16", "[2]", 4, 8), entry("a", "U8", "[3]", 8, 11)]) + "}",
    "{" + entry("a", "F4", "[2,2]", 0, 2) + "," + entry("b", "F6_E2M3", "[4,3]", 2, 11) + "}",
    '{"q":{"extra":[1,{"k":-2.5e3}],"shape":[11],"data_offsets":[0,11],"dtype":"I8"}}',
]


def damaged(rng):
    header = rng.choice(HEADERS)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(header))
        kind = rng.random()
        if kind < 0.4:
            header = header[:at] + rng.choice(PIECES) + header[at + rng.randrange(4):]
        elif kind < 0.8:
            numbers = list(re.finditer(r"\d+", header))
            if numbers:
                number = rng.choice(numbers)
                header = header[:number.start()] + rng.choice(NUMBERS) + header[number.end():]
        else:
            header = header[:at] + header[at + 1:]
    data = bytearray(header.encode())
    if rng.random() < 0.1:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    length = len(data)
    if rng.random() < 0.05:
        length += rng.choice([-1, 1, 100, -100000, 2**62])
    whole = struct.pack("<Q", length % 2**64) + bytes(data) + bytes(rng.choice([11] * 9 + [10]))
    return whole[: rng.randrange(9)] if rng.random() < 0.01 else whole


def outcome(data):
    try:
        deserialize(data)
        return "ok"
    except SafetensorError as error:
        return next(name for text, name in OUTCOMES.items() if text in str(error))


def left_out(data):
    text = data[8:].decode("utf-8", "replace").replace("\\u0061", "a")
    names = re.findall(r'"([^"]*)":\{"(?:dtype|extra)', text)
    places = re.findall(r'"data_offsets":(\[[^\]]*\])', text)
    if len(places) != len(set(places)):
        return True
    return any(int(n) >= 2**63 for n in re.findall(r"\d+", text)) or len(names) != len(set(names))


def main():
    rng = random.Random(20260101)
    written = Counter()
    for _ in range(30000):
        data = damaged(rng)
        result = outcome(data)
        if written[result] < 40 and not left_out(data):
            written[result] += 1
            print(data.hex(), result, sep="\t")


main()
