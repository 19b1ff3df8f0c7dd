"""A real Chromium against a live server; every page is watched for errors of script and policy."""

import os
import shutil

import pytest
from django.conf import settings
from playwright.sync_api import sync_playwright

# Playwright runs a loop of its own in this thread, which Django would take for an asynchronous view.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium")
    assert path, "浏览器测试需要 chromium：apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_as(browser, live_server, client):
    """Open a window for a person (or nobody) and a path; complaints of the browser fail the test."""
    contexts, complaints = [], []

    def open_window(user, path="/", *, width=1280, dark=False, scripts=True):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
            client.cookies.clear()
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []
