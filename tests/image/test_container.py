"""A container of the image, on SQLite, and its failures."""

import subprocess
import time
from pathlib import Path
from urllib.request import Request, urlopen

from tests.image.containers import (
    HARDENED,
    Container,
    attempt,
    docker,
    serving,
    status,
    volume,
    wait_until,
)
from tests.mailbox import kept, token_of
from tests.persons import Person
from tests.servers import PATIENCE
from tests.test_service_end_to_end import HTTPAnswer, begin_to_register


def somebody(container: Container, name: str) -> Person:
    """Return a person with an account, logged in."""
    person = Person(container.url, name)
    person.register()
    person.log_in()
    return person


def test_on_an_empty_volume_it_serves_and_remembers(image: str) -> None:
    began = time.monotonic()
    with volume() as data:
        with serving(image, f"--volume={data}:/data") as container:
            print(f"\nready after {time.monotonic() - began:.1f} s")
            ann, ben = somebody(container, "ann"), somebody(container, "ben")
            ann.start("Flossing")
            assert ben.call("PUT", "/movements/Flossing/subscriber")["member_count"] == 2
            ben.call("POST", "/movements/Flossing/updates", {"message": "did it"})
            ann.url = ben.url = docker_restarted(container)
            assert told_to(ann) == "did it"  # the token is still valid, too
            container.stop()
        with serving(image, f"--volume={data}:/data") as container:
            ann.url = container.url
            assert told_to(ann) == "did it"
            container.run("flask", "gridt", "check-network")
            container.stop()


def docker_restarted(container: Container) -> str:
    """Restart a container, and return its new address."""
    docker("restart", container.name)
    container.wait_until_ready()
    return container.url


def told_to(person: Person) -> str:
    """Return the last message of a member's only leader."""
    (leader,) = person.call("GET", "/movements/Flossing")["leaders"]
    view = person.call("GET", f"/movements/Flossing/leader/{leader['id']}")
    return str(view["message_history"][0]["message"])


def test_the_engine_finds_it_healthy(image: str) -> None:
    with serving(image) as container:
        began = time.monotonic()
        wait_until(lambda: container.state["Health"]["Status"] != "starting", "a first check")
        assert container.state["Health"]["Status"] == "healthy", container.state["Health"]
        print(f"\nhealthy {time.monotonic() - began:.1f} s after it was ready")


def test_mails_are_sent_by_a_job_in_it(image: str, tmp_path: Path) -> None:
    with serving(image) as container:
        ann = somebody(container, "ann")
        wait_until(lambda: "eml" in container.run("find", "/data"), "a mail")
        (mail,) = kept(container.copy("/data/mail", tmp_path))
        ann.call("POST", "/user/confirm_email/confirm", {"token": token_of(mail)})
        assert ann.call("GET", "/identity")["email_confirmed"] is True
        assert container.run("stat", "-c", "%a", "/data/gridt.secret", "/data/mail") == "600\n700"


def test_all_processes_count_into_its_metrics(image: str) -> None:
    token = "t" * 32
    with serving(image, "--env=WEB_CONCURRENCY=2", METRICS_TOKEN=token) as container:
        headers = {"Authorization": f"Bearer {token}"}
        request = Request(f"{container.url}/metrics", headers=headers)
        with urlopen(request, timeout=PATIENCE) as answer:
            assert b'gridt_requests_total{method="GET",route="/ready"' in answer.read()


def test_sqlite_can_sort_more_than_fits_into_memory(image: str) -> None:
    with serving(image) as container:
        numbers = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n LIMIT 1000000)"
        last = container.ask(
            f"{numbers} SELECT x FROM n ORDER BY hex(x) DESC LIMIT 1 OFFSET 999999"
        )
        assert last == "1"


def test_a_request_during_the_stop_is_answered(image: str) -> None:
    with serving(image) as container:
        waiting, body = begin_to_register(container, "ann")
        began = time.monotonic()
        with subprocess.Popen(["docker", "stop", container.name], stdout=subprocess.DEVNULL):
            container.wait_until_printed("Handling signal: term")
            waiting.send(body)
            assert HTTPAnswer(waiting).status == 201
        print(f"\nstopped after {time.monotonic() - began:.1f} s, with a request in flight")
        state = container.state
        assert (state["ExitCode"], state["Status"]) == (0, "exited")  # 137 if it was killed
        docker("start", container.name)
        container.wait_until_ready()
        Person(container.url, "ann").log_in()


