"""The platform as other people meet it: web and worker in processes of their own, asked over HTTP."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, connections
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from accounts.services import issue_token

WEB = ("-m", "gunicorn", "config.wsgi:application", "--preload", "--workers=4", "--log-level=error")
WORKER = ("manage.py", "qcluster")


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict


@contextmanager
def shared_database(folder):
    """Keep the test's records where other processes can open them; gives the address."""
    if connection.vendor == "postgresql":
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        return
    # The test's own database lives in the memory of this process.
    memory, path = connections["default"], folder / "db.sqlite3"
    copy = sqlite3.connect(path)
    memory.connection.backup(copy)
    copy.close()
    disk = memory.copy()
    disk.settings_dict["NAME"] = str(path)
    connections["default"] = disk
    try:
        yield f"sqlite:///{path}"
    finally:
        disk.close()
        connections["default"] = memory


class Service:
    """A program of the platform; whoever kills it starts it again."""

    def __init__(self, command, environment, *, pass_fds=()):
        self.command, self.environment, self.pass_fds = command, environment, pass_fds
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=settings.BASE_DIR,
            env={**os.environ, **self.environment},
            pass_fds=self.pass_fds,
            start_new_session=True,
        )

    def stop(self) -> int:
        """End it in good order; the exit status."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """Take it away at once, with all the processes it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def kill_one(self, draw) -> None:
        """Kill the first process or one of those it has started; what `draw` chooses of a list."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        with suppress(ProcessLookupError):
            os.kill(int(draw([pid, *children])), signal.SIGKILL)


@contextmanager
def web(**environment):
    """Several web workers behind one address, and the service; connections wait while nobody is there."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    service = Service((*WEB, f"--bind=fd://{listener.fileno()}"), environment, pass_fds=[listener.fileno()])
    try:
        yield listener.getsockname(), service
    except BaseException:
        service.kill()
        raise
    finally:
        listener.close()
    assert service.stop() == 0


def ask(address, method, path, data, headers) -> Answer:
    """One request in JSON on a connection of its own."""
    http = HTTPConnection(*address, timeout=60)
    try:
        http.request(method, path, json.dumps(data), {"Content-Type": "application/json", **headers})
        response = http.getresponse()
        return Answer(response.status, response.read(), response.headers)
    finally:
        http.close()


def ask_at_once(address, requests) -> list[Answer]:
    """Send all requests at the same moment; the answers come in the order of the requests."""
    start = Barrier(len(requests))

    def send(request):
        start.wait()
        return ask(address, *request)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def with_token(user) -> dict[str, str]:
    """The headers of a program that acts for this person."""
    _, key = issue_token(user, name="脚本", scope="write")
    return {"Authorization": f"Token {key}"}


def with_session(user) -> dict[str, str]:
    """The headers of a browser in which this person is signed in."""
    client, secret = Client(), _get_new_csrf_string()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={secret}", "X-CSRFToken": secret}
