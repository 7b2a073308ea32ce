// The stories of the demo: a button each, and what is told as it is told.

import { $, count, element, keyed, say, short, svg, time } from './make.js';

const words = {
  outage: ['The index that vanished', 'Someone drops an index at three in the morning. The guard turns away what stood on it, and builds it again.'],
  slow: ['Ten times the data', 'Milliseconds today, seconds once there are more orders. The rehearsal finds the query before your users do.'],
  stale: ['The price that was changed', 'Everybody reads the menu while prices change, in a second process too. Nobody may see an old one.'],
  flood: ['One script too many', 'One client asks ten times what the shop can answer. The others must not notice.'],
};

const steps = { story: 'Story', world: 'What happens', pintail: 'Pintail', visitor: 'Visitor' };
const results = { survived: 'Survived', died: 'Did not survive', unclear: 'Not clear' };

export class Stories {
  constructor(announce) {
    this.announce = announce;
    this.run = null;
    $('story-stop').addEventListener('click', () => this.ask('DELETE', '/story'));
  }

  /** Shows a button for each story that can be told here. */
  offer(names) {
    $('stories').hidden = names.length === 0;
    keyed($('story-cards'), names, (n) => n, (name) => {
      const [title, text] = words[name] ?? [name, ''];
      const li = element('li', 'story-card');
      const button = element('button', '', 'Let it happen');
      button.type = 'button';
      button.setAttribute('aria-label', `Let it happen: ${title}`);
      button.addEventListener('click', () => this.ask('POST', `/story/${encodeURIComponent(name)}`));
      const bare = element('button', 'quiet', 'Without protection');
      bare.type = 'button';
      bare.setAttribute('aria-label', `Let it happen without protection: ${title}`);
      bare.addEventListener('click', () => this.ask('POST', `/story/${encodeURIComponent(name)}?unprotected`));
      const both = element('p', 'buttons');
      both.append(button, bare);
      li.append(element('p', 'eyebrow', name), element('h3', '', title), element('p', 'soft', text), both);
      return li;
    }, () => {});
    this.enable();
  }

  enable() {
    for (const b of $('story-cards').querySelectorAll('button')) b.disabled = this.run?.going ?? false;
    $('story-stop').hidden = !this.run?.going;
  }

  async ask(method, path) {
    this.wanted = method === 'POST';
    try {
      const answer = await fetch(path, { method });
      if (!answer.ok) this.say((await answer.text()).trim().slice(0, 300));
    } catch {
      this.say('The server doesn’t answer.');
    }
  }

  say(text) {
    this.wanted = false;
    $('story').hidden = false;
    if (!this.run?.going) $('story-done').hidden = true;
    const v = $('story-verdict');
    v.hidden = false;
    v.dataset.tone = 'warn';
    v.replaceChildren(element('p', '', text));
  }

  /** Takes what the server tells of a story: it begins, an event of its own, it ended. */
  hear(told) {
    if (told.kind === 'begun') this.begin(told);
    if (!this.run || this.run.number !== told.run) return;
    if (told.kind === 'event') this.event(told.event);
    if (told.kind === 'ended') this.end(told);
  }

  begin(told) {
    this.run = { number: told.run, name: told.name, going: true, began: new Date(told.began), samples: [], charts: [], marks: [], verdict: false };
    $('story').hidden = false;
    if (this.wanted) $('story').scrollIntoView({ block: 'start' }); // by whoever looks at this page
    this.wanted = false;
    $('story').dataset.story = told.name;
    this.run.bare = told.unprotected;
    this.title(words[told.name]?.[0] ?? told.name);
    say($('story-opening'), 'A copy of the shop is being made…');
    $('story-steps').replaceChildren();
    $('story-charts').replaceChildren();
    $('story-figures').replaceChildren();
    $('story-verdict').hidden = true;
    $('story-verdict').replaceChildren();
    $('story-done').hidden = false;
    $('story-done').removeAttribute('value'); // as long as nobody knows
    say($('story-clock'), '');
    this.enable();
  }

  title(text) {
    say($('story-title'), this.run.bare ? `${text}, without protection` : text);
  }

  event(e) {
    const run = this.run;
    if (typeof e.at === 'number') say($('story-clock'), `${e.at.toFixed(1)} s`);
    switch (e.kind) {
      case 'began':
        if (e.title) this.title(e.title);
        say($('story-opening'), e.text ?? '');
        run.charts = e.charts ?? [];
        break;
      case 'step':
        this.step(e);
        if (e.mark) run.marks.push({ at: e.at, text: e.mark });
        break;
      case 'sample':
        run.samples.push(e);
        if (run.samples.length > 600) run.samples.splice(0, 1);
        if (e.done > 0) $('story-done').value = e.done;
        this.draw();
        break;
      case 'figure':
        this.figure(e.figure);
        break;
      case 'verdict':
        run.verdict = true;
        this.verdict(e);
        break;
      case 'error':
        this.step({ at: e.at, who: 'story', text: e.text, bad: true });
        break;
    }
  }

