// Draws the way of a request: boxes, what flows between them, and in each box what it does now. There are two drawings of
// the same boxes, a wide and a narrow one.

import { points, say, short, svg, time } from './make.js';

// A box's form says where its texts stand: bar (wide and low), card, stage (within the node), row (the narrow drawing's).
const wide = {
  width: 820, height: 560, name: 'wide',
  boxes: {
    clients: { x: 20, y: 12, w: 304, h: 76, form: 'card' },
    others: { x: 592, y: 12, w: 208, h: 76, form: 'card', plain: true },
    gate: { x: 20, y: 128, w: 508, h: 76, form: 'card' },
    node: { x: 20, y: 244, w: 508, h: 148, title: 'Node' },
    auth: { x: 34, y: 276, w: 126, h: 102, form: 'stage' },
    api: { x: 180, y: 276, w: 184, h: 102, form: 'stage' },
    plan: { x: 384, y: 276, w: 130, h: 102, form: 'stage' },
    cache: { x: 20, y: 432, w: 228, h: 104, form: 'tall' },
    guard: { x: 300, y: 432, w: 228, h: 104, form: 'tall' },
    store: { x: 592, y: 432, w: 208, h: 104, form: 'tall' },
  },
  flows: [
    ['in', 'M146 88V128', 'clients'], ['gate', 'M146 204V244', 'gate'], ['auth', 'M160 327H180', 'auth'], ['api', 'M364 327H384', 'api'],
    ['plan', 'M449 378V412H134V432', 'plan'], ['misses', 'M248 484H300', 'misses'], ['store', 'M528 484H592', 'store'],
    ['others', 'M696 88V432', 'others'], ['commits', 'M696 536V550H134V536', 'commits'],
  ],
  labels: [[158, 113, 'HTTP'], [704, 262, 'SQL'], [414, 554, 'commits, in order', 'middle']],
};

const narrow = (() => {
  const w = 328;
  const boxes = {};
  const flows = [];
  let y = 6;
  const put = (id, h, form, more = {}) => { boxes[id] = { x: 4, y, w: w - 8, h, form, ...more }; y += h; };
  const flow = (id, what, from = 26) => { flows.push([id, `M${from} ${y}V${y + 22}`, what]); y += 22; };
  put('clients', 74, 'card'); flow('in', 'clients');
  put('gate', 74, 'card'); flow('gate', 'gate');
  boxes.node = { x: 4, y, w: w - 8, h: 300, title: 'Node' };
  y += 32;
  for (const [id, next] of [['auth', 'auth'], ['api', 'api'], ['plan', '']]) {
    boxes[id] = { x: 16, y, w: w - 32, h: 70, form: 'card' };
    y += 70;
    if (next) { flows.push([id, `M38 ${y}V${y + 18}`, next]); y += 18; }
  }
  y += 14;
  boxes.node.h = y - boxes.node.y;
  flow('plan', 'plan');
  put('cache', 104, 'tall'); flow('misses', 'misses');
  put('guard', 104, 'tall'); flow('store', 'store');
  put('store', 104, 'tall');
  flows.push(['others', `M26 ${y + 22}V${y}`, 'others']); y += 22;
  put('others', 74, 'card', { plain: true });
  return { width: w, height: y + 6, name: 'narrow', boxes, flows, labels: [] };
})();

// Tab's order: that of a request.
const order = ['clients', 'gate', 'auth', 'api', 'plan', 'cache', 'guard', 'store', 'others'];

/** A picture in an element. chosen is called with a box's id when somebody picks it. */
export class Picture {
  constructor(parent, chosen) {
    this.parent = parent;
    this.chosen = chosen;
    this.selected = 'clients';
    this.history = {}; // rates of the last minute by box
    this.last = null;
    new ResizeObserver(() => this.fit()).observe(parent);
    this.fit();
  }

  fit() {
    const layout = this.parent.clientWidth >= 620 ? wide : narrow;
    if (layout === this.layout) return;
    this.layout = layout;
    this.draw();
    if (this.last) this.show(this.last, this.flows);
  }

