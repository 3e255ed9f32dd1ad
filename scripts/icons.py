"""Draw the app's icons as PNG.

`make icons` draws them from the SVG, in Chromium.
"""

from pathlib import Path

from tests.browser import chromium

FOLDER = Path(__file__).resolve().parent.parent / "gridt" / "web" / "client"
#: the width of each icon, and the share of it that the drawing takes; phones cut off corners
ICONS = {
    "icon-180.png": (180, 1.0),
    "icon-192.png": (192, 1.0),
    "icon-512.png": (512, 1.0),
    "icon-maskable.png": (512, 0.8),
}


def main() -> None:
    """Write the icons."""
    drawing = (FOLDER / "icon.svg").read_text()
    with chromium() as browser:
        for name, (width, share) in ICONS.items():
            page = browser.new_page(viewport={"width": width, "height": width})
            whole = name in {"icon-180.png", "icon-maskable.png"}  # these have no round corners
            ground = "#0b6e66" if whole else "transparent"
            page.set_content(
                f"<style>* {{ margin: 0 }} body {{ background: {ground}; height: 100vh; "
                f"display: grid; place-items: center }} svg {{ width: {share * width}px }}</style>"
                f"{drawing}"
            )
            page.screenshot(path=FOLDER / name, omit_background=True)
            page.close()


if __name__ == "__main__":
    main()
