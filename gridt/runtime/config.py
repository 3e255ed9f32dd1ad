"""Settings: read once from GRIDT_* variables, typed and checked."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, cast

from environs import EnvValidationError, FileAwareEnv
from flask import current_app
from flask.helpers import get_load_dotenv
from marshmallow.validate import OneOf, Range
from sqlalchemy.engine import URL

from gridt.runtime.setting_parsers import INSTANCE_FOLDER, PARSERS, loopback_url, stripped
from gridt.runtime.version import VERSION as VERSION  # other modules read it here

ROOT = Path(__file__).resolve().parents[2]

_FORMATS = OneOf(["json", "text"])
_STARTERS = OneOf(["everybody", "admins"])
_REGISTRATION = OneOf(["open", "invite", "closed"])
_WORKERS = OneOf(["patient", "gthread"])
#: variables of compose.yaml, gunicorn.conf.py and the tests with the same prefix
_OTHER_VARIABLES = {
    "GRIDT_DB_PASSWORD",
    "GRIDT_METRICS_PLACE",
    "GRIDT_PORT",
    "GRIDT_TEST_DATABASE_URL",
}


class ConfigurationError(Exception):
    """Some variables are missing or wrong; the text names each."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        lines = [f"  {name}: {' '.join(texts)}" for name, texts in sorted(problems.items())]
        super().__init__("\n".join(["The configuration is wrong:", *lines]))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The service's settings.

    Flask and its extensions know them by these names. Each is read from the variable that its
    comment names, or from the file that the same name with `_FILE` appended points to.
    """

    #: GRIDT_SECRET_KEY signs the tokens: at least 32 characters
    SECRET_KEY: str
    #: GRIDT_SECRET_KEY_FALLBACKS, separated by commas: earlier keys, whose tokens still hold
    SECRET_KEY_FALLBACKS: tuple[str, ...] = ()
    #: GRIDT_DATABASE_URL: SQLite, or PostgreSQL when that is outgrown
    SQLALCHEMY_DATABASE_URI: str = "sqlite:///gridt.sqlite"
    #: GRIDT_REPLICA_URL: a streaming replica of that PostgreSQL, for requests that only read
    REPLICA_URI: str | None = None
    #: GRIDT_REPLICA_LAG_SECONDS: how far behind the replica may be
    REPLICA_LAG: timedelta = timedelta(seconds=10)
    #: GRIDT_PREPARED_STATEMENTS: false where a pooler gives each transaction another connection
    PREPARED_STATEMENTS: bool = True
    #: GRIDT_UPGRADE_ON_START: gunicorn migrates the database before it serves
    UPGRADE_ON_START: bool = False
    #: GRIDT_BIND: where gunicorn listens
    BIND: str = "127.0.0.1:5000"
    #: GRIDT_WORKER: patient (threads get complete requests only) or gthread (gunicorn's own)
    WORKER: str = "patient"
    #: GRIDT_JOBS: embedded (each process of the server runs jobs as well) or off (others do)
    JOBS: str = "embedded"
    #: GRIDT_LOG_FORMAT: json or text; where left out, text on a terminal and json elsewhere
    LOG_FORMAT: str | None = None
    #: GRIDT_METRICS_TOKEN: the token for GET /metrics, which does not exist without one
    METRICS_TOKEN: str | None = None
    #: GRIDT_CORS_ORIGINS, separated by commas
    CORS_ORIGINS: tuple[str, ...] = ("*",)
    #: GRIDT_KNOWN_HOSTS, separated by commas: calls for other hosts are refused
    KNOWN_HOSTS: tuple[str, ...] = ()
    #: GRIDT_PROXY_HOPS: how many proxies stand before the service, and are believed
    PROXY_HOPS: int = 0
    #: GRIDT_LIMITS: false where something else limits how often people call
    LIMITS: bool = True
    #: GRIDT_LIMITER_URL: a Redis where all servers count the calls that have limits of their own
    LIMITER_URL: str | None = None
    #: GRIDT_PROCESSES: among how many the limits are divided that each counts in its own memory
    PROCESSES: int = 1
    #: GRIDT_LIMIT_DEFAULT: calls of one account, or without a token from one address
    LIMIT_DEFAULT: str = "1200/minute"
    #: GRIDT_LIMIT_FILES: static files, such as those of /docs, to one address
    LIMIT_FILES: str = "1200/minute"
    #: GRIDT_LIMIT_LOGIN: from one address, as the next three are
    LIMIT_LOGIN: str = "120/minute"
    #: GRIDT_LIMIT_REGISTER
    LIMIT_REGISTER: str = "120/hour"
    #: GRIDT_LIMIT_MAIL: requests that send an e-mail
    LIMIT_MAIL: str = "40/hour"
    #: GRIDT_LIMIT_REFRESH: wrong refresh tokens
    LIMIT_REFRESH: str = "60/minute"
    #: GRIDT_LIMIT_INVITATION: wrong codes of invitations
    LIMIT_INVITATION: str = "10/minute"
    #: GRIDT_QUOTA_MOVEMENTS: that one account started and that are still there; 0 is no limit
    QUOTA_MOVEMENTS: int = 100
    #: GRIDT_QUOTA_SUBSCRIPTIONS: movements that one account may have joined
    QUOTA_SUBSCRIPTIONS: int = 1000
    #: GRIDT_QUOTA_UPDATES_PER_TURN: of one member
    QUOTA_UPDATES_PER_TURN: int = 100
    #: GRIDT_QUOTA_UPDATES: of one account in all movements
    QUOTA_UPDATES: int = 200_000
    #: GRIDT_QUOTA_REPORTS: of one account, open
    QUOTA_REPORTS: int = 20
    #: GRIDT_QUOTA_SWAPS: of one member a day
    QUOTA_SWAPS: int = 30
    #: GRIDT_QUOTA_AT_ONCE: requests of one account that a process answers at the same time
    QUOTA_AT_ONCE: int = 8
    #: GRIDT_GRACE_SECONDS: for how long after its end a turn may still be said to have been done
    GRACE: timedelta = timedelta(hours=2)
    #: GRIDT_MOVEMENTS_BY: the users who may start movements, `everybody` or `admins`
    MOVEMENTS_BY: str = "everybody"
    #: GRIDT_REGISTRATION: all may register (open), those with an invitation (invite), none (closed)
    REGISTRATION: str = "open"
    #: GRIDT_GROUPS: whether operators may create organisations; those that exist work without it
    GROUPS: bool = False
    #: GRIDT_MAX_BODY_BYTES: a longer request body is refused
    MAX_CONTENT_LENGTH: int = 1024 * 1024
    #: GRIDT_ACCESS_TOKEN_SECONDS
    JWT_ACCESS_TOKEN_EXPIRES: timedelta = timedelta(hours=1)
    #: GRIDT_REFRESH_TOKEN_SECONDS: how long an unused session lasts
    JWT_REFRESH_TOKEN_EXPIRES: timedelta = timedelta(days=30)
    #: GRIDT_SMTP_URL: the mail server; without one, mails are written into MAIL_FOLDER
    SMTP_URL: str | None = None
    #: GRIDT_MAIL_FOLDER; a relative path starts at the instance folder
    MAIL_FOLDER: str = str(INSTANCE_FOLDER / "mail")
    #: GRIDT_MAIL_FROM: the sender of mails
    MAIL_FROM: str = "gridt <gridt@localhost>"
    #: GRIDT_APP: false where members use another app than the one at /app
    APP: bool = True
    #: GRIDT_CLIENT_URL: the client app, which links in mails lead to
    CLIENT_URL: str | None = None
    #: GRIDT_ARGON2_MEMORY_KIB
    ARGON2_MEMORY_KIB: int = 64 * 1024
    #: GRIDT_ARGON2_PASSES
    ARGON2_PASSES: int = 3
    #: GRIDT_ARGON2_LANES
    ARGON2_LANES: int = 4
    #: GRIDT_HASHING_SLOTS: how many passwords one process hashes at once; each keeps cores busy
    HASHING_SLOTS: int = 1
    #: GRIDT_HASHING_WAITING: how many more may wait for that in a process, each in a thread of it
    HASHING_WAITING: int = 7

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings from the environment, or else from `.env`.

        :raises ConfigurationError: with every variable that is missing or wrong
        """
        env = _Env(eager=False, prefix="GRIDT_", strip_whitespace=True)
        if get_load_dotenv():  # as the flask command does, unless FLASK_SKIP_DOTENV is set
            env.read_env(ROOT / ".env", recurse=False)
        for parser in PARSERS:
            env.add_parser(parser.__name__, parser)
        try:
            url: URL | None = env.database_url("DATABASE_URL", cls.SQLALCHEMY_DATABASE_URI)
            embedded = url is None or url.get_backend_name() == "sqlite"
            secret: str | None = env.secret_key("SECRET_KEY", None, url=url)
            values = _limits(env) | {
                "SMTP_URL": env.smtp_url("SMTP_URL", None),
                "MAIL_FOLDER": str(INSTANCE_FOLDER / env.str("MAIL_FOLDER", cls.MAIL_FOLDER)),
                "MAIL_FROM": env.mail_from("MAIL_FROM", cls.MAIL_FROM),
                **_client(env),
                "SECRET_KEY_FALLBACKS": env.earlier_keys("SECRET_KEY_FALLBACKS", None),
                "REPLICA_URI": env.replica_url("REPLICA_URL", None, url=url),
                "PREPARED_STATEMENTS": env.bool("PREPARED_STATEMENTS", cls.PREPARED_STATEMENTS),
                "BIND": env.bind("BIND", cls.BIND),
                "WORKER": env.str("WORKER", cls.WORKER, validate=_WORKERS),
                "JOBS": env.str("JOBS", cls.JOBS, validate=OneOf(["embedded", "off"])),
                "LOG_FORMAT": env.str("LOG_FORMAT", None, validate=_FORMATS),
                "METRICS_TOKEN": env.metrics_token("METRICS_TOKEN", None),
                "CORS_ORIGINS": env.origins("CORS_ORIGINS", ",".join(cls.CORS_ORIGINS)),
                "KNOWN_HOSTS": stripped(env.list("KNOWN_HOSTS", [])),
                "LIMITS": env.bool("LIMITS", cls.LIMITS),
                "LIMITER_URL": env.redis_url("LIMITER_URL", None),
                **_doors(env),
                "UPGRADE_ON_START": env.bool("UPGRADE_ON_START", embedded),
            }
            env.seal()
        except EnvValidationError as error:
            raise ConfigurationError(cast("dict[str, list[str]]", error.error_messages)) from None
        # neither is None here, or seal() had raised
        address = cast("URL", url).render_as_string(hide_password=False)
        return cls(SECRET_KEY=cast("str", secret), SQLALCHEMY_DATABASE_URI=address, **values)


