"""Settings from the environment: their defaults, and refused values."""

import os
import re
from dataclasses import asdict
from datetime import timedelta

import pytest

from gridt.runtime.config import ConfigurationError, Settings, unknown_variables
from gridt.runtime.setting_parsers import INSTANCE_FOLDER

SECRET = "a secret of more than 32 characters"
SERVER = "postgresql://gridt:secret@db.example/gridt"
REPLICA = "postgresql://gridt:secret@replica.example/gridt"


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An environment that sets nothing of gridt but a secret.

    It has no `.env`.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith("GRIDT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRIDT_SECRET_KEY", SECRET)
    monkeypatch.setattr("gridt.runtime.config.ROOT", tmp_path)
    yield
    os.environ.clear()  # the values that were read from .env as well
    os.environ.update(before)


@pytest.fixture
def configured(monkeypatch):
    """Read the settings with some variables set.

    A variable whose value is None is unset.
    """

    def read(**variables: str | None) -> Settings:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(f"GRIDT_{name}", raising=False)
            else:
                monkeypatch.setenv(f"GRIDT_{name}", value)
        return Settings.from_environment()

    return read


def test_defaults():
    assert asdict(Settings.from_environment()) == {
        "SECRET_KEY": SECRET,
        "SECRET_KEY_FALLBACKS": (),
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{INSTANCE_FOLDER / 'gridt.sqlite'}",
        "REPLICA_URI": None,
        "REPLICA_LAG": timedelta(seconds=10),
        "PREPARED_STATEMENTS": True,
        "UPGRADE_ON_START": True,
        "BIND": "127.0.0.1:5000",
        "WORKER": "patient",
        "JOBS": "embedded",
        "LOG_FORMAT": None,
        "METRICS_TOKEN": None,
        "CORS_ORIGINS": ("*",),
        "KNOWN_HOSTS": (),
        "PROXY_HOPS": 0,
        "LIMITS": True,
        "LIMITER_URL": None,
        "PROCESSES": 1,
        "LIMIT_DEFAULT": "1200/minute",
        "LIMIT_FILES": "1200/minute",
        "LIMIT_LOGIN": "120/minute",
        "LIMIT_REGISTER": "120/hour",
        "LIMIT_MAIL": "40/hour",
        "LIMIT_REFRESH": "60/minute",
        "LIMIT_INVITATION": "10/minute",
        "REGISTRATION": "open",
        "QUOTA_MOVEMENTS": 100,
        "QUOTA_SUBSCRIPTIONS": 1000,
        "QUOTA_UPDATES_PER_TURN": 100,
        "QUOTA_UPDATES": 200000,
        "QUOTA_REPORTS": 20,
        "QUOTA_SWAPS": 30,
        "QUOTA_AT_ONCE": 8,
        "MOVEMENTS_BY": "everybody",
        "GROUPS": False,
        "GRACE": timedelta(hours=2),
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(hours=1),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=30),
        "SMTP_URL": None,
        "MAIL_FOLDER": str(INSTANCE_FOLDER / "mail"),
        "MAIL_FROM": "gridt <gridt@localhost>",
        "APP": True,
        "CLIENT_URL": "http://127.0.0.1:5000/app",
        "ARGON2_MEMORY_KIB": 64 * 1024,
        "ARGON2_PASSES": 3,
        "ARGON2_LANES": 4,
        "HASHING_SLOTS": 1,
        "HASHING_WAITING": 7,
    }


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("SECRET_KEY", "k" * 32, "SECRET_KEY", "k" * 32),
        ("BIND", "0.0.0.0:80", "BIND", "0.0.0.0:80"),
        ("WORKER", "gthread", "WORKER", "gthread"),
        ("JOBS", "off", "JOBS", "off"),
        ("LOG_FORMAT", "json", "LOG_FORMAT", "json"),
        ("LOG_FORMAT", "text", "LOG_FORMAT", "text"),
        ("METRICS_TOKEN", "m" * 32, "METRICS_TOKEN", "m" * 32),
        ("METRICS_TOKEN", "", "METRICS_TOKEN", None),
        ("CORS_ORIGINS", "https://a.example", "CORS_ORIGINS", ("https://a.example",)),
        ("CORS_ORIGINS", "http://a, http://b ,", "CORS_ORIGINS", ("http://a", "http://b")),
        ("CORS_ORIGINS", "capacitor://localhost", "CORS_ORIGINS", ("capacitor://localhost",)),
        ("CORS_ORIGINS", "", "CORS_ORIGINS", ()),
        ("MOVEMENTS_BY", "admins", "MOVEMENTS_BY", "admins"),
        ("MAX_BODY_BYTES", "2048", "MAX_CONTENT_LENGTH", 2048),
        ("ACCESS_TOKEN_SECONDS", "60", "JWT_ACCESS_TOKEN_EXPIRES", timedelta(minutes=1)),
        ("REFRESH_TOKEN_SECONDS", "3600", "JWT_REFRESH_TOKEN_EXPIRES", timedelta(hours=1)),
        ("SMTP_URL", "smtp://localhost:2525", "SMTP_URL", "smtp://localhost:2525"),
        ("SMTP_URL", "", "SMTP_URL", None),
        ("SMTP_URL", "smtps://me:p%40s@a.example", "SMTP_URL", "smtps://me:p%40s@a.example"),
        ("MAIL_FOLDER", "/var/mails", "MAIL_FOLDER", "/var/mails"),
        ("MAIL_FOLDER", "mails", "MAIL_FOLDER", str(INSTANCE_FOLDER / "mails")),
        ("MAIL_FROM", "me@a.example", "MAIL_FROM", "me@a.example"),
        ("APP", "false", "APP", False),
        ("GROUPS", "true", "GROUPS", True),
        ("CLIENT_URL", "https://a.example/app", "CLIENT_URL", "https://a.example/app"),
        ("ARGON2_MEMORY_KIB", "64", "ARGON2_MEMORY_KIB", 64),
        ("ARGON2_PASSES", "1", "ARGON2_PASSES", 1),
        ("ARGON2_LANES", "8", "ARGON2_LANES", 8),
        ("HASHING_SLOTS", "5", "HASHING_SLOTS", 5),
        ("HASHING_WAITING", "0", "HASHING_WAITING", 0),
        ("SECRET_KEY_FALLBACKS", "", "SECRET_KEY_FALLBACKS", ()),
        (
            "SECRET_KEY_FALLBACKS",
            f"{'a' * 32}, {'b' * 40},",
            "SECRET_KEY_FALLBACKS",
            ("a" * 32, "b" * 40),
        ),
        ("UPGRADE_ON_START", "false", "UPGRADE_ON_START", False),
        ("GRACE_SECONDS", "0", "GRACE", timedelta()),
        ("REPLICA_LAG_SECONDS", "60", "REPLICA_LAG", timedelta(minutes=1)),
        ("PREPARED_STATEMENTS", "false", "PREPARED_STATEMENTS", False),
        ("KNOWN_HOSTS", "a.example, .b.example", "KNOWN_HOSTS", ("a.example", ".b.example")),
        ("PROXY_HOPS", "2", "PROXY_HOPS", 2),
        ("LIMITS", "false", "LIMITS", False),
        ("LIMITER_URL", "rediss://cache.example/1", "LIMITER_URL", "rediss://cache.example/1"),
        ("PROCESSES", "8", "PROCESSES", 8),
        ("LIMIT_DEFAULT", "10/second", "LIMIT_DEFAULT", "10/second"),
        ("LIMIT_FILES", "9/second", "LIMIT_FILES", "9/second"),
        ("LIMIT_LOGIN", "1 per 2 minute", "LIMIT_LOGIN", "1 per 2 minute"),
        ("LIMIT_REGISTER", "3/day", "LIMIT_REGISTER", "3/day"),
        ("LIMIT_MAIL", "5/hour", "LIMIT_MAIL", "5/hour"),
        ("LIMIT_REFRESH", "7/minute", "LIMIT_REFRESH", "7/minute"),
        ("LIMIT_INVITATION", "3/minute", "LIMIT_INVITATION", "3/minute"),
        ("REGISTRATION", "invite", "REGISTRATION", "invite"),
        ("REGISTRATION", "closed", "REGISTRATION", "closed"),
        ("QUOTA_MOVEMENTS", "0", "QUOTA_MOVEMENTS", 0),
        ("QUOTA_SUBSCRIPTIONS", "1", "QUOTA_SUBSCRIPTIONS", 1),
        ("QUOTA_UPDATES_PER_TURN", "2", "QUOTA_UPDATES_PER_TURN", 2),
        ("QUOTA_UPDATES", "3", "QUOTA_UPDATES", 3),
        ("QUOTA_REPORTS", "4", "QUOTA_REPORTS", 4),
        ("QUOTA_SWAPS", "5", "QUOTA_SWAPS", 5),
        ("QUOTA_AT_ONCE", "6", "QUOTA_AT_ONCE", 6),
    ],
)
def test_each_variable_is_read(configured, variable, text, name, value):
    assert getattr(configured(**{variable: text}), name) == value


