"""What a page tells screen readers: Chromium's own accessibility tree."""

import re
from collections import Counter

from playwright.sync_api import Page

# Whatever Streamlit draws icons with: ligatures, of which the text is a name such as arrow_right.
ICONS = """() => [...document.querySelectorAll('[data-testid="stIconMaterial"], [translate="no"]')]
    .map((icon) => icon.textContent)"""


def told(page: Page) -> list[tuple[str, str]]:
    """(role, name) of all that is not ignored, without what is inside of a player: its buttons are
    the browser's, and belong to the player's own name."""
    page.wait_for_timeout(500)  # the last of what is drawn
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    return [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if not node.get("ignored") and not _is_in_a_player(node, by_id)
    ]


def faults(page: Page) -> list[str]:
    """What a listener could not tell apart, or would hear as something else than it is."""
    found = told(page)
    buttons = Counter(name for role, name in found if role == "button")
    twice = [f"{times} buttons “{name}”" for name, times in buttons.items() if times > 1]
    nameless = [f"a {role} without a name" for role, name in found if not name and role in NAMED]
    icons = {icon.strip() for icon in page.evaluate(ICONS)}
    spelt = [f"the icon {name}" for role, name in found if role == "StaticText" and name in icons]
    spelt += [f"“{name}”" for role, name in found if re.search(r"\\bicon$", name)]
    return twice + nameless + spelt


NAMED = ("button", "Audio", "textbox", "combobox", "checkbox", "slider", "spinbutton", "grid")


def _is_in_a_player(node: dict, by_id: dict[str, dict]) -> bool:
    parent = by_id.get(node.get("parentId"))
    while parent is not None:
        if parent.get("role", {}).get("value") == "Audio":
            return True
        parent = by_id.get(parent.get("parentId"))
    return False