class _Env(FileAwareEnv):
    """A reader that reports unreadable files with all other errors."""

    #: every variable that was asked for
    known: ClassVar[set[str]] = set()

    def _get_value(self, env_key: str, default: Any) -> Any:
        self.known.add(env_key)
        try:
            return super()._get_value(env_key, default)
        except (OSError, ValueError) as error:
            self._errors[f"{env_key}{self.file_suffix}"].append(str(error))
            return default


def unknown_variables() -> list[str]:
    """Return a sentence about each unknown GRIDT_* variable.

    Call `Settings.from_environment` before.
    """
    known = _Env.known | {f"{name}_FILE" for name in _Env.known} | _OTHER_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("GRIDT_") and name not in known)
    near = {name: get_close_matches(name, known, n=1, cutoff=0.7) for name in unknown}
    return [
        f"{name} is not a setting of gridt."
        + "".join(f" Did you mean {one}?" for one in near[name])
        for name in unknown
    ]


def _doors(env: FileAwareEnv) -> dict[str, Any]:
    """Read which people may register, start movements, or have groups."""
    registration, starters = Settings.REGISTRATION, Settings.MOVEMENTS_BY
    return {
        "REGISTRATION": env.str("REGISTRATION", registration, validate=_REGISTRATION),
        "MOVEMENTS_BY": env.str("MOVEMENTS_BY", starters, validate=_STARTERS),
        "GROUPS": env.bool("GROUPS", Settings.GROUPS),
    }


