"""The list of findings that a server is expected to show, and how it is compared."""

import difflib
import pathlib

LEVELS = ("error", "warning", "note")
# What hangs on how busy this machine is, and not on the server.
OF_THE_MACHINE = ("connection/slow", "state/lag")


def listed(report: dict) -> list[str]:
    """One line for each finding: `level check [facet] kind`, in an order that does not hang on the run."""
    told = [f for f in report["findings"] if f["check"] not in OF_THE_MACHINE]
    found = sorted(told, key=lambda f: (LEVELS.index(f["level"]), f["check"], f["facet"], f["kind"]))
    return [f"{f['level']} {f['check']} [{f['facet']}] {f['kind']}" for f in found]


def expected(file: pathlib.Path) -> list[str]:
    """The lines of the file, without comments; none when there is no file."""
    if not file.exists():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def accept(file: pathlib.Path, found: list[str]) -> None:
    """Writes the list, and keeps the comment at the top of the file."""
    old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    comment = [line for line in old if line.startswith("#")]
    file.write_text("\n".join([*comment, *found, ""]), encoding="utf-8")


def difference(wanted: list[str], found: list[str]) -> list[str]:
    """`- lost` and `+ new` lines; empty when there are none of either."""
    lines = difflib.unified_diff(wanted, found, "expected", "found", lineterm="", n=0)
    return [f"{line[0]} {line[1:]}" for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
