// Follows the server's events, and says how that goes: connecting, live, stale (the stream was lost; it tries again), refused.
// A page that nobody sees doesn't look.

const silence = 4000; // ms without an event after which the stream counts as lost
const waits = [1000, 2000, 4000, 5000];

export class Stream {
  /** on: {state(object), story(object), link(state, words)} */
  constructor(on) {
    this.on = on;
    this.failed = 0;
    this.seen = false;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.pause() : this.open()));
    addEventListener('pagehide', () => this.pause());
    addEventListener('pageshow', () => this.open());
    this.open();
  }

  open() {
    if (this.source || document.hidden) return;
    clearTimeout(this.timer);
    if (!this.seen) this.on.link('connecting', 'connecting…');
    const source = new EventSource('/events');
    this.source = source;
    source.addEventListener('state', (e) => this.heard(() => this.on.state(JSON.parse(e.data))));
    source.addEventListener('story', (e) => this.heard(() => this.on.story(JSON.parse(e.data))));
    source.addEventListener('error', () => this.lost(source));
    this.watch();
  }

  heard(tell) {
    this.seen = true;
    this.failed = 0;
    this.watch();
    this.on.link('live', 'live');
    tell();
  }

  watch() {
    clearTimeout(this.dog);
    this.dog = setTimeout(() => this.lost(this.source), silence);
  }

  pause() {
    clearTimeout(this.dog);
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  // lost closes the stream, asks why, and tries again.
  async lost(source) {
    if (!source || source !== this.source) return;
    this.pause();
    const wait = waits[Math.min(this.failed++, waits.length - 1)];
    const [state, words] = await why();
    if (this.source || document.hidden) return;
    this.on.link(state, words);
    this.timer = setTimeout(() => this.open(), wait);
  }
}

// why asks the server what is wrong; EventSource doesn't tell.
async function why() {
  try {
    const answer = await fetch('/events', { headers: { Accept: 'text/event-stream' }, signal: AbortSignal.timeout(2000) });
    if (answer.ok) {
      answer.body?.cancel();
      return ['stale', 'The stream was lost; it is being taken up again.'];
    }
    const text = (await answer.text()).trim().slice(0, 300);
    if (answer.status === 401 || answer.status === 403) return ['refused', `The server doesn’t let this page look (${answer.status}): ${text}`];
    return ['stale', `The server says ${answer.status}: ${text}`];
  } catch {
    return ['stale', 'The server doesn’t answer. Has it been stopped? This page takes the stream up again as soon as it is back.'];
  }
}
