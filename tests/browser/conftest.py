"""A real Chromium against a live server; every page is watched for errors of script and policy."""

import pytest
from django.conf import settings


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
