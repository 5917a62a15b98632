"""Serves scim2-server's in-memory test server, and ends when its standard input closes.

Usage: serve.py PORT, with the bearer token in SCIM_TOKEN.
"""

import os
import sys
import threading

from scim2_server.testserver.cli import main


def end_with_the_caller() -> None:
    """Even a caller that is killed leaves no server behind: its end of the pipe closes with it."""
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_the_caller, daemon=True).start()
sys.argv = ["scim2-server", "--hostname", "127.0.0.1", "--port", sys.argv[1], "--bearer-token", os.environ["SCIM_TOKEN"]]
sys.exit(main())
