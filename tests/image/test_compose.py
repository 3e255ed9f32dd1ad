"""compose.yaml as in the README: PostgreSQL, migration, service."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.image.containers import Container, attempt, docker, status, unique, wait_until
from tests.persons import Person
from tests.postgres import free_port
from tests.servers import ROOT

#: the events of a start, one after the other
ORDER = [
    ("db", "start"),
    ("db", "health_status: healthy"),
    ("migrate", "start"),
    ("migrate", "die"),
    ("gridt", "start"),
]


@dataclass
class Project:
    """The services of compose.yaml, with an `.env` of their own."""

    name: str
    folder: Path
    url: str

    def command(self, *arguments: str) -> list[str]:
        """Return the arguments of `docker …` for compose's command."""
        return ["compose", f"--project-name={self.name}", *arguments]

    def compose(self, *arguments: str) -> str:
        """Run `docker compose …` in that folder."""
        return docker(*self.command(*arguments), folder=self.folder)

    def up(self) -> None:
        """Start the services, and return when gridt is ready.

        Services that run already are not started.
        """
        try:
            self.compose("up", "--detach", "--no-build", "--quiet-pull")
            self.wait_until(200)
        except AssertionError as error:
            error.add_note(f"The containers printed:\n{self.compose('logs')}")
            raise

    def wait_until(self, ready: int) -> None:
        """Wait until the service answers /ready with a status."""
        wait_until(lambda: status(f"{self.url}/ready") == ready, f"/ready {ready}")

    def container(self, service: str) -> Container:
        return Container(self.compose("ps", "--all", "--quiet", service))

    def started(self, service: str) -> str:
        """Return when a service started last."""
        return str(self.container(service).state["StartedAt"])

    def events(self, since: datetime) -> list[tuple[str, str]]:
        """Return the events of ORDER with their services."""
        printed = docker(
            *("events", f"--since={since.timestamp()}", f"--until={datetime.now().timestamp()}"),
            f"--filter=label=com.docker.compose.project={self.name}",
            *("--filter=type=container", "--format={{json .}}"),
        )
        happened = [
            (event["Actor"]["Attributes"]["com.docker.compose.service"], event["Action"])
            for event in map(json.loads, printed.splitlines())
        ]
        return [one for one in happened if one in ORDER]


@pytest.fixture(scope="module")
def project(
    image: str, database_image: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """The services, before their first start.

    They are removed at the end, with their volumes.
    """
    if attempt("compose", "version").returncode:
        pytest.skip("this Docker has no `docker compose`")
    folder, port = tmp_path_factory.mktemp("compose"), free_port()
    shutil.copy(ROOT / "compose.yaml", folder)
    images = {"gridt": image, "migrate": image} | ({"db": database_image} if database_image else {})
    services = {service: {"image": name} for service, name in images.items()}
    (folder / "compose.override.yaml").write_text(json.dumps({"services": services}))
    settings = [
        (ROOT / ".env.example").read_text(),  # copied, as in the README
        f"GRIDT_SECRET_KEY={'k' * 32}",
        "GRIDT_DB_PASSWORD=wordOf16Letters9",
        f"GRIDT_PORT={port}",
        "GRIDT_MOVEMENTS_BY=admins",
    ]
    (folder / ".env").write_text("\n".join(settings))
    project = Project(unique("compose"), folder, f"http://127.0.0.1:{port}")
    try:
        yield project
    finally:
        project.compose("down", "--volumes", "--timeout=10")


@pytest.fixture(scope="module")
def events(project: Project) -> list[tuple[str, str]]:
    """The events of the first start of the services."""
    began = datetime.now()
    project.up()
    return project.events(began)


def test_it_serves_when_the_database_is_healthy_and_migrated(
    project: Project, events: list[tuple[str, str]]
) -> None:
    assert events == ORDER
    assert project.container("migrate").state["ExitCode"] == 0
    migrated = project.container("migrate").log
    assert migrated.count("Running upgrade") == len(list(ROOT.glob("migrations/versions/*.py")))


@pytest.mark.usefixtures("events")
def test_a_second_start_migrates_nothing_and_loses_nothing(project: Project) -> None:
    ann = Person(project.url, "ann")
    ann.register()
    ann.log_in()
    before = project.container("migrate").log
    started = {service: project.started(service) for service in ("db", "migrate", "gridt")}
    project.up()
    since = project.container("migrate").log.removeprefix(before)
    assert since
    assert "Running upgrade" not in since
    assert project.started("migrate") > started["migrate"]
    assert project.started("db") == started["db"]
    assert project.started("gridt") == started["gridt"]

    project.compose("down", "--timeout=10")
    project.up()
    assert "Running upgrade" not in project.container("migrate").log
    assert ann.call("GET", "/identity")["username"] == "ann"  # the token is still valid, too


@pytest.mark.usefixtures("events")
def test_it_is_not_ready_while_the_database_is_away(project: Project) -> None:
    started = project.started("gridt")
    project.compose("kill", "db")
    project.wait_until(503)
    assert status(f"{project.url}/health") == 200
    project.compose("start", "db")
    project.wait_until(200)
    assert project.started("gridt") == started


@pytest.mark.usefixtures("events")
def test_other_settings_of_the_env_file_apply(project: Project) -> None:
    ben = Person(project.url, "ben")
    ben.register()
    ben.log_in()
    ben.start("Flossing")
    assert ben.statuses == [201, 200, 403]
    mail = ("find", "/data/mail", "-name", "*.eml")
    wait_until(lambda: project.container("gridt").run(*mail), "a mail")


@pytest.mark.usefixtures("events")
def test_a_newer_database_is_left_alone_and_served(project: Project) -> None:
    psql = ("exec", "-T", "db", "psql", "--username=gridt", "--command")
    project.compose(*psql, "UPDATE alembic_version SET version_num = 'of 2031'")
    project.compose("stop", "gridt")
    refused = attempt(*project.command("up", "--detach", "--no-build"), folder=project.folder)
    assert refused.returncode != 0
    assert "The database is at revision of 2031" in project.container("migrate").log
    assert not project.container("gridt").state["Running"]

    project.compose("up", "--detach", "--no-build", "--no-deps", "gridt")
    project.wait_until(200)


@pytest.mark.parametrize("missing", ["GRIDT_SECRET_KEY", "GRIDT_DB_PASSWORD"])
def test_nothing_is_started_without_a_secret(
    project: Project, tmp_path: Path, missing: str
) -> None:
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    lines = (project.folder / ".env").read_text().splitlines()
    (tmp_path / ".env").write_text("\n".join(one for one in lines if not one.startswith(missing)))
    started = attempt("compose", "up", "--detach", "--no-build", folder=tmp_path)
    assert started.returncode != 0
    assert f"required variable {missing} is missing" in started.stdout
