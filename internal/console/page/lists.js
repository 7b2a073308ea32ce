// What stands below the picture: queries by cost, slow statements, incidents, the picture as a table.

import { $, count, element, keyed, moment, percent, say, short, span, things, time } from './make.js';

/** A sentence where a list would be. */
function nothing(parent, words, command) {
  if (parent.dataset.nothing === words + (command ?? '')) return;
  parent.dataset.nothing = words + (command ?? '');
  const p = element('p', 'nothing', words);
  if (command) p.append(' ', element('code', '', command));
  parent.replaceChildren(p);
}

/** The list in a parent, made where a sentence stood. */
function list(parent, make) {
  if (parent.dataset.nothing !== '') {
    parent.dataset.nothing = '';
    parent.replaceChildren(make());
  }
  return parent.firstElementChild;
}

/** A command that asks the API for something that it surely has. */
export const tryIt = (state) => `curl http://${state.server.listen}/openapi.json`;

const columns = [['query', ''], ['of all time', 'num'], ['a second', 'num'], ['p50', 'num'], ['p99', 'num'], ['rows', 'num'], ['calls', 'num']];

function shapesTable() {
  const table = element('table', 'shapes');
  table.setAttribute('role', 'table');
  const head = element('thead');
  const row = element('tr');
  row.setAttribute('role', 'row');
  for (const [name, kind] of columns) {
    const th = element('th', kind, name);
    th.scope = 'col';
    th.setAttribute('role', 'columnheader');
    row.append(th);
  }
  head.append(row);
  head.setAttribute('role', 'rowgroup');
  const body = element('tbody');
  body.setAttribute('role', 'rowgroup');
  const caption = element('caption', 'hidden', 'Queries by the time that they took in the store');
  table.append(caption, head, body);
  return table;
}

function shapeRow(shape) {
  const row = element('tr');
  row.setAttribute('role', 'row');
  const name = element('td', 'query');
  name.setAttribute('role', 'cell');
  const label = element('span', 'label', shape.label);
  const tags = element('span', 'tags');
  const bar = element('span', 'bar');
  bar.append(element('span', 'fill'));
  name.append(label, tags, bar);
  row.append(name);
  for (const [title, kind] of columns.slice(1)) {
    const td = element('td', kind);
    td.setAttribute('role', 'cell');
    td.dataset.title = title;
    row.append(td);
  }
  return row;
}

export function shapes(state) {
  const parent = $('shapes');
  say($('shapes-note'), state.shapes_known > state.shapes.length ? `the ${state.shapes.length} dearest of ${count(state.shapes_known)}` : '');
  if (state.shapes.length === 0) {
    nothing(parent, 'No query has run yet. Ask the API for something and it is counted here:', `curl 'http://${state.server.listen}/rest/v1/${state.stories?.length ? 'toast' : 'TABLE'}?limit=3'`);
    return;
  }
  const shed = new Map((state.guard?.shed ?? []).map((s) => [s.id, s]));
  const most = Math.max(...state.shapes.map((s) => s.share), 1e-9);
  keyed(list(parent, shapesTable).tBodies[0], state.shapes, (s) => `${s.role} ${s.id}`, shapeRow, (row, s) => {
    const [name, share, rate, p50, p99, rows, calls] = row.cells;
    const refused = shed.get(s.id);
    row.classList.toggle('shed', Boolean(refused));
    row.classList.toggle('idle', !s.fresh);
    const tags = [refused ? 'shed: its index is gone' : '', s.errors.rate > 0 ? `${short(s.errors.rate)}/s fail` : ''].filter(Boolean).join(', ');
    say(name.querySelector('.tags'), tags);
    const width = `${Math.max(1, (s.share / most) * 100).toFixed(1)}%`;
    const fill = name.querySelector('.fill');
    if (fill.style.width !== width) fill.style.width = width;
    say(share, percent(s.share));
    say(rate, short(s.calls.rate));
    say(p50, time(s.p50_ms));
    say(p99, time(s.p99_ms));
    p99.classList.toggle('slow', state.slow_ms > 0 && s.p99_ms > state.slow_ms);
    say(rows, short(s.rows));
    say(calls, count(s.calls.total));
  });
}

const slowShown = 6;

export function slow(state) {
  const parent = $('slow');
  const newest = state.slow.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, slowShown);
  say($('slow-note'), state.slow_seen > newest.length ? `the last ${newest.length} of ${count(state.slow_seen)}` : '');
  if (state.slow.length === 0) {
    nothing(parent, state.slow_ms > 0 ? `No statement has taken longer than ${time(state.slow_ms)}.` : 'Slow statements aren’t noted: log.slow is negative.');
    return;
  }
  keyed(list(parent, () => element('ol', 'plain')), newest, (s) => `${s.at} ${s.shape}`, (s) => {
    const li = element('li', 'entry');
    const head = element('p', 'entry-head');
    head.append(element('strong', 'num', time(s.took_ms)), element('span', 'soft num', moment(s.at)));
    li.append(head, element('p', 'label', s.label || '(others)'));
    if (s.how) {
      const more = element('details', 'more');
      more.append(element('summary', '', 'how the database runs it'), element('pre', '', s.how));
      li.append(more);
    }
    return li;
  }, () => {});
}

