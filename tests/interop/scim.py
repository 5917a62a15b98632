"""As much of a SCIM client as it takes to look at a server from outside."""

import dataclasses
import json
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """Talks to one base URL with one token, and never through a proxy."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None)

    def post(self, path: str, resource: dict) -> Answer:
        return self._send("POST", path, json.dumps(resource).encode())

    def everything(self, living: str) -> dict[str, tuple[int, frozenset[str]]]:
        """For each type of resource: totalResults, and the ids on the first page. `living`: a filter for users, or none."""
        seen = {}
        for kind, condition in (("Users", living), ("Groups", "")):
            query = {"startIndex": 1, "count": 100} | ({"filter": condition} if condition else {})
            listed = self.get(f"/{kind}?{urllib.parse.urlencode(query)}").json()
            ids = frozenset(resource["id"] for resource in listed.get("Resources", []))
            seen[kind] = (listed["totalResults"], ids)
        return seen

    def _send(self, method: str, path: str, body: bytes | None) -> Answer:
        request = urllib.request.Request(self._url + path, data=body, headers=self._headers, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())


def by_id(kind: str, identifier: str) -> str:
    """The path of a resource; an id may hold any character."""
    return f"/{kind}/{urllib.parse.quote(identifier, safe='')}"
