// States of a server in which something happens, made of the state of one in which nothing does.
const rate = (total, rate) => ({ total, rate })
const flow = (total, r, p50, p99) => ({ total, rate: r, p50_ms: p50, p99_ms: p99 })
const hostile = '<img src=x onerror=alert(1)> "quoted" <script>alert(2)</script>'

// busy is a server that answers, refuses and sheds. Its names would be markup, where somebody made markup of them.
export function busy(calm, now = Date.now()) {
  const at = s => new Date(now - s * 1000).toISOString()
  const index = name => ({ id: name, name, table: 'order', columns: ['customer_id'], unique: false, definition: '', invalid: '' })
  return {
    ...structuredClone(calm), at: at(0), window_s: 5,
    headline: { kind: 'shed', tone: 'bad', title: '1 query waits for a lost index. All others are answered.', more: 'The guard builds order_customer_id_idx again, 43 % done, 12 s left. 1.31k requests a second, 99 % of them within 3.4 ms.' },
    requests: flow(182_331, 1312, 0.21, 3.4), sent_bytes: rate(1e9, 3.4e6), rest: flow(150_000, 1200, 0.2, 3.2), graphql: flow(32_331, 112, 0.9, 4.1),
    routes: [{ name: 'GET /rest/v1/{table}', ...flow(150_000, 1190, 0.2, 3.2) }, { name: 'POST /v1/graphql', ...flow(32_331, 112, 0.9, 4.1) }],
    stages: { parse: flow(9, 1312, 0.01, 0.12), plan: flow(9, 1310, 0.01, 0.05), store: flow(9, 1300, 0.12, 3.2), answer: flow(9, 1300, 0.01, 0.02) },
    engine: flow(60_000, 420, 0.18, 3.1),
    cache: { hits: rate(99_000, 880), misses: rate(40_000, 400), invalidated: rate(9000, 120), joined: rate(900, 12), passed: rate(200, 2), evicted: rate(0, 0), doubts: rate(9, 0.1), foreign: rate(12, 0.4), entries: 8123, bytes: 12_345_678, bytes_max: 67_108_864 },
    refused: [
      { box: 'guard', code: 'PT510', status: 503, title: 'the index that the query stands on is gone', do: 'Wait for the time in Retry-After and ask again.', ...rate(1731, 90.4) },
      { box: 'gate', code: 'PT429', status: 429, title: 'the client asks too often', do: 'Ask less often.', ...rate(412, 21) },
      { box: 'plan', code: 'PGRST205', status: 404, title: 'no such table', do: 'Correct the name.', ...rate(9, 0.4) },
      { box: 'store', code: 'XX999', status: 500, title: '', do: '', ...rate(3, 0.2) },
    ],
    waiting: flow(60_000, 420, 0.01, 1.2),
    gate: {
      limit: { policy: '100/s burst 200', admitted: 180_000, refused: { rate: 412 }, reported: 0, clients: 31, forgotten: 0, most: [{ client: '10.0.0.7', count: 400 }, { client: hostile, count: 12 }] },
      reads: { limit: 12, running: 3, queued: 2, overload: false, typical: 2e5, admitted: 60_000, refused: { wait: 0 }, most: [] },
      writes: { limit: 256, running: 1, queued: 0, overload: false, typical: 2e6, admitted: 900, refused: {}, most: [] },
      connections: { open: 41, clients: 31, each_max: 256, all_max: 800, closed: 3, refused: 0, most: [] },
    },
    guard: {
      mode: 'repair', mode_because: 'apply made these tables', looked: at(1), declared: 12, contracts: 9, refused: 1731, canceled: 2, records: '_pintail_incident',
      drift: [{ kind: 'missing', index: index('order_customer_id_idx'), details: `The index order_customer_id_idx is missing. ${hostile}`, rebuilds: true }],
      shed: [{ id: 'a1', label: `read order where customer_id eq ${hostile}`, reason: 'it would scan order', index: 'order_customer_id_idx', since: at(20), refused: 1731, left_ns: 12e9 }],
      repairs: [{ incident: '1', index: 'order_customer_id_idx', by: 'here', since: at(18), state: 'repairing', progress: { phase: 'building', done: 0.43, left_ns: 12e9 } }],
      incidents: [
        { id: '2', subject: 'order_customer_id_idx', kind: 'missing', table: 'order', name: 'order_customer_id_idx', what: `The index order_customer_id_idx of order was dropped. ${hostile}`, state: 'repairing', began: at(20), who: 'another process', noticed_by: 'here', tries: 1, shed: 1731 },
        { id: '1', subject: 'toast_name_idx', kind: 'changed', table: 'toast', name: 'toast_name_idx', what: 'The index toast_name_idx had other columns than the schema file says.', state: 'repaired', began: at(4000), ended: at(3980), who: 'unknown', noticed_by: 'here', tries: 1, build_ns: 2e9, shed: 12 },
      ],
    },
    rehearsal: {
      at: at(90_000), engine: 'sqlite', schema: 'x', to: 100, classes: { flat: 9, 'linear·log': 1, 'quadratic or worse': 1, unknown: 1 }, captured: at(91_000), queries: [
        { shape: 'b1', label: `read order_item, sort price desc ${hostile}`, class: 'quadratic or worse', exponent: 2.02, ms_now: 41, ms_at10: 4100, ms_at100: 410_000 },
        { shape: 'b2', label: 'read order where total gt, sort total desc', class: 'linear·log', exponent: 1.04, ms_now: 12, ms_at10: 131, ms_at100: 1420, advice: ['order: @index(columns: ["-total"])'] },
        { shape: 'b3', label: 'read gone', class: 'unknown', exponent: 0, ms_now: 0, ms_at10: 0, ms_at100: 0, reason: 'the schema has no table gone any more' },
        { shape: 'b4', label: 'read toast where id eq', class: 'flat', exponent: 0, ms_now: 0.05, ms_at10: 0.05, ms_at100: 0.05 }] },
    shapes_known: 31,
    shapes: [
      { id: 'a1', role: 'admin', label: `read order where customer_id eq, sort placed_at desc, with items(toast) ${hostile}`, calls: rate(90_123, 0), errors: rate(1731, 90.4), rows: 6.4, share: 0.62, now: 0, p50_ms: 0.3, p99_ms: 4.4, fresh: false },
      { id: 'a2', role: 'admin', label: 'read toast, sort price desc id, with ingredients', calls: rate(50_123, 700), errors: rate(0, 0), rows: 20, share: 0.3, now: 0.7, p50_ms: 0.01, p99_ms: 0.6, fresh: true },
      { id: 'a3', role: 'admin', label: `read ${'a_very_long_name_without_a_space_'.repeat(6)}`, calls: rate(12, 0.2), errors: rate(0, 0), rows: 1, share: 0.004, now: 0.01, p50_ms: 620, p99_ms: 1310, fresh: true },
    ],
    slow_seen: 31, slow_ms: 500,
    slow: [
      { at: at(60), took_ms: 1310, shape: 'a3', label: `read order where total gt ${hostile}`, how: 'SCAN order\nUSE TEMP B-TREE FOR ORDER BY' },
      { at: at(90), took_ms: 620, shape: 'a3', label: 'read order where total gt', how: '' },
    ],
  }
}

