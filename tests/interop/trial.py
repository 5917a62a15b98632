"""One server, looked at with scim-conform: empty at first, then with strangers in it."""

import dataclasses
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

import chance
import findings
import repeating
from scim import Client, by_id
from servers import HERE, Running, Server, install, running

RUN_SECONDS = 900
#: Fewer accepted snapshots than this mean that scenarios were left out.
LEAST_ACCEPTED = 150
#: Servers that are run again and in parts, which takes as long as four runs.
#: SCIMMY is not among them: a few of its scenarios pass in one whole run and fail in another.
REPEATED = ("scim2-server", "saml-jackson")
ADVICE = "if that is right, correct docs/interop.md, and accept it with tests/interop/run --update"


@dataclasses.dataclass
class Trial:
    """What came out: sentences about what is wrong, and how many findings there were."""

    server: Server
    problems: list[str] = dataclasses.field(default_factory=list)
    found: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Stranger:
    """A user that was there before, with a word in every attribute that stands nowhere else."""

    word: str
    path: str
    body: bytes


def try_server(server: Server, binary: pathlib.Path, cache: pathlib.Path, update: bool) -> Trial:
    """Installs and starts the server twice, and runs every scenario against it."""
    trial = Trial(server)
    install(server, cache)
    with running(server, cache) as target:
        trial.found = _run(trial, target, binary, cache, strangers=[])
        if server.name in REPEATED:
            report = json.loads((cache / "reports" / server.name / "empty" / "report.json").read_bytes())
            trial.problems += repeating.problems(target, binary, cache, report)
    file = HERE / "expected" / f"{server.name}.txt"
    if update:
        findings.accept(file, trial.found)
    trial.problems += _compare(findings.expected(file), trial.found, f"{file.name} expects other findings; {ADVICE}")
    with running(server, cache) as target:
        strangers = [_move_in(target.client, n) for n in (1, 2)]
        crowded = _run(trial, target, binary, cache, strangers)
        trial.problems += _repeats(server, target, binary, cache)
    trial.problems += _compare(trial.found, crowded, "with two users of others, the findings are not the same")
    return trial


def _repeats(server: Server, target: Running, binary: pathlib.Path, cache: pathlib.Path) -> list[str]:
    """Accepts the server's answers and runs twice more: nobody has changed it, so nothing differs."""
    problems = []
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        output = pathlib.Path(folder)
        snapshots = ["--snapshots", str(output / "snapshots")]
        _conform(server, target, binary, output, [*snapshots, "--update-snapshots"])
        accepted = sum(1 for _ in (output / "snapshots").rglob("*.snap"))
        if accepted < LEAST_ACCEPTED:
            problems.append(f"accepting: {accepted} snapshots were written")
        for occasion in ("first-repeat", "second-repeat"):
            exit_code = _conform(server, target, binary, output, snapshots)
            told = json.loads((output / "report.json").read_bytes())["snapshots"]
            differ = [one for one in told["differ"] if chance.is_surprising(server.name, one)]
            if differ or told["stale"]:
                _keep(output, cache / "reports" / server.name / occasion)
                problem = f"{occasion}: snapshots differ on an unchanged server"
                problems.append("\n".join([problem, *map(_line, differ), *told["stale"]]))
            if exit_code != server.exit_code:
                problems.append(f"{occasion}: exit code {exit_code}, expected {server.exit_code}")
    return problems


def _line(snapshot: dict) -> str:
    return f"{snapshot['scenario']} ({snapshot['app']}): {snapshot['why']} {snapshot['differences'][:2]}"


def _compare(wanted: list[str], found: list[str], problem: str) -> list[str]:
    lines = findings.difference(wanted, found)
    if not lines:
        return []
    return ["\n".join([f"{problem}\n(- lost, + new)", *lines])]


