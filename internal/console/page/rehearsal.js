// The last rehearsal: which queries get slower as the data grows, and what cures them.

import { $, element, moment, say, things, time } from './make.js';

const tones = { flat: 'good', sublinear: 'good', linear: 'warn', 'linear·log': 'warn', superlinear: 'bad', 'quadratic or worse': 'bad' };
const shown = 12;

const listed = (x) => (Array.isArray(x) ? x : []);
const number = (x) => (typeof x === 'number' && Number.isFinite(x) ? x : 0);
const text = (x) => (typeof x === 'string' ? x : '');

export function rehearsal(state) {
  const parent = $('rehearsal');
  const now = JSON.stringify(state.rehearsal ?? null);
  if (parent.dataset.text === now) return;
  parent.dataset.text = now;
  const r = state.rehearsal;
  if (!r || !Array.isArray(r.queries)) {
    const p = element('p', 'nothing', 'Nobody has rehearsed yet. This grows a copy of the database to ten and a hundred times its size, in production’s shape, and says which queries get slower:');
    p.append(' ', element('code', '', 'pintail rehearse'));
    say($('rehearsal-note'), '');
    parent.replaceChildren(p);
    parent.classList.remove('flush');
    return;
  }
  const classes = Object.entries(r.classes ?? {}).map(([name, n]) => [name, number(n)]);
  const all = classes.reduce((sum, [, n]) => sum + n, 0) || r.queries.length;
  const grows = r.queries.filter((q) => !['flat', 'sublinear'].includes(q?.class));
  say($('rehearsal-note'), `${moment(r.at)}, up to ${number(r.to) || 100} times the data`);
  parent.classList.toggle('flush', grows.length > 0);
  const verdict = element('p', 'nothing', grows.length === 0
    ? `${all === 1 ? 'The one query stays as fast as it is' : `All ${things(all, 'query', 'queries')} stay as fast as they are`} when the data grows.`
    : `${classes.map(([name, n]) => `${n} ${name}`).join(', ')}.`);
  if (grows.length === 0) {
    parent.replaceChildren(verdict);
    return;
  }
  parent.replaceChildren(table(grows.slice(0, shown)), verdict);
}

const columns = [['query', ''], ['grows', ''], ['now', 'num'], ['at 10 times', 'num'], ['at 100 times', 'num']];

function table(queries) {
  const t = element('table', 'shapes rehearsed');
  t.setAttribute('role', 'table');
  const head = element('thead');
  const row = element('tr');
  for (const [name, kind] of columns) {
    const th = element('th', kind, name);
    th.scope = 'col';
    row.append(th);
  }
  head.append(row);
  const body = element('tbody');
  for (const q of queries) body.append(query(q ?? {}));
  t.append(element('caption', 'hidden', 'Queries that get slower as the data grows, the worst first'), head, body);
  for (const [selector, role] of [['thead, tbody', 'rowgroup'], ['tr', 'row'], ['th', 'columnheader'], ['td', 'cell']]) {
    for (const e of t.querySelectorAll(selector)) e.setAttribute('role', role);
  }
  return t;
}

function query(q) {
  const row = element('tr');
  const name = element('td', 'query');
  name.append(element('span', 'label', text(q.label)));
  for (const line of listed(q.advice)) {
    const cure = element('span', 'advice', 'cured by ');
    cure.append(element('code', '', text(line)));
    name.append(cure);
  }
  if (q.reason) name.append(element('span', 'advice', text(q.reason)));
  const grows = element('td');
  grows.dataset.title = 'grows';
  const tag = element('span', 'tag', text(q.class) || 'unknown');
  tag.dataset.tone = tones[q.class] ?? 'warn';
  grows.append(tag);
  row.append(name, grows);
  for (const [title, key] of [['now', 'ms_now'], ['at 10 times', 'ms_at10'], ['at 100 times', 'ms_at100']]) {
    const td = element('td', 'num', number(q[key]) > 0 ? time(q[key]) : '–');
    td.dataset.title = title;
    row.append(td);
  }
  return row;
}
