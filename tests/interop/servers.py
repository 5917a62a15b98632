"""The third-party servers: how each is installed, started and stopped."""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from scim import Client

HERE = pathlib.Path(__file__).resolve().parent
INSTALL_SECONDS = 900
START_SECONDS = 60
STOP_SECONDS = 5


@dataclasses.dataclass(frozen=True)
class Server:
    """A server that runs unmodified, with versions pinned in its folder below servers/."""

    name: str
    base_path: str
    runtime: str
    #: What `scim-conform run` must exit with: 0 for the known-good one.
    exit_code: int
    #: A filter for the users that count: all, or those whom a DELETE has not only deactivated.
    living: str = ""

    @property
    def folder(self) -> pathlib.Path:
        return HERE / "servers" / self.name


SERVERS = (
    Server("scim2-server", "/v2", "python", exit_code=0),
    Server("scimmy", "/scim", "node", exit_code=1),
    Server("saml-jackson", "/scim/v2", "node", exit_code=1),
    Server("better-auth", "/api/auth/scim/v2", "node", exit_code=1),
    Server("django-scim2", "/scim/v2", "python", exit_code=1),
    Server(
        "django-scim2-server",
        "/scim/v2",
        "python",
        exit_code=1,
        # DELETE of a user deactivates.
        living="active eq true",
    ),
)


class ServerError(Exception):
    """A server that cannot be installed or does not start."""


@dataclasses.dataclass(frozen=True)
class Running:
    """A started server and the token that it wants."""

    url: str
    origin: str
    token: str

    @property
    def client(self) -> Client:
        return Client(self.url, self.token)


def install(server: Server, cache: pathlib.Path) -> None:
    """Installs the pinned versions below `cache`, unless they are there already."""
    home = cache / server.name
    if server.runtime == "python":
        install_python(home, server.folder / "requirements.txt")
    else:
        _install(home, server.folder / "package-lock.json", _install_node)


def install_python(home: pathlib.Path, pins: pathlib.Path) -> None:
    """Makes a virtual environment below `home` with these versions, unless it is there already."""
    _install(home, pins, _install_venv)


def python(home: pathlib.Path) -> pathlib.Path:
    """The interpreter of that virtual environment."""
    return home / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _install(home: pathlib.Path, pins: pathlib.Path, how: Callable[[pathlib.Path, pathlib.Path], None]) -> None:
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    stamp = home / "installed"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        how(home, pins)
        stamp.write_text(wanted)


def _install_venv(home: pathlib.Path, pins: pathlib.Path) -> None:
    _command([sys.executable, "-m", "venv", str(home / "venv")], home)
    pip = [str(python(home)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _command([*pip, "--requirement", str(pins)], home)


def _install_node(home: pathlib.Path, pins: pathlib.Path) -> None:
    for file in (pins.with_name("package.json"), pins):
        shutil.copy(file, home)
    # No package needs its install script here, so none gets to run.
    _command(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], home)


@contextlib.contextmanager
def running(server: Server, cache: pathlib.Path) -> Iterator[Running]:
    """Starts the server on a free loopback port, and stops it on every way out."""
    token = secrets.token_hex(24)
    log_path = cache / f"{server.name}.log"
    with open(log_path, "wb") as log:
        process, origin = _start(server, cache, token, log, log_path)
        try:
            yield Running(origin + server.base_path, origin, token)
        finally:
            _stop(process)


def _start(server: Server, cache: pathlib.Path, token: str, log, log_path) -> tuple[subprocess.Popen, str]:
    # The port is free when it is chosen, and may be taken by the time it is used.
    for _ in range(3):
        port = _free_port()
        process = subprocess.Popen(
            [*_program(server, cache / server.name), str(port)],
            env={**os.environ, "SCIM_TOKEN": token, "NODE_ENV": "production"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        origin = f"http://127.0.0.1:{port}"
        try:
            if _is_up(process, Client(origin + server.base_path, token)):
                return process, origin
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    tail = log_path.read_text(errors="replace")[-2000:]
    raise ServerError(f"{server.name} does not start. The end of {log_path}:\n{tail}")


def _program(server: Server, home: pathlib.Path) -> list[str]:
    if server.runtime == "python":
        return [str(python(home)), str(server.folder / "serve.py")]
    # Node looks for packages beside the file, so the file goes to where they are.
    shutil.copy(server.folder / "serve.js", home)
    return ["node", str(home / "serve.js")]


def _is_up(process: subprocess.Popen, client: Client) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if client.get("/Users").status == 200:
                # An answer counts only when it cannot have come from somebody else on this port.
                return process.poll() is None
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen) -> None:
    """Closes the pipe on which the server waits for its caller's end; then less kindly."""
    process.stdin.close()
    for then in (process.terminate, process.kill, lambda: None):
        try:
            process.wait(STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            then()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(arguments: list[str], folder: pathlib.Path) -> None:
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise ServerError(f"{arguments[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{' '.join(arguments)} takes more than {INSTALL_SECONDS} s") from error
    if done.returncode != 0:
        raise ServerError(f"{' '.join(arguments)} exits with {done.returncode}:\n{done.stdout.decode(errors='replace')}")
