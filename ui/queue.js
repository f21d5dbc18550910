// Hears what the audio element of the queue does, and what is done to the rows of its table, and
// tells the script. Both are found by the class of their container, since a component cannot reach
// what Streamlit draws beside it otherwise.
// Each report carries the token of the start that it belongs to, so that one that comes late, or of
// an element that was replaced, moves nothing.

const TWICE_MS = 500; // between the clicks of a double one
const TWICE_PIXELS = 8;
const SETTLES_MS = 300; // what a table says to screen readers comes so much later
const ROW = 35; // pixels, as Streamlit draws tables
const HEADING = 35;
const CHECKBOXES = 33; // the widths of the first columns
const BUTTONS = 52; // as in ui/tables.py
const running = new WeakMap(); // where a component is drawn → what ends its listening
let last = { token: 0, time: 0, element: null }; // how far what plays has got, in seconds
let sounded = null; // the element that has begun to sound: from then on, a pause is somebody's wish

export default function ({ data, parentElement, setTriggerValue }) {
  running.get(parentElement)?.abort();
  const control = new AbortController();
  running.set(parentElement, control);
  const { signal } = control;
  const tell = (kind) => setTriggerValue("event", { token: data.token, kind });

  if (data.table) {
    const play = (place) => setTriggerValue("event", { kind: "row", mark: data.mark, place });
    rows(`.st-key-${CSS.escape(data.table)} [data-testid="stDataFrame"]`, play, signal);
  }
  if (data.player) {
    const attach = () => {
      const element = document.querySelector(`.st-key-${CSS.escape(data.player)} audio`);
      if (element && !signal.aborted) listen(element, data, tell, signal);
    };
    const observer = new MutationObserver(attach);
    observer.observe(document.body, { childList: true, subtree: true });
    signal.addEventListener("abort", () => observer.disconnect());
    attach();
  }
  return () => control.abort();
}

function listen(element, data, tell, signal) {
  if (signal.heard === element) return;
  signal.heard = element;
  begin(element, data, tell);
  const on = (name, act) => element.addEventListener(name, act, { signal });
  on("timeupdate", () => {
    if (element.currentTime > 0) last.time = element.currentTime;
  });
  on("playing", () => {
    sounded = element;
  });
  on("ended", () => tell("ended"));
  on("error", () => tell("error"));
  // The end of a track, an error and the removal of its element pause it, too; none of these is a
  // person's wish.
  on("pause", () => {
    if (element.ended || element.error || !element.isConnected) return;
    if (!data.paused) tell("pause");
  });
  on("play", () => {
    if (data.paused) tell("play");
  });
  if (element.error) tell("error");
  if (element.ended) tell("ended"); // before anyone listened
  // Paused and taken back, or the reverse, before the script had heard of the first.
  const settled = sounded === element && !element.error && !element.ended;
  if (settled && element.paused !== data.paused) tell(element.paused ? "pause" : "play");
}

// A new track plays; one that was drawn anew goes on where it was; any other is left alone.
function begin(element, data, tell) {
  if (last.token === data.token && last.element === element) return;
  const time = last.token === data.token ? last.time : 0;
  last = { token: data.token, time, element };
  const play = () => {
    if (time > 0) element.currentTime = time;
    if (data.paused) return;
    element.play().catch((error) => {
      if (error.name === "NotAllowedError") tell("blocked");
    });
  };
  // Streamlit itself goes to the start once the length is known.
  if (element.readyState >= 1 || time === 0) play();
  else element.addEventListener("loadedmetadata", () => setTimeout(play), { once: true });
}

// A double click on a row plays it, and so does Enter on one of its cells. The table is a picture;
// beside it lies a table for screen readers, with the rows in view and the focus on a cell, which
// comes some time after. A list that was sorted by a click on a heading has its rows in another
// order, so the place is read from the row itself.
function rows(table, play, signal) {
  const on = (name, act) => document.addEventListener(name, act, { capture: true, signal });
  const started = (event, row) => {
    event.preventDefault();
    event.stopPropagation(); // or the table would show the cell in a field of its own
    const read = () => {
      const place = placeOf(row());
      if (place !== null && !signal.aborted) play(place);
    };
    setTimeout(read, SETTLES_MS);
  };
  on("keydown", (event) => {
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    const cell = event.target.closest(table);
    const focused = () => document.activeElement?.closest('tbody > tr[role="row"]');
    if (event.key === "Enter" && plain && cell) started(event, focused);
  });
  on("dblclick", (event) => {
    const [drawn, index] = under(event, table);
    const row = () => drawn.querySelector(`tbody > tr[aria-rowindex="${index + 2}"]`);
    if (index >= 0) started(event, row);
  });
  // The second click on a cell opens that field: it is kept from the table, but not from the page.
  let last = { time: -Infinity, x: 0, y: 0 };
  on("pointerdown", (event) => {
    const { timeStamp: time, clientX: x, clientY: y } = event;
    const again = time - last.time < TWICE_MS && Math.hypot(x - last.x, y - last.y) < TWICE_PIXELS;
    last = { time, x, y };
    if (again && event.button === 0 && under(event, table)[1] >= 0) event.stopPropagation();
  });
}

// The table and the index of the row under the pointer; -1 on a heading, a checkbox, below the last
// row, or on the button that plays by one click.
function under(event, table) {
  const drawn = event.target.closest(table);
  const scrolled = drawn?.querySelector(".dvn-scroller");
  if (!scrolled) return [null, -1];
  const { left, top, width } = scrolled.getBoundingClientRect();
  const [x, y] = [event.clientX - left, event.clientY - top - HEADING];
  // Its cells count from 1 where checkboxes are column 0.
  const checkboxes = drawn.querySelector('td[id^="glide-cell-0-"]') ? 0 : CHECKBOXES;
  const outside = y < 0 || x < checkboxes + BUTTONS || x > width;
  return [drawn, outside ? -1 : Math.floor((y + scrolled.scrollTop) / ROW)];
}

// The place in the list that a row says, from 0; null where it says none.
function placeOf(row) {
  const heads = row?.closest("table").querySelectorAll("th") ?? [];
  const head = [...heads].find((one) => one.textContent.trim().endsWith("#"));
  const cell = row?.querySelector(`td[aria-colindex="${head?.getAttribute("aria-colindex")}"]`);
  const place = Number.parseInt(cell?.textContent.replace(/\D/g, "") ?? "", 10);
  return place > 0 ? place - 1 : null;
}