// story is what a story tells, in the form of `pintail story --json`.
export function story(name = 'outage') {
  const event = (kind, at, more) => ({ run: 1, name, began: new Date().toISOString(), unprotected: false, kind: 'event', event: { story: name, kind, at, ...more } })
  const samples = Array.from({ length: 40 }, (_, i) => event('sample', 1 + i / 2, { done: i / 40, values: { good: 900 + 80 * Math.sin(i), shed: i > 10 && i < 30 ? 120 : 0, p99: i > 10 && i < 14 ? 12 : 2.5 } }))
  return [
    { run: 1, name, began: new Date().toISOString(), unprotected: false, kind: 'begun' },
    event('began', 0, { title: 'The index that vanished', text: 'Visitors look at their orders. Then somebody drops an index.', seed: 1, charts: [
      { title: 'Answers', unit: 'a second', lines: [{ key: 'good', label: 'answered', tone: 'good' }, { key: 'shed', label: 'turned away', tone: 'warn' }] },
      { title: 'How long 99 % took', unit: 'ms', log: true, lines: [{ key: 'p99', label: 'p99', tone: 'plain' }] }] }),
    event('step', 4.2, { who: 'story', text: 'A copy of the toast shop opens: 50,000 orders.' }),
    ...samples.slice(0, 11),
    event('step', 6.4, { who: 'world', text: `Another process drops the index order_customer_id_idx. ${hostile}`, mark: 'dropped' }),
    ...samples.slice(11, 31),
    event('step', 6.5, { who: 'pintail', text: 'noticed it after 0.04 s, and turns away the one query that stood on it.' }),
    event('step', 14.9, { who: 'pintail', text: 'has built it again.', mark: 'built' }),
    ...samples.slice(31),
    event('step', 20, { who: 'visitor', text: 'Nobody else has noticed.' }),
    event('figure', 20, { figure: { name: 'shed', label: 'requests turned away', value: 1204, want: 'at least 1,000', ok: true } }),
    event('figure', 20, { figure: { name: 'p99', label: 'p99 of the others', value: 2.61, unit: 'ms', want: 'at most 10 ms', ok: true } }),
    event('figure', 20, { figure: { name: 'lost', label: 'requests of others that were lost', value: 2, want: 'none', ok: false } }),
    event('verdict', 20.2, { result: 'survived', passed: true, text: 'The shop lost an index and hardly anyone noticed.' }),
    { run: 1, name, began: new Date().toISOString(), unprotected: false, kind: 'ended' },
  ]
}
