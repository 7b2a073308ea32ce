// How the server is, in one sentence: what a person wants to know first.

import { count, moment, percent, short, span, things, time } from './make.js';

/** {kind, title, more}: kind changes only where the matter does, so that it may be read out. */
export function headline(s) {
  const g = s.guard;
  const shed = g?.shed?.length ?? 0;
  const repair = g?.repairs?.[0];
  const lost = (g?.drift ?? []).filter((d) => d.kind !== 'extra');
  const failing = s.refused.filter((r) => r.status >= 500 && r.rate > 0 && r.box !== 'guard' && r.box !== 'gate');
  const gate = s.refused.filter((r) => r.box === 'gate' && r.rate > 0);
  const sum = (list) => list.reduce((n, r) => n + r.rate, 0);
  const f = s.requests;
  const traffic = f.rate > 0 ? `${short(f.rate)} requests a second, 99 % of them within ${time(f.p99_ms)}.` : 'Nobody asks at the moment.';
  if (s.server.stopping) return { kind: 'stopping', tone: 'warn', title: 'The server is stopping.', more: 'Requests that are under way are finished first.' };
  if (shed > 0) {
    const done = repair?.progress?.done > 0 ? ` ${percent(repair.progress.done)}${repair.progress.left_ns > 0 ? `, ${span(repair.progress.left_ns / 1e9)} left` : ''}.` : '';
    return { kind: 'shed', tone: 'bad', title: `${things(shed, 'query waits', 'queries wait')} for a lost index. All others are answered.`, more: `${repair ? `The guard builds ${repair.index} again.${done} ` : ''}${traffic}` };
  }
  if (repair) return { kind: 'repair', tone: 'warn', title: `The guard builds ${repair.index} again.`, more: traffic };
  if (failing.length > 0) return { kind: 'failing', tone: 'bad', title: `${short(sum(failing))} requests a second fail.`, more: `${failing[0].code}: ${failing[0].title || 'a code of the database’s own'}. ${failing[0].do}` };
  if (gate.length > 0) return { kind: 'gate', tone: 'warn', title: `The gate turns ${short(sum(gate))} requests a second away.`, more: `${gate[0].title}. The others: ${traffic}` };
  if (lost.length > 0) {
    return { kind: 'drift', tone: 'warn', title: `${things(lost.length, 'thing', 'things')} of the schema file ${lost.length === 1 ? 'is' : 'are'} not in the database.`,
      more: `${lost[0].details || lost[0].index?.id || ''} ${g.mode === 'observe' ? 'The guard only observes here: pintail guard repair brings it in order.' : ''}`.trim() };
  }
  if (f.total === 0) return { kind: 'empty', tone: 'calm', title: 'Ready, and nobody has asked yet.', more: `The API is at http://${s.server.listen}. As soon as somebody asks it, the picture comes alive.` };
  if (f.rate === 0) return { kind: 'quiet', tone: 'calm', title: 'All quiet.', more: `${things(f.total, 'request', 'requests')} since ${moment(s.server.began)}.` };
  return { kind: 'well', tone: 'well', title: 'All well.', more: `${short(f.rate)} requests a second, half of them within ${time(f.p50_ms)}, 99 % within ${time(f.p99_ms)}. ${count(f.total)} since ${moment(s.server.began)}.` };
}
