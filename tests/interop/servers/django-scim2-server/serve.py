"""Serves django-scim2-server over SQLite, and ends when its standard input closes.

Usage: serve.py PORT, with the bearer token in SCIM_TOKEN.

Models, adapters, filters and views are those of the package, over Django's own users and groups. As its documentation says,
the host brings the authentication (here, one bearer token); nothing else is configured.
"""

import os
import secrets
import shutil
import sys
import tempfile
import threading

sys.dont_write_bytecode = True

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

FOLDER = tempfile.mkdtemp(prefix="django-scim2-server-")
EXPECTED = f"Bearer {os.environ['SCIM_TOKEN']}".encode()


def end_with_the_caller() -> None:
    """Even a caller that is killed leaves no server behind: its end of the pipe closes with it."""
    sys.stdin.buffer.read()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os._exit(0)


def has_the_token(request) -> bool:
    return secrets.compare_digest(request.headers.get("Authorization", "").encode(), EXPECTED)


threading.Thread(target=end_with_the_caller, daemon=True).start()
settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim2_server"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    # As Django's documentation advises for tests: hundreds of users are created, each with a password.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(FOLDER, "people.sqlite"),
            # Without it, a list is counted before, and read after, what another request does meanwhile.
            "ATOMIC_REQUESTS": True,
            # A writer waits for the one before it.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"},
        }
    },
    SCIM2_SERVER_AUTH_CHECK=f"{__name__}.has_the_token",
)
django.setup()

# Only now can these be imported: they read the settings.
from django.core.wsgi import get_wsgi_application  # noqa: E402
import waitress  # noqa: E402

urlpatterns = [path("scim/v2/", include("django_scim2_server.urls"))]

call_command("migrate", verbosity=0)
waitress.serve(get_wsgi_application(), host="127.0.0.1", port=int(sys.argv[1]), threads=8)
