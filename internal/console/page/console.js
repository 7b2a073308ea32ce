// The operator's page: follows the server's events and shows them.

import { boxes } from './boxes.js';
import { asTable, details, incidents, shapes, slow } from './lists.js';
import { $, moment, say, span } from './make.js';
import { chart, Picture } from './picture.js';
import { rehearsal } from './rehearsal.js';
import { Stories } from './stories.js';
import { Stream } from './stream.js';

let last; // the last state
let spoken = ''; // what was last read out

// announce has a text read out, where it says something else than before.
function announce(kind, text) {
  if (kind === spoken) return;
  const first = spoken === '';
  spoken = kind;
  if (!first) say($('live'), text);
}

const picture = new Picture($('drawing'), (id, picked) => {
  if (last) showDetails();
  // On a narrow screen the details stand below the drawing.
  if (picked && $('details').getBoundingClientRect().top > innerHeight - 80) $('details').scrollIntoView({ block: 'nearest' });
});
const stories = new Stories(announce);

function showDetails() {
  const box = boxes(last)[picture.selected];
  details(picture.selected, box, picture.history[picture.selected] ?? [], chart);
}

function show(state) {
  last = state;
  const all = boxes(state);
  const c = state.cache;
  if (state.window_s > 0) picture.note(all);
  picture.show(all, {
    clients: state.requests.rate, gate: all.gate.rate, auth: state.requests.rate, api: all.api.rate, plan: state.stages.plan.rate,
    misses: state.engine.rate, store: state.engine.rate, others: all.others.rate, commits: c ? c.invalidated.rate : 0,
  });
  showDetails();
  const h = state.headline;
  say($('headline'), h.title);
  say($('subline'), h.more);
  document.body.dataset.tone = h.tone;
  announce(h.kind, `${h.title} ${h.kind === 'well' ? '' : h.more}`);
  const s = state.server;
  say($('where'), `${s.database}${s.version ? ` · ${s.version}` : ''} · up ${span((new Date(state.at) - new Date(s.began)) / 1000)}`);
  shapes(state);
  slow(state);
  incidents(state);
  rehearsal(state);
  asTable(all);
  stories.offer(state.stories ?? []);
}

function link(state, words) {
  const e = $('link');
  if (e.dataset.state !== state) {
    e.dataset.state = state;
    document.body.dataset.link = state;
    if (state === 'stale' || state === 'refused') announce(state, words);
  }
  const short = { connecting: 'connecting…', live: 'live', stale: last ? `as of ${moment(last.at)}` : 'no answer', refused: 'refused' }[state];
  say($('link-text'), short);
  const problem = $('problem');
  problem.hidden = state === 'live' || state === 'connecting';
  say(problem, problem.hidden ? '' : words);
  if (!last && (state === 'stale' || state === 'refused')) {
    say($('headline'), state === 'refused' ? 'This page may not look.' : 'The server doesn’t answer.');
    say($('subline'), '');
  }
}

$('table').closest('details').addEventListener('toggle', () => { if (last) asTable(boxes(last)); });
new Stream({ state: show, story: (told) => stories.hear(told), link });