# -- refusals -------------------------------------------------------------------------------

BAD = {
    "SECRET_KEY": "shorter than 32 characters",
    "DATABASE_URL": "mysql://root@localhost/gridt",
    "WORKER": "gevent",
    "JOBS": "sometimes",
    "LOG_FORMAT": "xml",
    "METRICS_TOKEN": "shorter than 32 characters",
    "MOVEMENTS_BY": "nobody",
    "MAX_BODY_BYTES": "1023",
    "ACCESS_TOKEN_SECONDS": "0",
    "REFRESH_TOKEN_SECONDS": "soon",
    "SMTP_URL": "mail.example.org:25",
    "MAIL_FROM": "gridt",
    "CLIENT_URL": "app.example.org",
    "ARGON2_MEMORY_KIB": "63",
    "ARGON2_PASSES": "0",
    "ARGON2_LANES": "9",
    "HASHING_SLOTS": "-1",
    "HASHING_WAITING": "-1",
    "SECRET_KEY_FALLBACKS": f"{'long enough' * 4},hush",
    "UPGRADE_ON_START": "perhaps",
    "REPLICA_URL": "mysql://root@localhost/gridt",
    "REPLICA_LAG_SECONDS": "0",
    "GRACE_SECONDS": "-1",
    "PREPARED_STATEMENTS": "some",
    "PROXY_HOPS": "-1",
    "LIMITS": "few",
    "LIMITER_URL": "memcached://localhost",
    "PROCESSES": "0",
    "LIMIT_DEFAULT": "many",
    "LIMIT_FILES": "9",
    "LIMIT_LOGIN": "0/fortnight",
    "LIMIT_REGISTER": "/hour",
    "LIMIT_MAIL": "five an hour",
    "LIMIT_REFRESH": "60",
    "LIMIT_INVITATION": "many",
    "REGISTRATION": "invited",
    "QUOTA_MOVEMENTS": "-1",
    "QUOTA_SUBSCRIPTIONS": "-1",
    "QUOTA_UPDATES_PER_TURN": "-1",
    "QUOTA_UPDATES": "-1",
    "QUOTA_REPORTS": "-1",
    "QUOTA_SWAPS": "-1",
    "QUOTA_AT_ONCE": "-1",
}


