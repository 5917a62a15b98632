"""Public test suites of others, run against `scim-conform serve`: nothing is left out, and all must be green."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator

import servers
from servers import HERE, ServerError

FOLDER = HERE / "suites"
OPENAPI = HERE.parent.parent / "docs" / "openapi.json"
START_SECONDS = 30
RUN_SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Running:
    """The reference server, started for one suite."""

    url: str
    token: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a suite says: how much it checked, and sentences about what is wrong."""

    checked: str
    problems: list[str]


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    #: Starts the suite in an empty folder; its verdict.
    run: Callable[[pathlib.Path, Running, pathlib.Path], Verdict]
    #: Users that are there before, by the id that the suite insists on.
    users: tuple[str, ...] = ()


def run_suite(suite: Suite, binary: pathlib.Path, cache: pathlib.Path) -> Verdict:
    """Installs all suites once, starts the server, and runs one of them."""
    tools = _install(cache)
    output = cache / "reports" / suite.name
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with _serving(binary, suite, output) as target:
        return suite.run(tools, target, output)


def _install(cache: pathlib.Path) -> pathlib.Path:
    """The folder of the suites' commands."""
    home = cache / "suites"
    servers.install_python(home, FOLDER / "requirements.txt")
    return servers.python(home).parent


@contextlib.contextmanager
def _serving(binary: pathlib.Path, suite: Suite, output: pathlib.Path) -> Iterator[Running]:
    token = secrets.token_hex(24)
    with tempfile.TemporaryDirectory() as folder, open(output / "server.txt", "wb") as log:
        port_file = pathlib.Path(folder) / "port"
        command = [str(binary), "serve", "--port", "0", "--port-file", str(port_file), "--log"]
        if suite.users:
            state = pathlib.Path(folder) / "state.json"
            state.write_text(json.dumps(_state(suite.users)))
            command += ["--state", str(state)]
        process = subprocess.Popen(
            command,
            env={**_environment(), "SCIM_CONFORM_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield Running(f"http://127.0.0.1:{_port(process, port_file)}/scim/v2", token)
        finally:
            process.terminate()
            try:
                process.wait(servers.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(process: subprocess.Popen, port_file: pathlib.Path) -> int:
    """What the server writes once it listens."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if port_file.is_file():
            return int(port_file.read_text())
        time.sleep(0.05)
    raise ServerError("scim-conform serve does not start")


def _state(users: tuple[str, ...]) -> dict:
    """The content of a state file with these users in it."""
    moment = "2026-01-01T00:00:00Z"
    kept = [
        {"id": user, "attributes": {"userName": user}, "created": moment, "modified": moment, "version": 1}
        for user in users
    ]
    return {"format": 1, "users": kept, "groups": []}


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SCIM_", "SCHEMATHESIS_"))}


def _run(command: list[str], environment: dict[str, str], output: pathlib.Path) -> tuple[int, str]:
    """The exit code and what was printed, which is also kept."""
    done = subprocess.run(
        command,
        cwd=output,
        env={**_environment(), "NO_COLOR": "1", "COLUMNS": "200", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=RUN_SECONDS,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    (output / "output.txt").write_text(text)
    return done.returncode, text


def _verdict(exit_code: int, text: str, checked: str, wrong: list[str]) -> Verdict:
    problems = list(wrong)
    if exit_code != 0:
        problems.append(f"it exits with {exit_code}; the end of its output:\n{text[-3000:]}")
    return Verdict(checked, problems)


def _scim2_tester(tools: pathlib.Path, target: Running, output: pathlib.Path) -> Verdict:
    exit_code, text = _run(
        [str(tools / "scim2"), "--url", target.url, "test", "--verbose"],
        {"SCIM_CLI_HEADERS": f"Authorization: Bearer {target.token}"},
        output,
    )
    outcomes = re.findall(r"^([A-Z]+) [a-z_]+$", text, re.MULTILINE)
    passed = outcomes.count("SUCCESS")
    wrong = [f"{outcomes.count(word)} checks end with {word}" for word in sorted(set(outcomes) - {"SUCCESS"})]
    if passed < 100:
        wrong.append(f"it makes only {passed} checks")
    return _verdict(exit_code, text, f"{passed} checks", wrong)


def _scim_sanity(tools: pathlib.Path, target: Running, output: pathlib.Path) -> Verdict:
    exit_code, text = _run(
        [str(tools / "scim-sanity"), "probe", target.url, "--strict", "--i-accept-side-effects", "--json-output"]
        + ["--token", target.token],
        {},
        output,
    )
    results = json.loads(text)["results"]
    passed = [result for result in results if result["status"] == "pass"]
    # Agents are an Internet-Draft, which the server does not announce: the suite passes them over by itself.
    others = [result for result in results if result["status"] not in ("pass", "skip") or _is_missed(result)]
    wrong = [f"{result['status']}: {result['name']}: {result.get('message', '')}" for result in others]
    if len(passed) < 25:
        wrong.append(f"only {len(passed)} checks pass")
    return _verdict(exit_code, text, f"{len(passed)} checks", wrong)


def _is_missed(result: dict) -> bool:
    return result["status"] == "skip" and not result["name"].startswith("Agent")


def _schemathesis(tools: pathlib.Path, target: Running, output: pathlib.Path) -> Verdict:
    exit_code, text = _run(
        [str(tools / "schemathesis"), "--config-file", str(FOLDER / "schemathesis.toml")]
        + ["run", str(OPENAPI), "--url", target.url],
        {"SCIM_CONFORM_TOKEN": target.token},
        output,
    )
    cases = re.search(r"([0-9]+) generated, ([0-9]+)", text)
    operations = re.search(r"Tested: ([0-9]+)", text)
    if not (cases and operations):
        return Verdict("nothing", [f"it says nothing that is understood:\n{text[-3000:]}"])
    return _verdict(exit_code, text, f"{cases[1]} requests to {operations[1]} operations", [])


SUITES = (
    Suite("scim2-tester", _scim2_tester),
    # It adds a member with this id to a group, and expects 200.
    Suite("scim-sanity", _scim_sanity, users=("fake-member-id",)),
    Suite("schemathesis", _schemathesis),
)
