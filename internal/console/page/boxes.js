// What each box of the picture says of a state. A box is {name, words, rate, unit, p50, p99, big, sub, bad, level, figures, why}: level is
// off, calm, well, warn or bad; figures are pairs for the details; why lists what was refused.

import { bytes, count, percent, short, span, things, time } from './make.js';

const refusedBy = (state, ...boxes) => state.refused.filter((r) => boxes.includes(r.box));
const sum = (list, key) => list.reduce((n, r) => n + r[key], 0);
const perSecond = (n) => `${short(n)} a second`;
const flowFigures = (f) => [['now', perSecond(f.rate)], ['half within', f.p50_ms ? time(f.p50_ms) : '–'], ['99 % within', f.p99_ms ? time(f.p99_ms) : '–'], ['since the start', count(f.total)]];

/** What a box refuses now, in a few words; empty for nothing. */
function refusing(list, verb) {
  const rate = sum(list, 'rate');
  if (rate > 0) return `${short(rate)}/s ${verb}`;
  return '';
}

function levelOf(rate, bad, worse = false) {
  if (worse) return 'bad';
  if (bad) return 'warn';
  return rate > 0 ? 'well' : 'calm';
}

function clients(s) {
  const f = s.requests;
  return {
    name: 'Browsers and apps', words: 'Everyone who calls the API. The times are those of whole requests, from their first byte to the last one of the answer.',
    rate: f.rate, unit: '/s', p50: f.p50_ms, p99: f.p99_ms, level: levelOf(f.rate), bad: '',
    figures: [...flowFigures(f), ['answers sent', `${bytes(s.sent_bytes.rate)} a second`],
      ...s.routes.filter((r) => r.rate > 0).map((r) => [r.name, `${short(r.rate)}/s, p99 ${time(r.p99_ms)}`.replaceAll(' ', '\u00a0').replace(',\u00a0', ', ')])],
    why: s.refused,
  };
}

function gate(s) {
  const why = refusedBy(s, 'gate');
  const f = s.requests;
  const { limit, reads, writes, connections } = s.gate;
  const w = s.waiting;
  const waiting = reads.queued + writes.queued;
  const clients = (list, did) => (list ?? []).slice(0, 3).map((c) => [`${c.client} ${did}`, `${count(c.count)} times`]);
  return {
    name: 'Gate', words: 'The front door: how much each client may ask for, how many connections it has, and how many statements run at once. The times are how long statements wait for their turn.',
    rate: f.rate, unit: '/s', level: levelOf(f.rate, sum(why, 'rate') > 0 || reads.overload || writes.overload), bad: refusing(why, 'refused'),
    p50: w.p50_ms, p99: w.p99_ms, sub: waiting > 0 ? `${count(waiting)} wait` : `${things(connections.open, 'connection', 'connections')}`,
    figures: [['let in', perSecond(Math.max(0, f.rate - sum(why, 'rate')))], ['refused now', perSecond(sum(why, 'rate'))], ['refused since the start', count(sum(why, 'total'))],
      ['limit of a client', limit.policy], ...(limit.reported > 0 ? [['over it, and let in', count(limit.reported)]] : []),
      ['reads that run', `${count(reads.running)} of ${count(reads.limit)}`], ['writes that run', `${count(writes.running)} of ${count(writes.limit)}`],
      ['wait for their turn', count(waiting)], ['99 % wait at most', w.p99_ms ? time(w.p99_ms) : '–'],
      ['connections', `${count(connections.open)} of ${count(connections.all_max)}`], ...(connections.closed + connections.refused > 0 ? [['connections closed or refused', count(connections.closed + connections.refused)]] : []),
      ...clients(limit.most, 'asked too much'), ...clients(reads.most, 'had to go'), ...clients(connections.most, 'lost a connection')],
    why,
  };
}

