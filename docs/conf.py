"""How Sphinx makes a site of the Markdown pages and of the docstrings: `make docs`.

Its source is the whole repository, so that a link is the same here and where the files are read.
"""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gridt.runtime.config import VERSION  # noqa: E402 - it is found by the line before

project = "gridt"
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "build", "gridt", "instance"]  # not even looked into
suppress_warnings = ["misc.highlighting_failure"]  # of nginx, whose strings may have lines

myst_heading_anchors = 3
myst_enable_extensions = ["html_image"]

default_role = "literal"  # in docstrings, as in Markdown, `this` is code
add_module_names = False
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"gridt {VERSION}"
html_theme_options = {
    # all pages in sight on a small screen
    "light_css_variables": {"sidebar-item-spacing-vertical": "0.3rem"},
}
html_static_path = ["site/site.css"]
html_css_files = ["site.css"]
templates_path = ["site"]
html_additional_pages = {"index": "index.html"}  # leads on to the first page
html_copy_source = False
html_show_copyright = False

#: an entry of the list in docs/index.md: its title, and the page that it leads to
_LISTED = re.compile(r"^- \[(.+?)\]\((.+?)\.\w+\)", re.MULTILINE)


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make the sidebar of the list in the index, which readers of the files see as it stands."""
    if page != root_doc:
        return
    for section in source[0].split("\n## ")[1:]:
        caption = section.partition("\n")[0]
        pages = "\n".join(f"{title} <{path}>" for title, path in _LISTED.findall(section))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"


#: what the theme and the parser leave out for screen readers and keyboards
_MENDS = [
    (r'(<p class="caption" role="heading")>', r'\1 aria-level="2">'),
    (r'<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="All pages">'),
    (r'<aside class="toc-drawer">', '<aside class="toc-drawer" aria-label="On this page">'),
    (r'<th class="head([^"]*)"><p></p></th>', r'<td class="head\1"></td>'),
    (r'(<div class="highlight">)<pre>', r'\1<pre tabindex="0">'),
    (r'(<div class="table-wrapper[^>]*)>', r'\1 tabindex="0">'),
]


def _mend_pages(app: Sphinx, error: Exception | None) -> None:
    """Let keys scroll code and tables, and name what screen readers list."""
    if error is None:
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text()
            for wrong, right in _MENDS:
                text = re.sub(wrong, right, text)
            page.write_text(text)


def setup(app: Sphinx) -> None:
    """Let Sphinx know the above."""
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _mend_pages)
