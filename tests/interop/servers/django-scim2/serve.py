"""Serves django-scim2 over SQLite, and ends when its standard input closes.

Usage: serve.py PORT, with the bearer token in SCIM_TOKEN.

Adapters, filters and views are those of the package, with no setting of its own changed. As its README says, the host brings
the tables (people/models.py) and the authentication (here, one bearer token).
"""

import os
import secrets
import shutil
import sys
import tempfile
import threading
import types

sys.dont_write_bytecode = True

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

PORT = int(sys.argv[1])
FOLDER = tempfile.mkdtemp(prefix="django-scim2-")


def end_with_the_caller() -> None:
    """Even a caller that is killed leaves no server behind: its end of the pipe closes with it."""
    sys.stdin.buffer.read()
    shutil.rmtree(FOLDER, ignore_errors=True)
    os._exit(0)


def bearer_token(get_response):
    """Middleware: whoever has the token is somebody; django-scim2 refuses the rest."""
    expected = f"Bearer {os.environ['SCIM_TOKEN']}".encode()

    def middleware(request):
        given = request.headers.get("Authorization", "").encode()
        request.user = types.SimpleNamespace(is_authenticated=secrets.compare_digest(given, expected))
        return get_response(request)

    return middleware


threading.Thread(target=end_with_the_caller, daemon=True).start()
settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", f"{__name__}.bearer_token"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "people"],
    AUTH_USER_MODEL="people.User",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    # As Django's documentation advises for tests: hundreds of users are created, each with a password.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(FOLDER, "people.sqlite"),
            # Without it, a list shows whoever is being created with the id "None": the package saves twice.
            "ATOMIC_REQUESTS": True,
            # A writer waits for the one before it, as with the database that the package is made for.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"},
        }
    },
    SCIM_SERVICE_PROVIDER={
        "SCHEME": "http",
        "NETLOC": f"127.0.0.1:{PORT}",
        "GROUP_MODEL": "people.models.Group",
        "AUTHENTICATION_SCHEMES": [
            {"type": "oauthbearertoken", "name": "Bearer token", "description": "The token that the caller chose"}
        ],
    },
)
django.setup()

# Only now can these be imported: they read the settings.
from django.core.wsgi import get_wsgi_application  # noqa: E402
import waitress  # noqa: E402

urlpatterns = [path("scim/v2/", include("django_scim.urls"))]

call_command("migrate", run_syncdb=True, verbosity=0)
waitress.serve(get_wsgi_application(), host="127.0.0.1", port=PORT, threads=8)