function auth(s) {
  const why = refusedBy(s, 'auth');
  return {
    name: 'auth', words: 'Says who is asking. It is timed together with reading the request.',
    rate: s.requests.rate, unit: '/s', level: levelOf(s.requests.rate, sum(why, 'rate') > 0), bad: refusing(why, 'refused'),
    sub: s.server.open ? 'open: all admins' : 'admin secret',
    figures: [['access', s.server.open ? 'open: every caller on this machine is an admin' : 'with the admin secret'], ['refused now', perSecond(sum(why, 'rate'))], ['refused since the start', count(sum(why, 'total'))]],
    why,
  };
}

function api(s) {
  const why = refusedBy(s, 'api');
  const both = s.rest.rate + s.graphql.rate;
  return {
    name: 'api', words: 'Reads bytes into the one form of query that there is inside, and writes rows as an answer.',
    rate: both, unit: '/s', level: levelOf(both, sum(why, 'rate') > 0), bad: refusing(why, 'refused'),
    p50: s.stages.parse.p50_ms, p99: s.stages.parse.p99_ms, sub: `REST ${short(s.rest.rate)}  GraphQL ${short(s.graphql.rate)}`,
    figures: [['REST', perSecond(s.rest.rate)], ['REST, 99 % within', s.rest.p99_ms ? time(s.rest.p99_ms) : '–'],
      ['GraphQL', perSecond(s.graphql.rate)], ['GraphQL, 99 % within', s.graphql.p99_ms ? time(s.graphql.p99_ms) : '–'],
      ['reading, 99 % within', s.stages.parse.p99_ms ? time(s.stages.parse.p99_ms) : '–'], ['answering, 99 % within', s.stages.answer.p99_ms ? time(s.stages.answer.p99_ms) : '–'],
      ['refused since the start', count(sum(why, 'total'))]],
    why,
  };
}

function plan(s) {
  const why = refusedBy(s, 'plan');
  const f = s.stages.plan;
  return {
    name: 'plan', words: 'Resolves a query against the schema. A shape of query that is known is found, not planned again.',
    rate: f.rate, unit: '/s', p50: f.p50_ms, p99: f.p99_ms, level: levelOf(f.rate, sum(why, 'rate') > 0), bad: refusing(why, 'refused'),
    figures: [...flowFigures(f), ['shapes of query known', count(s.shapes_known)], ['tables', count(s.server.tables)]],
    why,
  };
}

function cache(s) {
  const c = s.cache;
  const words = 'Answers from memory what no commit has touched since. It is never stale after an acknowledged write.';
  if (!c) {
    return { name: 'Cache', words, level: 'off', sub: s.server.engine === 'postgres' ? 'on SQLite only, so far' : 'switched off', figures: [], why: [], bad: '' };
  }
  const asked = c.hits.rate + c.joined.rate + c.misses.rate + c.passed.rate;
  const hits = c.hits.rate + c.joined.rate;
  const ever = c.hits.total + c.joined.total + c.misses.total + c.passed.total;
  const share = asked > 0 ? hits / asked : ever > 0 ? (c.hits.total + c.joined.total) / ever : 0;
  return {
    name: 'Cache', words, rate: asked, big: ever > 0 ? percent(share).replace(' %', '') : '–', unit: ever > 0 ? '% hits' : '', level: levelOf(asked), bad: '',
    sub: `${short(hits)}/s hit  ${short(c.misses.rate)}/s missed`,
    p50: s.stages.store.p50_ms, p99: s.stages.store.p99_ms,
    figures: [['hits now', perSecond(c.hits.rate)], ['shared another one’s answer', perSecond(c.joined.rate)], ['missed', perSecond(c.misses.rate)],
      ['touched by a commit', perSecond(c.invalidated.rate)], ['not looked for', perSecond(c.passed.rate)], ['hits since the start', count(c.hits.total)],
      ['answers in memory', count(c.entries)], ['memory', `${bytes(c.bytes)} of ${bytes(c.bytes_max)}`], ['gone to make room', count(c.evicted.total)],
      ['all asked of it, 99 % within', s.stages.store.p99_ms ? time(s.stages.store.p99_ms) : '–']],
    why: [],
  };
}