@pytest.mark.parametrize(("variable", "text"), BAD.items())
def test_a_bad_variable_is_named(configured, variable, text):
    with pytest.raises(ConfigurationError) as caught:
        configured(**{variable: text})
    assert re.findall(r"GRIDT_[A-Z0-9_]+", str(caught.value)) == [f"GRIDT_{variable}"]


def test_all_bad_variables_are_named_together(configured):
    with pytest.raises(ConfigurationError) as caught:
        configured(**BAD)
    named = re.findall(r"GRIDT_[A-Z0-9_]+", str(caught.value))
    assert named == sorted(f"GRIDT_{variable}" for variable in BAD)


def test_a_refused_secret_or_password_is_not_told(configured):
    with pytest.raises(ConfigurationError) as caught:
        configured(
            SECRET_KEY="hush",
            METRICS_TOKEN="hush",
            SECRET_KEY_FALLBACKS="hush",
            DATABASE_URL="mysql://root:hush@localhost/gridt",
            REPLICA_URL="mysql://root:hush@localhost/gridt",
            SMTP_URL="smtp://gridt:hush@mail.example.org",
        )
    assert "hush" not in str(caught.value)


# -- from files -----------------------------------------------------------------------------


def test_values_may_stand_in_files(configured, tmp_path):
    (tmp_path / "key").write_text("k" * 40 + "\n")
    (tmp_path / "earlier").write_text("e" * 40 + "\n")
    (tmp_path / "url").write_text(f"{SERVER}\n")
    (tmp_path / "replica").write_text(f"{REPLICA}\n")

    settings = configured(
        SECRET_KEY=None,
        SECRET_KEY_FILE=str(tmp_path / "key"),
        SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "earlier"),
        DATABASE_URL_FILE=str(tmp_path / "url"),
        REPLICA_URL_FILE=str(tmp_path / "replica"),
    )

    assert settings.SECRET_KEY == "k" * 40
    assert settings.SECRET_KEY_FALLBACKS == ("e" * 40,)
    assert settings.SQLALCHEMY_DATABASE_URI == SERVER.replace("sql:", "sql+psycopg:")
    assert settings.REPLICA_URI == REPLICA.replace("sql:", "sql+psycopg:")