def _move_in(client: Client, number: int) -> Stranger:
    word = f"zq{secrets.token_hex(6)}"
    login = f"{word}.{number}@stranger.example"
    answer = client.post(
        "/Users",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": login,
            "externalId": f"external-{word}",
            "name": {"givenName": f"Given-{word}", "familyName": f"Family-{word}"},
            "displayName": f"Display-{word}",
            "nickName": f"Nick-{word}",
            "emails": [{"value": login, "type": "work", "primary": True}],
            "phoneNumbers": [{"value": f"tel-{word}", "type": "work"}],
            "active": True,
        },
    )
    if answer.status != 201:
        raise RuntimeError(f"a stranger cannot be created: {answer.status}")
    path = by_id("Users", answer.json()["id"])
    return Stranger(word, path, client.get(path).body)


def _run(trial: Trial, target: Running, binary: pathlib.Path, cache: pathlib.Path, strangers: list[Stranger]) -> list[str]:
    """Runs everything once; what is wrong goes to `trial`, what was found is returned."""
    server, client = trial.server, target.client
    occasion = "with strangers" if strangers else "empty"
    before = client.everything(server.living)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        output = pathlib.Path(folder)
        exit_code = _conform(server, target, binary, output)
        if not (output / "report.json").is_file():
            said = (output / "stderr.txt").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"scim-conform run writes no report and exits with {exit_code}:\n{said}")
        report = json.loads((output / "report.json").read_bytes())
        _keep(output, cache / "reports" / server.name / occasion.replace(" ", "-"))
        private = {
            "the token": [target.token],
            "a password": _passwords(server, target),
            "somebody else's data": [stranger.word for stranger in strangers],
        }
        wrong = [f"{what} stands in {file}" for what, words in private.items() for file in _files_with(output, words)]
    if exit_code != server.exit_code:
        wrong.append(f"exit code {exit_code}, expected {server.exit_code}")
    # Where DELETE only deactivates, the users stay, and the report says so.
    left = [one for one in report["left_behind"] if not (server.living and one["resource"] == "User")]
    if left:
        wrong.append(f"the report says that {len(left)} resources are left behind")
    after = client.everything(server.living)
    if after != before:
        wrong.append(f"the target held {_counts(before)} before, and {_counts(after)} afterwards")
    wrong += [f"{s.path} of somebody else has changed" for s in strangers if client.get(s.path).body != s.body]
    trial.problems += [f"{occasion}: {sentence}" for sentence in wrong]
    return findings.listed(report)


def _conform(
    server: Server, target: Running, binary: pathlib.Path, output: pathlib.Path, more: list[str] | None = None
) -> int:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SCIM_CONFORM_")}
    # What is accepted is accepted by hand, never in CI.
    inherited.pop("CI", None)
    with open(output / "stdout.txt", "wb") as out, open(output / "stderr.txt", "wb") as err:
        return subprocess.run(
            [
                *(str(binary), "run", "--yes", "--verbose", "--target", target.url),
                *("--report", f"json={output / 'report.json'}", "--report", f"junit={output / 'report.xml'}"),
                *(more or []),
            ],
            env={**inherited, "SCIM_CONFORM_TOKEN": target.token, "SCIM_CONFORM_STATE": str(output / "state")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=RUN_SECONDS,
            check=False,
        ).returncode


def _keep(output: pathlib.Path, place: pathlib.Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(output, place)


def _passwords(server: Server, target: Running) -> list[str]:
    """Those that reached the server; only the one that is known to hand passwords back keeps count of them."""
    if server.name != "saml-jackson":
        return []
    passwords = Client(target.origin, target.token).get("/passwords-received").json()
    if not passwords:
        raise RuntimeError("no password reached the server, so none could be looked for")
    return passwords


def _files_with(folder: pathlib.Path, words: list[str]) -> list[str]:
    """Those that hold one of the words: `grep` looks for thousands at once, in reports of many megabytes."""
    if not words:
        return []
    options = ["--recursive", "--files-with-matches", "--text", "--fixed-strings", "--file=-"]
    found = subprocess.run(
        ["grep", *options, "."],
        cwd=folder,
        input="\n".join(words).encode(),
        env={**os.environ, "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        check=False,
    )
    if found.returncode > 1:
        raise RuntimeError(f"grep ends with {found.returncode}")
    return sorted(line.removeprefix("./") for line in found.stdout.decode().splitlines())


def _counts(everything: dict[str, tuple[int, frozenset[str]]]) -> str:
    return " and ".join(f"{total} {kind}" for kind, (total, _) in everything.items())
