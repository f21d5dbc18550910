// A box that finds a track as one types (the combobox of WAI-ARIA): the script searches, the browser
// shows what it found. Enter takes the one that is meant, an arrow key and Enter any other.

const WAIT_MS = 200; // after the last letter, before the script is asked
const boxes = new WeakMap(); // where a component is drawn → its box

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!boxes.has(parentElement)) boxes.set(parentElement, new Box(parentElement));
  const box = boxes.get(parentElement);
  box.ask = (typed) => setStateValue("typed", typed);
  box.pick = (track) => setTriggerValue("picked", track);
  box.show(data);
}

class Box {
  constructor(root) {
    [this.input, this.list, this.hits] = ["input", ".list", "ul"].map((s) => root.querySelector(s));
    [this.more, this.told] = [".list p", ".told"].map((one) => root.querySelector(one));
    this.label = root.querySelector("label");
    this.active = -1; // place of the hit that an arrow key moved to
    this.entered = null; // what was typed when Enter came before its hits
    this.input.addEventListener("input", () => this.typing());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => this.open(true));
    this.input.addEventListener("blur", () => this.open(false));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // no blur
    this.hits.addEventListener("click", (event) => this.take(event.target.closest("li")));
  }

  show(data) {
    this.data = data;
    this.label.textContent = data.label;
    this.input.placeholder = data.placeholder;
    this.hits.replaceChildren(...data.hits.map(option));
    this.move(-1);
    this.more.textContent = data.more;
    this.more.hidden = !data.more;
    this.tell();
    if (this.entered === data.typed && this.fresh()) this.enter();
  }

  fresh() {
    return this.data.typed === this.input.value.trim();
  }

  typing() {
    this.entered = null;
    this.open(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(this.input.value.trim()), WAIT_MS);
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      const [from, many] = [this.list.hidden ? -1 : this.active, this.hits.children.length];
      this.open(true);
      const to = from < 0 && event.key === "ArrowUp" ? many - 1 : from + steps[event.key];
      this.move(Math.min(Math.max(to, -1), many - 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.enter();
    } else if (event.key === "Escape") {
      if (this.list.hidden) this.clear();
      this.open(false);
    }
  }

  // The hit moved to; else the one that is meant, once the hits are those of what is typed. Where
  // several may be meant, the first is moved to: the next Enter takes it.
  enter() {
    if (this.active >= 0) return this.take(this.hits.children[this.active]);
    if (!this.input.value.trim()) return this.open(true);
    if (!this.fresh()) {
      this.entered = this.input.value.trim();
      clearTimeout(this.timer);
      return this.ask(this.entered);
    }
    this.entered = null;
    const meant = this.data.hits.findIndex((hit) => hit.track === this.data.meant);
    if (meant >= 0) return this.take(this.hits.children[meant]);
    this.open(true);
    this.move(this.hits.children.length ? 0 : -1);
  }

  take(hit) {
    if (!hit) return;
    const track = Number(hit.dataset.track);
    this.clear();
    this.open(false);
    this.pick(track);
  }

  clear() {
    clearTimeout(this.timer);
    this.entered = null;
    this.input.value = "";
    this.ask("");
  }

  open(wished) {
    this.list.hidden = !wished;
    this.input.setAttribute("aria-expanded", String(wished));
    if (!wished) this.move(-1);
    this.tell();
  }

  // To screen readers, as long as the hits are shown.
  tell() {
    this.told.textContent = this.list.hidden || !this.input.value ? "" : (this.data?.told ?? "");
  }

  move(to) {
    this.active = to;
    for (const [place, hit] of [...this.hits.children].entries()) {
      hit.setAttribute("aria-selected", String(place === to));
      if (place === to) hit.scrollIntoView({ block: "nearest" });
    }
    if (to < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", this.hits.children[to].id);
  }
}

function option(hit, place) {
  const item = document.createElement("li");
  item.id = `hit-${place}`;
  item.setAttribute("role", "option");
  item.dataset.track = hit.track;
  item.append(hit.title);
  if (hit.detail) {
    const detail = document.createElement("span");
    detail.textContent = ` · ${hit.detail}`;
    item.append(detail);
  }
  return item;
}