def test_a_bad_value_in_a_file_is_named(configured, tmp_path):
    (tmp_path / "key").write_text("too short")
    with pytest.raises(ConfigurationError, match="GRIDT_SECRET_KEY"):
        configured(SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "key"))


def test_a_file_that_is_missing_is_named_with_all_else(configured, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        configured(
            DATABASE_URL="sqlite://",  # beside a database file, a secret would be stored
            SECRET_KEY=None,
            SECRET_KEY_FILE=str(tmp_path / "none"),
            HASHING_SLOTS="0",
        )
    assert "GRIDT_SECRET_KEY" in str(caught.value)
    assert "GRIDT_HASHING_SLOTS" in str(caught.value)


def test_dot_env_may_set_other_variables(configured, tmp_path):
    (tmp_path / ".env").write_text("GRIDT_BIND=0.0.0.0:80\nGRIDT_HASHING_SLOTS=7\n")
    settings = configured(HASHING_SLOTS="3")
    assert (settings.BIND, settings.HASHING_SLOTS) == ("0.0.0.0:80", 3)


def test_a_bad_value_in_dot_env_is_named(configured, tmp_path):
    (tmp_path / ".env").write_text("GRIDT_HASHING_SLOTS=many\n")
    with pytest.raises(ConfigurationError, match="GRIDT_HASHING_SLOTS"):
        configured()


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:80", ":5000", "[::1]:5000", "localhost:0", "unix:/run/gridt.sock", "fd://3"]
)
def test_an_address_to_listen_on_is_taken(configured, bind):
    assert configured(BIND=bind).BIND == bind
    assert configured(BIND=f"{bind},127.0.0.1:1").BIND == f"{bind},127.0.0.1:1"


@pytest.mark.parametrize("bind", ["x", "", "5000", "::1:5000", "a b:5000", "host:65536", "h:5000,"])
def test_other_addresses_are_refused(configured, bind):
    with pytest.raises(ConfigurationError, match=r"GRIDT_BIND: Must be like 127\.0\.0\.1:5000"):
        configured(BIND=bind)