function guard(s) {
  const g = s.guard;
  const words = 'Holds the live database against the schema file. Where an index is lost it turns away the queries that stood on it, builds it again, and says what happened.';
  if (!g || g.mode === 'off') {
    return { name: 'Guard', words, level: 'off', sub: 'switched off', figures: [], why: [], bad: '' };
  }
  const why = refusedBy(s, 'guard');
  const shed = g.shed ?? [];
  const drift = (g.drift ?? []).filter((d) => d.kind !== 'extra');
  const repairs = g.repairs ?? [];
  const rate = sum(why, 'rate');
  const r = repairs[0];
  let sub = things(g.declared, 'index', 'indexes') + ' in step';
  if (drift.length > 0) sub = things(drift.length, 'difference', 'differences');
  if (r) sub = `${r.progress?.phase || 'repairing'}${r.progress?.done > 0 ? ` ${percent(r.progress.done)}` : '…'}`;
  return {
    name: 'Guard', words, rate, big: String(shed.length), unit: shed.length === 1 ? 'query shed' : 'queries shed',
    level: shed.length > 0 ? 'bad' : drift.length > 0 || g.last_error ? 'warn' : s.requests.rate > 0 ? 'well' : 'calm',
    bad: refusing(why, 'shed'), sub,
    figures: [['mode', g.mode === 'observe' ? 'observe: it tells, and changes nothing' : g.mode], ['because', g.mode_because], ['indexes declared', count(g.declared)],
      ['shapes whose indexes are known', count(g.contracts)], ['refused since the start', count(g.refused)], ['statements cancelled', count(g.canceled)],
      ...drift.map((d) => [d.kind, d.details || d.index?.id]),
      ...repairs.map((x) => [`repairing ${x.index}`, `${x.progress?.phase ?? ''}${x.progress?.done > 0 ? `, ${percent(x.progress.done)}` : ''}${x.progress?.left_ns > 0 ? `, ${span(x.progress.left_ns / 1e9)} left` : ''}${x.progress?.blocked_by ? `; in the way: ${x.progress.blocked_by}` : ''}`]),
      ...shed.map((x) => [x.label, `${x.reason}; ${count(x.refused)} refused`]),
      ...(g.last_error ? [['the last look failed', g.last_error]] : [])],
    why,
  };
}

function store(s) {
  const f = s.engine;
  const why = refusedBy(s, 'store');
  const failing = why.filter((r) => r.status >= 500 && r.rate > 0);
  return {
    name: s.server.engine === 'postgres' ? 'PostgreSQL' : 'SQLite', words: 'The database. One statement a read, on one snapshot; an acknowledged write is on disk.',
    rate: f.rate, unit: '/s', p50: f.p50_ms, p99: f.p99_ms, level: levelOf(f.rate, sum(why, 'rate') > 0, failing.length > 0),
    bad: failing.length > 0 ? `${short(sum(failing, 'rate'))}/s failed` : refusing(why, 'refused'), sub: s.slow_seen > 0 ? things(s.slow_seen, 'slow one', 'slow ones') + ' so far' : '',
    figures: [...flowFigures(f), ['address', s.server.database], ['slow statements', count(s.slow_seen)]],
    why,
  };
}

function others(s) {
  const lite = s.server.engine !== 'postgres';
  const d = s.cache?.foreign;
  return {
    name: lite ? 'Another program' : 'A colleague’s psql', words: lite
      ? 'Whoever else writes to the file. The cache notices that somebody did before the next hit; commits that come fast are noticed together.'
      : 'Whoever else works on the database. Pintail doesn’t see what it asks; the guard sees what it drops.',
    level: d?.rate > 0 ? 'well' : 'calm', big: d ? short(d.rate) : '–', rate: d?.rate ?? 0, unit: d ? '/s noticed' : 'not seen from here', sub: '', bad: '',
    figures: d ? [['writes noticed', `${short(d.rate)} a second`], ['since the start', count(d.total)]] : [], why: [],
  };
}

/** All boxes of a state, by id, in the order of a request. */
export function boxes(state) {
  return { clients: clients(state), gate: gate(state), auth: auth(state), api: api(state), plan: plan(state), cache: cache(state), guard: guard(state), store: store(state), others: others(state) };
}