def test_wrong_settings_are_all_named_before_it_listens(image: str) -> None:
    wrong = {"JOBS": "perhaps", "SECRET_KEY": "short", "LIMIT_LOGIN": "many", "SMTP_URL": "x"}
    variables = [f"--env=GRIDT_{name}={value}" for name, value in wrong.items()]
    ended = attempt("run", "--rm", *HARDENED, *variables, image)
    assert ended.returncode == 78, ended.stdout
    for name in wrong:
        assert f"GRIDT_{name}: " in ended.stdout
    assert "istening" not in ended.stdout


def test_a_server_database_without_a_key_is_refused(image: str) -> None:
    url = "--env=GRIDT_DATABASE_URL=postgresql://gridt@db/gridt"
    ended = attempt("run", "--rm", *HARDENED, url, image)
    assert (ended.returncode, "GRIDT_SECRET_KEY: " in ended.stdout) == (78, True)


def test_a_database_of_a_newer_version_is_refused(image: str) -> None:
    with volume() as data:
        with serving(image, f"--volume={data}:/data") as container:
            known = container.ask("SELECT version_num FROM alembic_version")
            container.ask("UPDATE alembic_version SET version_num = 'of 2031'")
        ended = attempt("run", "--rm", *HARDENED, f"--volume={data}:/data", image)
        assert ended.returncode == 1, ended.stdout
        assert "The database is at revision of 2031" in ended.stdout
        assert f"knows revisions up to {known}" in ended.stdout
        assert "Traceback" not in ended.stdout
        assert "istening" not in ended.stdout


def test_a_full_disk_is_503_and_no_harm(image: str) -> None:
    with serving(image, "--tmpfs=/data:size=4m,uid=10001,gid=10001,mode=700") as container:
        ann = somebody(container, "ann")
        container.run("sh", "-c", "cat /dev/zero >/data/filler || true")
        others = Person(container.url, "")
        for number in range(5):
            others.name = f"person{number}"
            others.register()
        assert set(others.statuses) <= {201, 503}  # running requests may still finish
        assert others.statuses[-1] == 503
        assert "database or disk is full" in container.log
        assert ann.call("GET", "/identity")["username"] == "ann"
        assert status(f"{container.url}/ready") == 200

        container.run("rm", "/data/filler")
        ben = somebody(container, "ben")  # without a restart
        assert ben.call("GET", "/identity")["username"] == "ben"
        assert container.ask("PRAGMA integrity_check") == "ok"
        there = int(container.ask("SELECT count(*) FROM users"))
        assert there == others.statuses.count(201) + 2


def test_a_file_that_cannot_be_written_is_503_and_no_harm(image: str) -> None:
    with volume() as data:
        with serving(image, f"--volume={data}:/data") as container:
            ann = somebody(container, "ann")
            container.run("sh", "-c", "chmod a-w /data/gridt.sqlite*")
            ann.url = docker_restarted(container)
            assert ann.call("GET", "/identity")["username"] == "ann"
            ann.call("PUT", "/bio", {"bio": "is not written"})
            assert ann.statuses[-1] == 503
            assert "attempt to write a readonly database" in container.log
            container.run("sh", "-c", "chmod u+w /data/gridt.sqlite*")
            ann.url = docker_restarted(container)
            ann.call("PUT", "/bio", {"bio": "is written"})
            assert ann.statuses[-1] == 200
            assert container.ask("PRAGMA integrity_check") == "ok"


def test_a_volume_that_cannot_be_written_ends_the_start_and_does_no_harm(image: str) -> None:
    with volume() as data:
        with serving(image, f"--volume={data}:/data") as container:
            somebody(container, "ann")
            container.stop()
        ended = attempt("run", "--rm", *HARDENED, f"--volume={data}:/data:ro", image)
        assert ended.returncode == 1, ended.stdout
        assert "The database cannot be migrated: unable to open database file" in ended.stdout
        assert "Traceback" not in ended.stdout
        with serving(image, f"--volume={data}:/data") as container:
            assert container.ask("PRAGMA integrity_check") == "ok"
            assert container.ask("SELECT username FROM users") == "ann"