@pytest.mark.parametrize(
    "origin", ["foo", "a.example", "https://", "https://a.example/", "https://a.example/app", "**"]
)
def test_what_is_no_origin_is_refused(configured, origin):
    message = f"GRIDT_CORS_ORIGINS: Must be .*, not {re.escape(origin)}\\."
    with pytest.raises(ConfigurationError, match=message):
        configured(CORS_ORIGINS=f"https://b.example,{origin}")


def test_a_variable_that_is_no_setting_is_named(configured, monkeypatch):
    configured(MOVEMENT_BY="admins", MOVEMENTS_BY="admins", DB_PASSWORD="x", METRICS_PLACE="x")
    monkeypatch.setenv("GRIDT_METRICS_TOKEN_FILE", "x")
    monkeypatch.setenv("GRIDT_XYZZY", "x")
    assert unknown_variables() == [
        "GRIDT_MOVEMENT_BY is not a setting of gridt. Did you mean GRIDT_MOVEMENTS_BY?",
        "GRIDT_XYZZY is not a setting of gridt.",
    ]


# -- the database ---------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_server_address_may_be_spelled_as_providers_do(configured, scheme):
    settings = configured(
        DATABASE_URL=f"{scheme}://gridt:p%40ss@db.example:5433/gridt?sslmode=require"
    )
    assert settings.SQLALCHEMY_DATABASE_URI == (
        "postgresql+psycopg://gridt:p%40ss@db.example:5433/gridt?sslmode=require"
    )
    assert settings.UPGRADE_ON_START is False


@pytest.mark.parametrize(
    "url",
    ["mysql://root@localhost/gridt", "oracle://db/x", "gridt.sqlite", "http://db.example/", "://"],
)
def test_other_databases_are_refused(configured, url):
    with pytest.raises(ConfigurationError, match="GRIDT_DATABASE_URL"):
        configured(DATABASE_URL=url)


@pytest.mark.parametrize("path", ["mine.sqlite", "sub/mine.sqlite"])
def test_a_relative_path_starts_at_the_instance_folder(configured, monkeypatch, tmp_path, path):
    monkeypatch.chdir(tmp_path)
    settings = configured(DATABASE_URL=f"sqlite:///{path}")
    assert settings.SQLALCHEMY_DATABASE_URI == f"sqlite:///{INSTANCE_FOLDER / path}"


def test_an_absolute_path_stays(configured, tmp_path):
    url = f"sqlite:///{tmp_path / 'gridt.sqlite'}"
    assert configured(DATABASE_URL=url).SQLALCHEMY_DATABASE_URI == url


@pytest.mark.parametrize(
    ("url", "replica"), [(SERVER, "sqlite:///replica.sqlite"), ("sqlite:///gridt.sqlite", REPLICA)]
)
def test_only_a_server_has_a_replica_and_only_a_server_is_one(configured, url, replica):
    with pytest.raises(ConfigurationError, match="GRIDT_REPLICA_URL"):
        configured(DATABASE_URL=url, REPLICA_URL=replica)


# -- mail -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://:25",
        "smtp://mail.example.org:port",
        "smtp://mail.example.org:0",
        "smtp://mail.example.org/path",
        "http://mail.example.org",
        "smtp://gridt:secret@mail.example.org",
        "smtp://[::1",
        "smtps://gridt:p%C3%A4ss@mail.example.org",
    ],
)
def test_a_mail_server_that_cannot_be_or_would_see_the_password_in_clear_is_refused(
    configured, url
):
    with pytest.raises(ConfigurationError, match="GRIDT_SMTP_URL"):
        configured(SMTP_URL=url)


