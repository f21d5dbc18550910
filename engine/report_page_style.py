"""How the page of a report looks, and how its figures are drawn and redrawn in dark and light."""

STYLE = """
:root { --ink: #1c2526; --soft: #526063; --paper: #ffffff; --line: #dfe5e5; --accent: #0f6b63;
  --mind: #fdf3e1; --mind-line: #d08a1d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaea; --soft: #a5b2b4; --paper: #14191a;
  --line: #374243; --accent: #5cc4b8; --mind: #33290f; --mind-line: #eab45c; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 56rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.35rem; margin: 3rem 0 .6rem; padding-top: .8rem;
  border-top: 2px solid var(--accent); }
h3 { font-size: 1.05rem; margin: 0 0 .4rem; }
p { margin: .6rem 0; max-width: 44rem; }
.about { color: var(--soft); margin: .3rem 0 1.2rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; font-size: .95rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ul { padding-left: 1.2rem; max-width: 46rem; }
li { margin: .3rem 0; }
figure { margin: 1.6rem 0; }
figure img { display: none; width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .92rem; max-width: 44rem; }
details { margin: .5rem 0; font-size: .92rem; }
summary { cursor: pointer; color: var(--accent); }
.table { overflow-x: auto; max-height: 24rem; border: 1px solid var(--line); margin: .4rem 0; }
table { border-collapse: collapse; font-size: .88rem; }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
th { position: sticky; top: 0; background: var(--paper); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.warning { background: var(--mind); border-left: 4px solid var(--mind-line); padding: .6rem .9rem; }
.tag { background: var(--mind); border: 1px solid var(--mind-line); border-radius: .3rem;
  font-size: .8rem; font-weight: 500; padding: .05rem .4rem; white-space: nowrap; }
.plot.square { max-width: 36rem; }
body:not(.drawn) :is(.plot, .legend, figure h3) { display: none !important; }
body:not(.drawn) figure img { display: block; background: #fff; }
@page { size: A4; margin: 16mm; }
@media print {
  :root { --ink: #000; --soft: #333; --paper: #fff; --line: #ccc; --accent: #0f6b63;
    --mind: #fff; --mind-line: #d08a1d; }
  body { max-width: none; padding: 0; font-size: 10.5pt; line-height: 1.45; }
  nav, details, .plot, .legend, figure h3 { display: none !important; }
  figure img { display: block !important; max-width: 150mm; }
  h2 { margin-top: 8mm; break-after: avoid; }
  figure { break-inside: avoid; margin: 4mm 0; }
  p { orphans: 3; widows: 3; max-width: none; }
}
"""

SCRIPT = """
const dark = window.matchMedia('(prefers-color-scheme: dark)');
function themed(spec) {
  const text = JSON.stringify(spec);
  return JSON.parse(dark.matches ? text.replace(/#[0-9a-f]{6}/g, c => DARK[c] || c) : text);
}
function draw() {
  for (const swatch of document.querySelectorAll('.legend i')) {
    const light = swatch.dataset.colour;
    swatch.style.background = dark.matches ? DARK[light] : light;
  }
  for (const [name, spec] of Object.entries(SPECS)) {
    const { data, layout } = themed(spec);
    Plotly.react('plot-' + name, data, layout, { displayModeBar: false, responsive: true });
  }
}
document.body.classList.add('drawn');
draw();
dark.addEventListener('change', draw);
"""