  draw() {
    const l = this.layout;
    const root = svg('svg', { viewBox: `0 0 ${l.width} ${l.height}`, class: `drawing ${l.name}`, role: 'group', 'aria-label': 'The way of a request, from those who ask to the database' });
    root.append(frame(l.boxes.node));
    this.paths = {};
    for (const [id, d] of l.flows) {
      const g = svg('g', { class: 'flow', 'data-flow': id, 'aria-hidden': 'true' });
      g.append(svg('path', { d, class: 'pipe' }), svg('path', { d, class: 'drops' }));
      this.paths[id] = g;
      root.append(g);
    }
    for (const [x, y, text, anchor] of l.labels) root.append(svg('text', { x, y, class: 'label', 'text-anchor': anchor ?? 'start', 'aria-hidden': 'true' }, text));
    this.parts = {};
    for (const id of order) root.append(this.box(id, l.boxes[id]));
    this.parent.replaceChildren(root);
    this.select(this.selected);
  }

  box(id, b) {
    // The button is a part of its own, without text: a name that changes every second would be read out every second. The details and
    // the table have the figures for whoever doesn't see them.
    const g = svg('g', { class: `box ${b.form}`, 'data-box': id });
    const { x, y, w, h } = b;
    const button = svg('rect', { x, y, width: w, height: h, rx: 11, class: 'button', tabindex: '0', role: 'button', 'aria-controls': 'details' });
    const look = svg('g', { 'aria-hidden': 'true', class: 'look' });
    g.append(button, look);
    const parts = { g, b, button };
    look.append(svg('rect', { x: x - 4, y: y - 4, width: w + 8, height: h + 8, rx: 15, class: 'ring' }), svg('rect', { x, y, width: w, height: h, rx: 11, class: 'body' }));
    const text = (name, tx, ty, anchor = 'start') => { parts[name] = svg('text', { x: tx, y: ty, class: name, 'text-anchor': anchor }); look.append(parts[name]); };
    parts.mark = svg('path', { class: 'mark', d: '' });
    look.append(parts.mark);
    const left = x + 14;
    const right = x + w - 14;
    text('title', left + 15, y + 24);
    text('big', left, y + (b.form === 'card' ? 56 : 53));
    if (b.form === 'card') {
      text('times', right, y + 56, 'end');
      text('sub', right, y + 56, 'end');
      text('bad', right, y + 24, 'end');
    } else {
      text('times', left, y + 74);
      text('sub', left, y + 91);
      text('bad', left, y + 91);
    }
    if (b.form !== 'stage' && !b.plain) {
      parts.spark = svg('polyline', { class: 'spark', points: '', transform: `translate(${right - 84} ${y + 13})` });
      look.append(parts.spark);
    }
    const number = svg('tspan', { class: 'number' });
    const unit = svg('tspan', { class: 'unit', dx: 3 });
    parts.big.append(number, unit);
    Object.assign(parts, { number, unit });
    g.addEventListener('click', () => { this.select(id); this.chosen(id, true); });
    button.addEventListener('focus', () => { if (this.selected !== id) { this.select(id); this.chosen(id, false); } });
    button.addEventListener('keydown', (e) => {
      if (e.key !== 'Enter' && e.key !== ' ') return;
      e.preventDefault();
      this.select(id);
      this.chosen(id, true);
    });
    button.setAttribute('aria-label', names[id]);
    this.parts[id] = parts;
    return g;
  }

  select(id) {
    this.selected = id;
    for (const [name, { g, button }] of Object.entries(this.parts)) {
      button.setAttribute('aria-pressed', String(name === id));
      g.classList.toggle('selected', name === id);
    }
  }

  /** Keeps rates for the lines, once a state. */
  note(boxes) {
    for (const [id, box] of Object.entries(boxes)) {
      const line = this.history[id] ??= [];
      line.push(box.rate ?? 0);
      if (line.length > 60) line.shift();
    }
  }