  step(e) {
    const li = element('li', 'step');
    li.dataset.who = e.who ?? 'story';
    if (e.bad) li.classList.add('bad');
    li.append(element('span', 'num at', `${(e.at ?? 0).toFixed(1)} s`), element('span', 'who', steps[e.who] ?? 'Story'), element('span', 'text', e.text ?? ''));
    $('story-steps').append(li);
  }

  figure(f) {
    const parent = $('story-figures');
    if (!parent.firstElementChild) {
      const table = element('table', 'figures');
      const row = element('tr');
      for (const [name, kind] of [['what was measured', ''], ['it was', 'num'], ['it had to be', ''], ['', '']]) {
        const th = element(name ? 'th' : 'td', kind, name);
        if (name) th.scope = 'col';
        row.append(th);
      }
      const head = element('thead');
      head.append(row);
      table.append(head, element('tbody'));
      parent.append(table);
    }
    const row = element('tr');
    row.setAttribute('role', 'row');
    const th = element('th', '', f.label);
    th.scope = 'row';
    const value = f.unit === 'ms' ? time(f.value) : `${Number.isInteger(f.value) ? count(f.value) : short(f.value)}${f.unit ? ` ${f.unit}` : ''}`;
    const mark = element('td', 'mark', f.want ? (f.ok ? '✓' : '✗') : '');
    if (f.want) mark.append(element('span', 'hidden', f.ok ? 'reached' : 'missed'));
    row.classList.toggle('missed', Boolean(f.want) && !f.ok);
    row.append(th, element('td', 'num', value), element('td', 'soft', f.want ?? ''), mark);
    parent.querySelector('tbody').append(row);
  }

  verdict(e) {
    const v = $('story-verdict');
    v.dataset.tone = e.passed ? 'good' : e.result === 'unclear' ? 'warn' : 'bad';
    v.replaceChildren(element('strong', '', results[e.result] ?? e.result ?? ''), element('p', '', e.text ?? ''));
    v.hidden = false;
  }

  end(told) {
    this.run.going = false;
    $('story-done').hidden = true;
    if (!this.run.verdict) {
      this.say(told.error ? `It couldn’t be told to its end: ${told.error}` : 'It ended without a verdict.');
    }
    this.enable();
  }

  draw() {
    const { charts, samples, marks } = this.run;
    keyed($('story-charts'), charts, (c) => c.title, (c) => {
      const figure = element('figure', 'plot');
      const caption = element('figcaption', '', c.title);
      const legend = element('span', 'legend');
      for (const line of c.lines ?? []) {
        const key = element('span', 'key', line.label);
        key.dataset.tone = line.tone;
        legend.append(key);
      }
      caption.append(legend);
      figure.append(caption, svg('svg', { viewBox: '0 0 320 110', class: 'plot-lines', 'aria-hidden': 'true' }));
      return figure;
    }, (figure, c) => figure.lastElementChild.replaceChildren(...plot(c, samples, marks)));
  }
}

// plot draws a chart's lines over the time of the story, and a line up where something happened.
function plot(chart, samples, marks) {
  const [width, top, bottom, right] = [320, 14, 96, 316];
  const until = Math.max(...samples.map((s) => s.at), 1);
  const lines = (chart.lines ?? []).map((l) => [l, samples.filter((s) => typeof s.values?.[l.key] === 'number').map((s) => [s.at, s.values[l.key]])]);
  const values = lines.flatMap(([, p]) => p.map(([, v]) => v));
  const most = Math.max(...values, 1e-9);
  const least = Math.min(...values.filter((v) => v > 0), most);
  const x = (at) => (at / until) * right;
  const part = (v) => (chart.log ? Math.log(Math.max(v, least) / least) / Math.max(Math.log(most / least), 1e-9) : Math.max(0, v) / most);
  const y = (v) => bottom - part(v) * (bottom - top);
  const out = [svg('line', { x1: 0, x2: width, y1: bottom, y2: bottom, class: 'axis' }),
    svg('text', { x: 0, y: 10, class: 'label' }, `${short(most)} ${chart.unit ?? ''}${chart.log ? ', logarithmic' : ''}`),
    svg('text', { x: right, y: 108, class: 'label', 'text-anchor': 'end' }, `${until.toFixed(0)} s`)];
  for (const m of marks) out.push(svg('line', { x1: x(m.at), x2: x(m.at), y1: top - 2, y2: bottom, class: 'mark-line' }));
  for (const [l, p] of lines) {
    out.push(svg('polyline', { class: 'line', 'data-tone': l.tone, points: p.map(([at, v]) => `${x(at).toFixed(1)},${y(v).toFixed(1)}`).join(' ') }));
  }
  return out;
}
