// What a page needs of the browser, whatever is drawn on it and whenever: installed once.
// One sound at a time. And names for screen readers where Streamlit gives none, or the same one to
// many: its icons are pictures beside words, and each of its fields has buttons called alike.

const FIELDS = ["stNumberInput", "stSelectbox", "stMultiSelect"];
const OF_A_FIELD = FIELDS.map((name) => `[data-testid="${name}"] button[aria-label]`).join();
const OF_A_HEADING = '[data-testid="stHeading"] button[aria-label="Help"]';
const OF_PAGES = '[data-testid="stPagination"] button[aria-label]';
const ICON = '[role="img"][translate="no"]';
const GRID = '[data-testid="stDataFrame"] [role="grid"]:not([aria-label])';

export default function () {
  if (window.serendipPage) return;
  window.serendipPage = true;
  // Events of media do not bubble: they are met on the way down.
  document.addEventListener("play", (event) => quiet(event.target), { capture: true });
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") name(target.parentElement ?? target);
      for (const node of addedNodes) if (node instanceof Element) name(node);
    }
  });
  const watched = { childList: true, subtree: true, attributeFilter: ["aria-label"] };
  observer.observe(document.body, watched);
  name(document.body);
}

// Whatever starts to sound ends the rest.
function quiet(player) {
  for (const other of document.querySelectorAll("audio, video")) {
    if (other !== player && !other.paused) other.pause();
  }
}

function name(root) {
  const within = (selector) => [
    ...(root.matches(selector) ? [root] : []),
    ...root.querySelectorAll(selector),
  ];
  for (const icon of within(ICON)) icon.setAttribute("aria-hidden", "true");
  for (const grid of within(GRID)) {
    const named = grid.closest('[role="region"][aria-label]');
    if (named) grid.setAttribute("aria-label", named.getAttribute("aria-label"));
  }
  for (const button of within(OF_A_FIELD)) {
    // “Remove Rock”, of a chip in the field, is enough by itself where no other field has one.
    add(button, button.closest('[data-testid^="st"]:has(label)')?.querySelector("label p"), ": ");
  }
  for (const button of within(OF_A_HEADING)) {
    const heading = button.closest('[data-testid="stHeading"]').querySelector("h1, h2, h3, h4");
    add(button, heading, " for ");
  }
  for (const button of within(OF_PAGES)) {
    const column = button.closest('[data-testid="stColumn"]') ?? document;
    add(button, column.querySelector("h3"), ": ");
  }
}

function add(button, source, between) {
  const text = source?.innerText.trim();
  const held = button.getAttribute("aria-label");
  if (text && !held.endsWith(`${between}${text}`)) {
    button.setAttribute("aria-label", `${held}${between}${text}`);
  }
}
