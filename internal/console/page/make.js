// Makes elements and numbers. What comes from outside becomes text, never markup.

const svgNS = 'http://www.w3.org/2000/svg';

/** An HTML element with a class and text. */
export function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

/** An SVG element with attributes. */
export function svg(tag, attributes = {}, text) {
  const e = document.createElementNS(svgNS, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

export const $ = (id) => document.getElementById(id);

/** Sets a text where it is another one: what doesn't change is not selected away or read out again. */
export function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

const whole = new Intl.NumberFormat('en');

/** A count: 1,234,567. */
export const count = (n) => whole.format(Math.round(n));

/** A number in at most five letters: 0, 3.4, 132, 12.3k, 4.5M. */
export function short(n) {
  if (n <= 0) return '0';
  if (n < 0.1) return '<0.1';
  if (n < 9.95) return n.toFixed(1).replace(/\.0$/, '');
  if (n < 999.5) return String(Math.round(n));
  if (n < 9995) return `${(n / 1000).toFixed(2)}k`;
  if (n < 999_500) return `${n < 99_950 ? (n / 1000).toFixed(1) : Math.round(n / 1000)}k`;
  return `${(n / 1e6).toFixed(1)}M`;
}

/** Milliseconds as a person writes them: 12 µs, 0.21 ms, 4.2 ms, 132 ms, 1.3 s. */
export function time(ms) {
  if (ms > 0 && ms < 0.0995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 0.995) return `${ms.toFixed(2)} ms`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
}

/** A part of one: 43 %. */
export function percent(part) {
  const p = part * 100;
  return p > 0 && p < 1 ? '<1 %' : `${Math.round(p)} %`;
}

/** Bytes: 3.4 MiB. */
export function bytes(n) {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (n < 1024 || unit === 'GiB') return `${n < 10 && unit !== 'B' ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1024;
  }
}

/** How long: 45 s, 12 min, 3 h, 2 days. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} days`;
}

/** When: 14:03:22, with the day where it is another one. */
export function moment(text, now = new Date()) {
  const at = new Date(text);
  const clock = at.toLocaleTimeString('en-GB');
  return at.toDateString() === now.toDateString() ? clock : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock}`;
}

/** n things: "1 query", "3 queries". */
export const things = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/** Keeps a list's elements by key: made once, then only changed, and put in order. Items of the same key have an element each. */
export function keyed(parent, items, key, make, change) {
  const have = new Map([...parent.children].map((e) => [e.dataset.key, e]));
  const times = new Map();
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    times.set(name, (times.get(name) ?? 0) + 1);
    const k = `${times.get(name)} ${name}`;
    let e = have.get(k);
    have.delete(k);
    if (!e) {
      e = make(item);
      e.dataset.key = k;
    }
    change(e, item);
    if (e === place) place = place.nextElementSibling;
    else parent.insertBefore(e, place);
  }
  for (const e of have.values()) e.remove();
}

/** The points of a line through values in a box; the largest value is at the top, 0 at the bottom. */
export function points(values, width, height, slots = values.length) {
  const most = Math.max(...values, 1e-9);
  const step = width / Math.max(slots - 1, 1);
  const from = width - (values.length - 1) * step;
  return values.map((v, i) => `${(from + i * step).toFixed(1)},${(height - (Math.max(v, 0) / most) * height).toFixed(1)}`).join(' ');
}
