#!/usr/bin/env python3
"""A hook for `scim-conform run --hook`: acts in a product's database behind Okta's back.

    python3 sql.py product.db < operation.json

One operation of the admin contract (docs/admin-contract.md) comes as JSON on standard input; the answer is the only
thing on standard output. The statements are for the tables below: put those of your product in their place.

    users(id, user_name, given_name, family_name, email, title, active)
    groups(id, display_name)
    members(group_id, user_id)
"""

import json
import sqlite3
import sys
import uuid


class Refused(Exception):
    """An answer with `"ok": false`: a word for programs, a sentence for people."""

    def __init__(self, error, message):
        super().__init__(message)
        self.error = error


# SCIM attributes that have a column of their own; a path is joined by a dot.
USER_COLUMNS = {
    "userName": "user_name",
    "name.givenName": "given_name",
    "name.familyName": "family_name",
    "title": "title",
    "active": "active",
}
GROUP_COLUMNS = {"displayName": "display_name"}


def columns(attributes, known):
    """Column and value for every attribute that the product has; others are passed over."""
    found = {}
    for name, value in attributes.items():
        if isinstance(value, dict):
            found |= columns({f"{name}.{part}": inner for part, inner in value.items()}, known)
        elif name == "emails":
            found["email"] = value[0]["value"] if value else None
        elif name in known:
            found[known[name]] = value
    return found


def find(database, operation, table, name, column):
    """The id of the one that an operation is about: by `id`, else by its name."""
    by, value = ("id", operation["id"]) if operation.get("id") else (column, operation.get(name))
    row = database.execute(f"select id from {table} where {by} = ?", [value]).fetchone()
    if row is None:
        raise Refused("not-found", f"there is nothing with {by} {value!r} in {table}")
    return row[0]


def insert(database, table, values):
    identifier = str(uuid.uuid4())
    values = {"id": identifier, **values}
    marks = ", ".join("?" for _ in values)
    database.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", [*values.values()])
    return identifier


def update(database, table, identifier, values):
    if values:
        changes = ", ".join(f"{column} = ?" for column in values)
        database.execute(f"update {table} set {changes} where id = ?", [*values.values(), identifier])


def join(database, group, users):
    database.executemany("insert or ignore into members values (?, ?)", [(group, user) for user in users])


def perform(database, operation):
    """Carries out one operation; the id of what it was about."""
    match operation.get("operation"):
        case "create-user":
            return insert(database, "users", {"active": True} | columns(operation["user"], USER_COLUMNS))
        case "update-user":
            user = find(database, operation, "users", "userName", "user_name")
            update(database, "users", user, columns(operation["changes"], USER_COLUMNS))
            return user
        case "delete-user":
            user = find(database, operation, "users", "userName", "user_name")
            database.execute("delete from members where user_id = ?", [user])
            database.execute("delete from users where id = ?", [user])
            return user
        case "create-group":
            group = insert(database, "groups", columns(operation["group"], GROUP_COLUMNS))
            join(database, group, [member["value"] for member in operation["group"].get("members", [])])
            return group
        case "update-group":
            group = find(database, operation, "groups", "displayName", "display_name")
            update(database, "groups", group, columns(operation["changes"], GROUP_COLUMNS))
            return group
        case "add-members":
            group = find(database, operation, "groups", "displayName", "display_name")
            join(database, group, operation["members"])
            return group
        case "remove-members":
            group = find(database, operation, "groups", "displayName", "display_name")
            for user in operation["members"]:
                database.execute("delete from members where group_id = ? and user_id = ?", [group, user])
            return group
        case "delete-group":
            group = find(database, operation, "groups", "displayName", "display_name")
            database.execute("delete from members where group_id = ?", [group])
            database.execute("delete from groups where id = ?", [group])
            return group
        case other:
            raise Refused("unknown-operation", f"this product cannot do {other!r}")


def main():
    operation = json.load(sys.stdin)
    database = sqlite3.connect(sys.argv[1], timeout=30)
    try:
        with database:
            answer = {"ok": True, "id": perform(database, operation)}
    except Refused as refused:
        answer = {"ok": False, "error": refused.error, "message": str(refused)}
    except sqlite3.IntegrityError as error:
        answer = {"ok": False, "error": "conflict", "message": str(error)}
    finally:
        database.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
