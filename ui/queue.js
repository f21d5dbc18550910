// Hears what the audio element of the queue does, and tells the script. An element is found by the
// class of its container, since a component cannot reach what Streamlit draws beside it otherwise.
// Each report carries the token of the start that it belongs to, so that one that comes late, or of
// an element that was replaced, moves nothing.

const running = new WeakMap(); // where a component is drawn → what ends its listening
let last = { token: 0, time: 0, element: null }; // how far what plays has got, in seconds
let sounded = null; // the element that has begun to sound: from then on, a pause is somebody's wish

export default function ({ data, parentElement, setTriggerValue }) {
  running.get(parentElement)?.abort();
  const control = new AbortController();
  running.set(parentElement, control);
  const { signal } = control;
  const tell = (kind) => setTriggerValue("event", { token: data.token, kind });

  oneAtATime(signal);
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

// Whatever starts to sound, in this list or in another player of the page, ends the rest.
function oneAtATime(signal) {
  const quiet = (event) => {
    for (const other of document.querySelectorAll("audio")) {
      if (other !== event.target && !other.paused) other.pause();
    }
  };
  document.addEventListener("play", quiet, { capture: true, signal });
}
