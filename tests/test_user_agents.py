"""The device that a User-Agent describes."""

import pytest

from gridt.http.user_agents import device_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (f"{WINDOWS} {WEBKIT} Chrome/138.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/138.0.0.0 Safari/537.36 OPR/122.0", "Opera on Windows"),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/138.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/138.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"{IPHONE} (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"{IPHONE} (KHTML, like Gecko) CriOS/138.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (f"{IPHONE} (KHTML, like Gecko) Mobile/15E148", "Mozilla on iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1",
            "Safari on macOS",
        ),
        ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", "Dalvik on Android"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.4", "python-requests"),
        ("gridt", "gridt"),
        ("(Windows)", "Windows"),
        ("", None),
        (None, None),
        ("<script>alert(1)</script>", None),
        ("é", None),
        ("x" * 200, "x" * 64),
    ],
)
def test_a_device_has_a_short_name(user_agent, device):
    assert device_of(user_agent) == device
