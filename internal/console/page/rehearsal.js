// The last rehearsal's summary.

import { $, element } from './make.js';

export function rehearsal(state) {
  const parent = $('rehearsal');
  const text = JSON.stringify(state.rehearsal ?? null);
  if (parent.dataset.text === text) return;
  parent.dataset.text = text;
  if (!state.rehearsal) {
    const p = element('p', 'nothing', 'Nobody has rehearsed yet. This grows a copy of the database to ten and a hundred times its size, in production’s shape, and says which queries get slower:');
    p.append(' ', element('code', '', 'pintail rehearse'));
    parent.replaceChildren(p);
    return;
  }
  parent.replaceChildren(element('pre', '', JSON.stringify(state.rehearsal, null, 2)));
}