const incidentStates = {
  open: ['noticed', 'bad'], held: ['repair held back', 'warn'], repairing: ['repairing', 'warn'], waiting: ['will try again', 'warn'],
  blocked: ['needs you: rows in the way', 'bad'], stopped: ['stopped: lost too often', 'bad'], repaired: ['repaired', 'good'], gone: ['in order again', 'good'],
};

export function incidents(state) {
  const parent = $('incidents');
  const g = state.guard;
  if (!g || g.mode === 'off') {
    nothing(parent, 'This server runs without the guard: a lost index would be noticed by those who wait.');
    return;
  }
  say($('incidents-note'), g.mode === 'observe' ? 'it observes only' : '');
  if (!g.incidents?.length) {
    nothing(parent, 'Nothing has been lost. What the schema file declares is there.');
    return;
  }
  keyed(list(parent, () => element('ol', 'plain')), g.incidents.slice(0, 8), (i) => i.id, () => {
    const li = element('li', 'entry');
    const head = element('p', 'entry-head');
    head.append(element('span', 'tag'), element('span', 'soft num when'));
    li.append(head, element('p', 'what'), element('p', 'soft small'));
    return li;
  }, (li, i) => {
    const [words, tone] = incidentStates[i.state] ?? [i.state, 'warn'];
    const tag = li.querySelector('.tag');
    say(tag, words);
    tag.dataset.tone = tone;
    say(li.querySelector('.when'), moment(i.began));
    say(li.querySelector('.what'), i.what || `${i.kind}: ${i.name}`);
    const ended = i.ended ? (new Date(i.ended) - new Date(i.began)) / 1000 : (Date.now() - new Date(i.began)) / 1000;
    say(li.querySelector('.small'), [i.ended ? `lasted ${span(ended)}` : `for ${span(ended)}`, i.shed > 0 ? things(i.shed, 'request shed', 'requests shed') : '',
      i.who && i.who !== 'unknown' ? `by ${i.who}` : 'nobody knows by whom', i.last_error ?? '', i.held_because ?? ''].filter(Boolean).join(' · '));
  });
}

/** The picture's boxes as a table, for whoever reads rather than looks. */
export function asTable(boxes) {
  const parent = $('table');
  if (!parent.closest('details').open) return;
  const table = list(parent, () => {
    const t = element('table', 'boxes');
    const row = element('tr');
    for (const name of ['part', 'a second', 'p50', 'p99', 'now']) {
      const th = element('th', name === 'part' || name === 'now' ? '' : 'num', name);
      th.scope = 'col';
      row.append(th);
    }
    const head = element('thead');
    head.append(row);
    t.append(head, element('tbody'));
    return t;
  });
  keyed(table.tBodies[0], Object.entries(boxes), ([id]) => id, () => {
    const row = element('tr');
    const th = element('th');
    th.scope = 'row';
    row.append(th, element('td', 'num'), element('td', 'num'), element('td', 'num'), element('td'));
    return row;
  }, (row, [, b]) => {
    const [name, rate, p50, p99, now] = row.cells;
    say(name, b.name);
    say(rate, b.level === 'off' ? 'off' : short(b.rate ?? 0));
    say(p50, b.p50 > 0 ? time(b.p50) : '–');
    say(p99, b.p99 > 0 ? time(b.p99) : '–');
    say(now, [b.big && b.unit ? `${b.big} ${b.unit}` : '', b.sub, b.bad].filter(Boolean).join('; '));
  });
}

/** The details of one box. */
export function details(id, box, history, chart) {
  say($('details-title'), box.name);
  say($('details-words'), box.words);
  $('details-chart').replaceChildren(chart(history, box.unit === '/s' ? 'a second' : 'requests a second'));
  const dl = $('details-figures');
  if (dl.dataset.box !== id) {
    dl.dataset.box = id;
    dl.replaceChildren();
  }
  keyed(dl, box.figures, ([name]) => name, ([name]) => {
    const row = element('div');
    row.append(element('dt', '', name), element('dd', 'num'));
    return row;
  }, (row, [name, value]) => {
    say(row.lastChild, value);
    row.classList.toggle('long', name.length + value.length > 44);
  });
  const why = $('details-why');
  if (why.dataset.box !== id) {
    why.dataset.box = id;
    why.replaceChildren();
  }
  if (!box.why.length) {
    why.replaceChildren();
    return;
  }
  if (!why.firstElementChild) why.append(element('h3', '', 'What was refused, and why'), element('ul', 'plain'));
  keyed(why.lastElementChild, box.why.slice(0, 6), (r) => `${r.code} ${r.status}`, (r) => {
    const li = element('li', 'reason');
    const head = element('p', 'entry-head');
    head.append(element('code', '', `${r.status} ${r.code}`), element('span', 'num soft'));
    li.append(head, element('p', '', r.title || 'a code of the database’s own'));
    if (r.do) li.append(element('p', 'soft small', r.do));
    return li;
  }, (li, r) => {
    li.classList.toggle('now', r.rate > 0);
    say(li.querySelector('.num'), r.rate > 0 ? `${short(r.rate)}/s, ${count(r.total)} in all` : `${count(r.total)} in all`);
  });
}
