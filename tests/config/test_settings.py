"""Settings that refuse what they cannot read, and an API that describes itself without a warning."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "MODE": "production",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "liangzhi.example",
    "SITE_URL": "https://liangzhi.example",
}


def start(tmp_path, **environment):
    """The last line of what a fresh process says when it loads the settings."""
    names = ("PATH", "HOME", "LANG", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in names if name in os.environ} | environment
    done = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(settings.MODE, settings.DEBUG)"],
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def test_production_starts_when_everything_is_set(tmp_path):
    assert start(tmp_path, **GOOD) == "production False"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SECRET_KEY": ""}, "生产环境必须设置 SECRET_KEY（至少 32 个字符）。"),
        ({"SECRET_KEY": "short"}, "生产环境必须设置 SECRET_KEY（至少 32 个字符）。"),
        ({"DEBUG": "true"}, "生产环境不得打开 DEBUG，请去掉该环境变量。"),
        ({"ALLOWED_HOSTS": ""}, "生产环境必须用 ALLOWED_HOSTS 逐个写明域名，不得为空或为 *。"),
        ({"ALLOWED_HOSTS": "*"}, "生产环境必须用 ALLOWED_HOSTS 逐个写明域名，不得为空或为 *。"),
        ({"ALLOWED_HOSTS": "a.example,*"}, "生产环境必须用 ALLOWED_HOSTS 逐个写明域名，不得为空或为 *。"),
        (
            {"SITE_URL": ""},
            "必须用 SITE_URL 写明网站地址，例如 https://liangzhi.example.cn；邮件里的链接以它开头。",
        ),
        (
            {"SITE_URL": "liangzhi.example"},
            "必须用 SITE_URL 写明网站地址，例如 https://liangzhi.example.cn；邮件里的链接以它开头。",
        ),
        ({"MODE": "staging"}, "MODE 只能是 production、development 或 test，现在是 'staging'。"),
    ],
)
def test_production_refuses_to_start(change, reason, tmp_path):
    assert start(tmp_path, **{**GOOD, **change}) == f"django.core.exceptions.ImproperlyConfigured: {reason}"


def test_without_a_mode_it_is_production(tmp_path):
    assert "SECRET_KEY" in start(tmp_path)


def test_production_keeps_cookies_to_https(tmp_path):
    code = (
        "from config import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)"
    )
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **GOOD}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "True True True\n"


def test_the_description_of_the_api_is_valid_and_without_warnings(db):
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert "/api/v1/match/" in out.getvalue()


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_the_description_is_served_without_another_host(path, client, db):
    response = client.get(path)
    assert response.status_code == 200
    assert b"https://cdn" not in response.content


def test_every_page_has_a_content_policy_that_trusts_only_itself(client, db):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
