"""What differs between two runs on an unchanged server, and why: nothing else may."""

import re

#: Differences from accepted snapshots that any server may have: how far it gets until Okta gives up, is chance.
ANYWHERE = re.compile(r"^robustness/okta-gives-up: ")

#: Differences from accepted snapshots, by server.
SNAPSHOTS = {
    # The text of an error holds the number of the resource, which is another one each time.
    "django-scim2": re.compile(r": /detail  "),
    "django-scim2-server": re.compile(r": /detail  "),
}


def is_surprising(server: str, snapshot: dict) -> bool:
    """Whether a snapshot differs in a way that chance does not explain."""
    known = [pattern for pattern in (ANYWHERE, SNAPSHOTS.get(server)) if pattern]
    differences = [f"{snapshot['scenario']}: {one}" for one in snapshot["differences"]]
    explained = [one for one in differences if any(pattern.search(one) for pattern in known)]
    return not differences or explained != differences
