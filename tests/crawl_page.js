// What the crawler runs in each page before anything else: it notes what the page does by itself
// (messages sent, runs of the script, sounds begun), lists what a person can act on, and says in
// what state the page is.
(() => {
  if (window.crawl) return;

  const notes = { sent: 0, sentAt: -1e9, firstSentAt: 0, runs: 0, runsAt: -1e9, restedAt: -1e9 };
  const sounds = new Set(); // also those that the page has taken away since: they can play on
  const now = () => performance.now();

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...message) {
    notes.sent += 1;
    notes.sentAt = now();
    notes.firstSentAt ||= notes.sentAt;
    return send.apply(this, message);
  };
  document.addEventListener('play', (event) => sounds.add(event.target), true);

  // Streamlit says at its root element whether the script runs.
  const state = () => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState;
  let before;
  new MutationObserver(() => {
    const seen = state();
    if (seen === before) return;
    if (seen === 'running') {
      notes.runs += 1;
      notes.runsAt = now();
    }
    if (seen === 'notRunning') notes.restedAt = now();
    before = seen;
  }).observe(document, { subtree: true, childList: true, attributes: true,
    attributeFilter: ['data-test-script-state'] });

  const QUIET_MS = 150; // after the last message: a slider waits this long before it sends
  const UNANSWERED_MS = 3000; // some messages start no run, such as that of a download
  function rests() {
    if (state() !== 'notRunning' || document.querySelector('[data-testid=stSkeleton]')) return false;
    const since = now() - notes.sentAt;
    return since > QUIET_MS && (notes.restedAt > notes.sentAt || since > UNANSWERED_MS);
  }

  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 2 && box.height > 2 && box.right > 0 &&
      element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  };
  const keyOf = (element) =>
    element.closest('[class*="st-key-"]')?.className.match(/st-key-(\S+)/)[1] ?? '';
  const text = (element) => (element?.innerText ?? '').replace(/\s+/g, ' ').trim();
  // Icons are drawn by ligatures: their names are text to the page, and none to a person.
  const named = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('[data-testid=stIconMaterial]').forEach((icon) => icon.remove());
    return copy.textContent.replace(/\s+/g, ' ').trim();
  };
  const nameOf = (element) =>
    (element.getAttribute('aria-label') || named(element) ||
      element.closest('[aria-label]')?.getAttribute('aria-label') || '').slice(0, 80);

  // Kind → elements of it; the first that matches has the element. Not listed: Streamlit's own menu
  // (print, record the screen, clear the cache), what only jumps within the page, and what opens the
  // list of a choice, which its field does, too.
  const KINDS = {
    none: '[data-testid=stMainMenu] *, [data-testid=stSkipToContent], [role=option], [disabled]' +
      ', [data-disabled], [data-testid=stFileUploaderDropzone] button, ' +
      '[data-testid=stMultiSelect] button[aria-label=Open], ' +
      '[data-testid=stSelectbox] button[aria-label=Open]',
    help: '[data-testid=stTooltipHoverTarget] > button[aria-label^=Help]',
    tool: '[data-testid=stElementToolbar] button',
    tab: '[role=tab]',
    radio: 'button[role=radio]',
    pill: '[data-testid=stButtonGroup] button',
    unfold: 'summary',
    button: 'button',
    check: '[data-testid=stCheckbox] input',
    slider: '[data-testid=stSlider] input[type=range]',
    several: '[data-testid=stMultiSelect] input',
    select: '[data-testid=stSelectbox] input',
    number: '[data-testid=stNumberInput] input',
    text: '[data-testid=stTextInput] input',
    file: 'input[type=file]',
    table: '[data-testid=stDataFrame]',
    zoom: '.js-plotly-plot .modebar-btn',
    plot: '.js-plotly-plot',
    sound: 'audio, video',
    link: 'a[href]',
  };
  const ALL = Object.entries(KINDS);
  const EVERY = Object.values(KINDS).join(', ');
  // What is clicked where the element itself is invisible, as Streamlit draws its own in its place.
  const DRAWN = { slider: (e) => e.parentElement.parentElement, check: (e) => e.closest('label'),
    file: (e) => e.closest('[data-testid=stFileUploader]') };

  function survey() {
    const found = [], times = new Map();
    for (const element of document.querySelectorAll(EVERY)) {
      const [kind] = ALL.find(([, selector]) => element.matches(selector));
      if (kind === 'none' || element.closest('template, [data-stale=true]')) continue;
      const target = DRAWN[kind]?.(element) ?? element;
      if (!target || !shown(target) || element.disabled) continue;
      const place = { kind, key: keyOf(element), name: nameOf(element) };
      const same = JSON.stringify(place);
      place.nth = times.get(same) ?? 0;
      times.set(same, place.nth + 1);
      found.push({ place, element, target });
    }
    return found;
  }

  // Scrolls an element into view and waits until it lies still; its box, and whether a mouse in its
  // middle would meet it.
  async function reach({ kind, key, name, nth }) {
    const one = survey().find(({ place }) =>
      place.kind === kind && place.key === key && place.name === name && place.nth === nth);
    if (!one) return null;
    window.crawl.element = one.element;
    window.crawl.target = one.target;
    one.target.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
    let last = box(), still = 0;
    for (let frame = 0; still < STILL_FRAMES && frame < MOST_FRAMES; frame += 1) {
      await new Promise((next) => setTimeout(next, 16));
      const seen = box();
      still = seen.x === last.x && seen.y === last.y ? still + 1 : 0;
      last = seen;
    }
    return last;
  }
  function box() {
    const { x, y, width, height } = window.crawl.target.getBoundingClientRect();
    const met = document.elementFromPoint(x + width / 2, y + height / 2);
    const target = window.crawl.target;
    return { x, y, width, height, met: !!met && (target.contains(met) || met.contains(target)) };
  }

  const STILL_FRAMES = 4, MOST_FRAMES = 60; // what unfolds above moves for a third of a second

  const number = (said) => Number(said.replaceAll(',', ''));
  function look() {
    const heading = [...document.querySelectorAll('h3')].map(text)
      .map((said) => said.match(/^([\d,]+) of ([\d,]+) tracks? match$/)).find(Boolean);
    const size = [...document.querySelectorAll('[data-testid=stCaptionContainer]')].map(text)
      .map((said) => said.match(/^([\d,]+) tracks? · [\d, hmin]+?(?: · left out: (.+))?$/))
      .find(Boolean);
    const grid = document.querySelector('.st-key-queue_bar ~ * [role=grid]') ??
      document.querySelector('[class*=st-key-queue_table_rows] [role=grid]');
    const chips = {};
    for (const one of document.querySelectorAll('[data-testid=stMultiSelect]'))
      chips[keyOf(one)] = [...one.querySelectorAll('[data-tag]')].map((tag) => tag.ariaLabel);
    return {
      title: text(document.querySelector('h1')),
      exceptions: [...document.querySelectorAll('[data-testid=stException]')].map(text),
      lost: [...document.querySelectorAll('[data-testid=stConnectionStatus], [role=dialog]')]
        .map(text).filter((said) => /connection|connecting/i.test(said)),
      sounding: [...sounds].filter((sound) => !sound.paused && !sound.ended).length,
      matches: heading ? heading.slice(1).map(number) : null,
      listed: size ? number(size[1]) : null,
      leftOut: size?.[2] ? size[2].split(', ').map((part) => number(part.split(' ')[0])) : [],
      rows: grid ? Number(grid.getAttribute('aria-rowcount')) - 1 : null,
      chips,
      media: [...document.querySelectorAll('audio, video, img')].map((one) => one.src),
    };
  }

  window.crawl = {
    survey: () => survey().map(({ place }) => place), reach, box, look, rests,
    begin() { notes.sent = 0; notes.firstSentAt = 0; notes.runs = 0; },
    state: () => `script ${state()}, ` +
      `${document.querySelectorAll('[data-testid=stSkeleton]').length} parts not loaded, ` +
      `asked ${Math.round(now() - notes.sentAt)} ms and rested ` +
      `${Math.round(now() - notes.restedAt)} ms ago`,
    timing: () => ({ runs: notes.runs,
      ms: notes.runs && notes.firstSentAt ? notes.restedAt - notes.firstSentAt : 0 }),
    options: () => [...document.querySelectorAll('[role=option]')].filter(shown).map(text),
  };
})();