@pytest.mark.parametrize("sender", ["a@x.example, b@x.example", "@", "gridt <>", "ü@x.example"])
def test_mails_are_from_one_address(configured, sender):
    with pytest.raises(ConfigurationError, match="GRIDT_MAIL_FROM"):
        configured(MAIL_FROM=sender)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"BIND": "127.0.0.1:8000"}, "http://127.0.0.1:8000/app"),
        ({"BIND": "localhost:80"}, "http://localhost:80/app"),
        ({"BIND": "[::1]:5000"}, "http://[::1]:5000/app"),
        ({"BIND": "127.3.0.1:5000"}, "http://127.3.0.1:5000/app"),
        ({"BIND": "0.0.0.0:5000"}, None),
        ({"BIND": "[::]:5000"}, None),
        ({"BIND": "192.168.1.7:5000"}, None),
        ({"BIND": "localhost.example.org:5000"}, None),
        ({"BIND": "unix:/run/gridt.sock"}, None),
        ({"BIND": "127.0.0.1:5000,0.0.0.0:5001"}, None),
        ({"APP": "false"}, None),
        ({"APP": "false", "CLIENT_URL": "https://a.example"}, "https://a.example"),
        ({"BIND": "0.0.0.0:80", "CLIENT_URL": "https://a.example/app"}, "https://a.example/app"),
        ({"CLIENT_URL": ""}, "http://127.0.0.1:5000/app"),
    ],
)
def test_links_lead_to_the_own_app_only_where_its_address_is_certain(configured, variables, url):
    assert configured(**variables).CLIENT_URL == url


@pytest.mark.parametrize(
    "url", ["javascript://x/%0aalert(1)", "https://", "https://a.example/#x", "https://[a"]
)
def test_links_lead_to_web_pages_only(configured, url):
    with pytest.raises(ConfigurationError, match="GRIDT_CLIENT_URL"):
        configured(CLIENT_URL=url)


# -- the secret -----------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_a_server_database_needs_a_secret(configured, secret):
    with pytest.raises(ConfigurationError, match="GRIDT_SECRET_KEY"):
        configured(DATABASE_URL=SERVER, SECRET_KEY=secret)


def test_the_embedded_database_keeps_a_secret_beside_it(configured, tmp_path):
    url = f"sqlite:///{tmp_path / 'data' / 'gridt.sqlite'}"

    first = configured(DATABASE_URL=url, SECRET_KEY=None)
    second = configured(DATABASE_URL=url, SECRET_KEY=None)

    (kept,) = (tmp_path / "data").iterdir()
    assert first.SECRET_KEY == second.SECRET_KEY == kept.read_text()
    assert len(first.SECRET_KEY) >= 32
    assert kept.stat().st_mode & 0o777 == 0o600


def test_two_databases_have_two_secrets(configured, tmp_path):
    secrets = {
        configured(DATABASE_URL=f"sqlite:///{tmp_path / name}", SECRET_KEY=None).SECRET_KEY
        for name in ("a.sqlite", "b.sqlite")
    }
    assert len(secrets) == 2


def test_a_database_in_memory_keeps_nothing(configured, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = configured(DATABASE_URL="sqlite://", SECRET_KEY=None)
    assert len(settings.SECRET_KEY) >= 32
    assert list(tmp_path.iterdir()) == []


def test_a_kept_secret_that_was_cut_off_is_refused(configured, tmp_path):
    (tmp_path / "gridt.secret").write_text("")
    with pytest.raises(ConfigurationError, match="GRIDT_SECRET_KEY"):
        configured(DATABASE_URL=f"sqlite:///{tmp_path / 'gridt.sqlite'}", SECRET_KEY=None)


def test_a_folder_that_cannot_be_is_a_wrong_configuration(configured, tmp_path):
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'gridt.sqlite'}"
    with pytest.raises(ConfigurationError, match=r"GRIDT_(DATABASE_URL|SECRET_KEY)"):
        configured(DATABASE_URL=url, SECRET_KEY=None)
