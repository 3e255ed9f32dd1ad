"""The policy of the app.

Tests compare it with the design, and let browsers enforce it.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import OwnContextClient
from tests.databases import same_on_both
from tests.web.app import App

pytestmark = same_on_both

#: attempts that the policy must stop, as scripts that an attacker might bring into the page
ATTEMPTS = {
    "eval": "eval('1')",
    "a function of text": "new Function('return 1')()",
    "markup": "document.body.innerHTML = '<b>1</b>'",
    "a parsed document": "new DOMParser().parseFromString('<b>', 'text/html')",
    "the address of a script": "document.createElement('script').src = '/app/main.js'",
    "a policy of another name": "trustedTypes.createPolicy('other', {})",
}
#: elements that the policy must not load
FOREIGN = {
    "an inline script": ("script", {"textContent": "window.broken = 1"}),
    "a picture of another host": ("img", {"src": "http://localhost:9/x.png"}),
    "a frame": ("iframe", {"src": "/"}),
    "a style": ("style", {"textContent": "body { display: none }"}),
}
COMPLAINTS = """() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (it) => refused.push(it.effectiveDirective));
}"""


def test_the_shell_names_each_thing_that_it_allows(client: OwnContextClient) -> None:
    policy = client.get("/app").headers["Content-Security-Policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == parts["frame-ancestors"] == parts["base-uri"] == "'none'"
    assert parts["form-action"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == parts["connect-src"] == "'self'"
    assert parts["require-trusted-types-for"] == "'script'"
    assert parts["trusted-types"] == "gridt"
    assert "unsafe" not in policy


@pytest.fixture
def page(opened: Callable[..., App]):
    with opened() as app:
        app.open()
        expect(app.page.get_by_role("button", name="Log in")).to_be_visible()
        yield app.page
        app.page.goto("about:blank")  # until then, complaints and requests may still arrive
        app.complaints.clear()  # each attempt is one
        app.asked.clear()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_script_cannot_run_text(page: Page, attempt: str) -> None:
    # the debugger runs text of its own at once; what a timer calls is under the policy
    outcome = page.evaluate(
        f"""() => new Promise((keep) => setTimeout(() => {{
          try {{ {ATTEMPTS[attempt]}; keep("ran"); }} catch (error) {{ keep(error.name); }}
        }}))"""
    )
    assert outcome in {"TypeError", "EvalError"}


@pytest.mark.parametrize("thing", FOREIGN)
def test_foreign_things_do_not_load(page: Page, thing: str) -> None:
    page.evaluate(COMPLAINTS)
    tag, members = FOREIGN[thing]
    page.evaluate(
        """([tag, members]) => {
          const made = document.createElement(tag);
          try { Object.assign(made, members); } catch (error) { refused.push(error.name); }
          document.head.append(made);
        }""",
        [tag, members],
    )
    page.wait_for_function("refused.length > 0")
    assert page.evaluate("window.broken") is None
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
