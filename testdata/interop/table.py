"""What docs/conventions.md says each dialect can hold."""

from radiata import ROOT

TITLE = "## What each dialect can hold"
DIALECTS = ("kohya", "kohya-diffusers", "lycoris", "comfyui", "diffusers", "peft", "aitoolkit")


def rows():
    """{row: {dialect: cell}}"""
    text = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    section = text.split(TITLE)[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    head, *body = cells
    assert tuple(head[1:]) == DIALECTS, head
    return {row[0]: dict(zip(DIALECTS, row[1:], strict=True)) for row in body}