def _client(env: FileAwareEnv) -> dict[str, Any]:
    """Read which app the members use, and where it is.

    The address is never made from a request: a forged host would get the tokens in mails.
    """
    url: str | None = env.client_url("CLIENT_URL", None)
    app, bind = env.bool("APP", Settings.APP), env.bind("BIND", Settings.BIND)
    if url is None and app:
        own_address = loopback_url(bind or "")
        url = None if own_address is None else f"{own_address}/app"
    return {"APP": app, "CLIENT_URL": url}


def _limits(env: FileAwareEnv) -> dict[str, Any]:
    """Read the numbers; `Settings` has their defaults."""
    a_second, some = Range(min=timedelta(seconds=1)), Range(min=1)
    default = {field.name: field.default for field in fields(Settings)}
    read: dict[str, tuple[Callable[..., Any], str, Range]] = {
        "REPLICA_LAG": (env.timedelta, "REPLICA_LAG_SECONDS", a_second),
        "GRACE": (env.timedelta, "GRACE_SECONDS", Range(min=timedelta())),
        "MAX_CONTENT_LENGTH": (env.int, "MAX_BODY_BYTES", Range(min=1024)),
        "JWT_ACCESS_TOKEN_EXPIRES": (env.timedelta, "ACCESS_TOKEN_SECONDS", a_second),
        "JWT_REFRESH_TOKEN_EXPIRES": (env.timedelta, "REFRESH_TOKEN_SECONDS", a_second),
        "ARGON2_MEMORY_KIB": (env.int, "ARGON2_MEMORY_KIB", Range(min=64)),
        "ARGON2_PASSES": (env.int, "ARGON2_PASSES", some),
        "ARGON2_LANES": (env.int, "ARGON2_LANES", Range(min=1, max=8)),
        "HASHING_SLOTS": (env.int, "HASHING_SLOTS", some),
        "HASHING_WAITING": (env.int, "HASHING_WAITING", Range(min=0)),
        "PROXY_HOPS": (env.int, "PROXY_HOPS", Range(min=0)),
        "PROCESSES": (env.int, "PROCESSES", some),
    }
    read |= {name: (env.int, name, Range(min=0)) for name in default if name.startswith("QUOTA_")}
    rates = [name for name in default if name.startswith("LIMIT_")]
    return {name: env.rate(name, default[name]) for name in rates} | {
        name: parse(variable, default[name], validate=validate)
        for name, (parse, variable, validate) in read.items()
    }


def movement_starters() -> str:
    """Return which users may start movements; see `MOVEMENTS_BY`."""
    return str(current_app.config["MOVEMENTS_BY"])
