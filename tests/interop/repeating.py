"""Whether a server is judged alike each time: again, and in another order, with the same outcomes and findings."""

import json
import os
import pathlib
import random
import subprocess
import tempfile

import findings
from servers import Running

RUN_SECONDS = 900
# How often the whole catalogue is run again, each time in halves that are drawn anew.
TIMES = 2
SEED = 20


def problems(target: Running, binary: pathlib.Path, cache: pathlib.Path, report: dict) -> list[str]:
    """What differs from `report`, a whole run, when its scenarios are run again in parts and in another order."""
    draw = random.Random(SEED)
    ids = sorted({one["id"] for one in report["scenarios"]})
    wanted = _outcomes(report)
    found = []
    for _ in range(TIMES):
        draw.shuffle(ids)
        middle = len(ids) // 2
        again = [_run(target, binary, cache, part) for part in (ids[:middle], ids[middle:])]
        outcomes = {key: outcome for part in again for key, outcome in _outcomes(part).items()}
        differ = sorted(key for key in wanted if wanted[key] != outcomes.get(key))
        found += [f"{key} {outcomes.get(key)} in a part of the run, and {wanted[key]} in all of it" for key in differ]
    whole = [_run(target, binary, cache, []) for _ in range(TIMES)]
    for other in whole:
        lines = findings.difference(findings.listed(report), findings.listed(other))
        found += [f"not found in each of two whole runs: {line}" for line in lines]
        outcomes = _outcomes(other)
        differ = sorted(key for key in wanted | outcomes if wanted.get(key) != outcomes.get(key))
        found += [f"{key} {outcomes.get(key)} in another whole run, and {wanted.get(key)} before" for key in differ]
    return found


def _outcomes(report: dict) -> dict[str, str]:
    return {f"{one['id']} ({one['app'] or 'probe'})": one["outcome"] for one in report["scenarios"]}


def _run(target: Running, binary: pathlib.Path, cache: pathlib.Path, selection: list[str]) -> dict:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SCIM_CONFORM_")}
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        file = pathlib.Path(folder) / "report.json"
        subprocess.run(
            [str(binary), "run", *selection, "--yes", "--quiet", "--target", target.url, "--report", f"json={file}"],
            env={**inherited, "SCIM_CONFORM_TOKEN": target.token, "SCIM_CONFORM_STATE": str(pathlib.Path(folder) / "state")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
            check=False,
        )
        return json.loads(file.read_bytes())