  /** Shows boxes, and flows: rates by what flows. */
  show(boxes, flows) {
    this.last = boxes;
    this.flows = flows;
    for (const [id, parts] of Object.entries(this.parts)) this.fill(parts, boxes[id], this.history[id] ?? []);
    for (const [id, , what] of this.layout.flows) {
      const rate = flows[what] ?? 0;
      const speed = rate <= 0 ? 'none' : rate < 10 ? 'slow' : rate < 200 ? 'brisk' : 'fast';
      if (this.paths[id].dataset.speed !== speed) this.paths[id].dataset.speed = speed;
    }
  }

  fill(parts, box, history) {
    const { g, b, button } = parts;
    if (g.dataset.level !== box.level) {
      g.dataset.level = box.level;
      parts.mark.setAttribute('d', mark(box.level, b.x + 19, b.y + 19.5));
    }
    const label = `${box.name}: ${states[box.level]}`;
    if (button.getAttribute('aria-label') !== label) button.setAttribute('aria-label', label);
    say(parts.title, box.name);
    const off = box.level === 'off';
    say(parts.number, off ? 'off' : box.big ?? short(box.rate));
    say(parts.unit, off ? '' : box.unit ?? '');
    const bad = box.bad ?? '';
    const sub = box.sub ?? '';
    const p50 = box.p50 > 0 ? `p50 ${time(box.p50)}` : '';
    const p99 = box.p50 > 0 ? `p99 ${time(box.p99)}` : '';
    const narrowStage = b.form === 'stage' && b.w < 150;
    say(parts.times, narrowStage ? (bad || sub ? p99 : p50) : p50 ? `${p50}   ${p99}` : b.form === 'tall' && bad ? sub : '');
    if (b.form === 'card') say(parts.sub, p50 ? '' : sub);
    else say(parts.sub, bad ? '' : sub || (narrowStage ? p99 : ''));
    say(parts.bad, bad);
    if (!parts.spark) return;
    const quiet = off || bad && b.form === 'card' || history.length < 2 || !history.some((v) => v > 0);
    parts.spark.setAttribute('points', quiet ? '' : points(history, 84, 18, 60));
  }
}

// Names of boxes before the first state has come.
const names = { clients: 'Browsers and apps', gate: 'Gate', auth: 'auth', api: 'api', plan: 'plan', cache: 'Cache', guard: 'Guard', store: 'The database', others: 'Others' };

const states = { off: 'switched off', calm: 'nothing to do', well: 'all well', warn: 'refuses something', bad: 'in trouble' };

// mark is a level's sign: it differs in form as well as in colour.
function mark(level, x, y) {
  switch (level) {
    case 'warn': return `M${x} ${y - 5.5}L${x + 5.5} ${y + 4.5}H${x - 5.5}z`;
    case 'bad': return `M${x - 4.8} ${y - 4.8}h9.6v9.6h-9.6z`;
    default: return `M${x - 4.5} ${y}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z`;
  }
}

function frame(b) {
  const g = svg('g', { class: 'frame', 'aria-hidden': 'true' });
  g.append(svg('rect', { x: b.x, y: b.y, width: b.w, height: b.h, rx: 13 }), svg('text', { x: b.x + 14, y: b.y + 21, class: 'title' }, b.title));
  return g;
}

/** A line of the last minute with its largest value, for the details. */
export function chart(values, unit) {
  const e = svg('svg', { viewBox: '0 0 300 64', class: 'chart', role: 'img', 'aria-label': `The last minute; at most ${short(Math.max(0, ...values))} ${unit}` });
  if (values.length > 1 && values.some((v) => v > 0)) {
    const p = points(values, 300, 48, 60);
    const [first] = p.split(',', 1);
    const area = svg('polygon', { class: 'area', points: `${first},48 ${p} 300,48`, transform: 'translate(0 12)' });
    e.append(area, svg('polyline', { class: 'spark', points: p, transform: 'translate(0 12)' }));
    e.append(svg('text', { x: 0, y: 9, class: 'label' }, `${short(Math.max(...values))} ${unit}`), svg('text', { x: 300, y: 9, class: 'label', 'text-anchor': 'end' }, 'last minute'));
  }
  e.append(svg('line', { x1: 0, x2: 300, y1: 61, y2: 61, class: 'axis' }));
  return e;
}
