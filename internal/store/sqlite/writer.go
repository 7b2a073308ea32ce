package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
)

// queueMax bounds the writes that wait for the writer.
const queueMax = 4096

// A writer owns the one connection that writes. It takes what is waiting, runs each request in a savepoint of one
// transaction, and answers all of them after the one COMMIT.
type writer struct {
	s      *Store
	c      *conn
	record *change.Recorder
	queue  chan *request
	holds  chan *hold
	quit   chan struct{} // closed by stop
	done   chan struct{} // closed when run ended
	once   sync.Once
	err    error
}

// A request is one write on its way.
type request struct {
	ctx   context.Context
	tx    store.Tx
	l     *litesql.Plan
	state atomic.Int32 // waiting, taken or abandoned
	res   store.Result
	err   error
	done  chan struct{}
}

const (
	waiting = iota
	taken
	abandoned
)

func newWriter(s *Store, c *conn) *writer {
	return &writer{s: s, c: c, record: change.NewRecorder(nil), queue: make(chan *request, queueMax), holds: make(chan *hold), quit: make(chan struct{}), done: make(chan struct{})}
}

// Write hands a transaction to the writer and waits until it is on disk or refused.
func (s *Store) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	if ctx.Value(insideHook{}) != nil {
		return store.Result{}, errInsideHook()
	}
	l, err := s.compiled(tx.Plan)
	if err != nil {
		return store.Result{}, err
	}
	r := &request{ctx: ctx, tx: tx, l: l, done: make(chan struct{})}
	select {
	case s.writer.queue <- r:
	case <-ctx.Done():
		return store.Result{}, canceled(ctx)
	case <-s.writer.quit:
		return store.Result{}, errClosed()
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return store.Result{}, canceled(ctx)
		}
		<-r.done // it runs: its own interrupt ends it soon, or it is about to be on disk
	case <-s.writer.done:
		select {
		case <-r.done:
		default:
			return store.Result{}, errClosed()
		}
	}
	return r.res, r.err
}

// run is the writer's loop.
func (w *writer) run() {
	defer close(w.done)
	var batch []*request
	var held *request // taken from the queue, but wants to be alone
	for {
		r := held
		if r == nil {
			r = w.next()
		}
		if r == nil {
			w.recorded(w.record.Detach)
			w.err = w.c.close()
			return
		}
		select {
		case h := <-w.holds: // what waits stays waiting, so that it can be given up
			h.last()
		default:
		}
		batch, held = w.gather(append(batch[:0], r))
		w.commit(batch)
		if w.record.Foreign() {
			time.Sleep(turnTime)
		}
	}
}

// next waits for a request, and meanwhile does what others want of the writer; nil when it has been stopped and nothing waits.
func (w *writer) next() *request {
	for {
		select {
		case r := <-w.queue:
			return r
		case <-w.wishes():
			if w.mend() == nil { // else the next write tells somebody
				w.recorded(w.record.Sync)
			}
		case h := <-w.holds:
			h.last()
		case <-w.quit:
			select {
			case r := <-w.queue:
				return r
			default:
				return nil
			}
		}
	}
}

// gather adds to a batch of one request what waits already. A request that wants to be alone ends it, and is given back.
func (w *writer) gather(batch []*request) (_ []*request, held *request) {
	if batch[0].alone() {
		return batch, nil
	}
	for len(batch) < w.s.config.GroupRows {
		select {
		case r := <-w.queue:
			if r.alone() {
				return batch, r
			}
			batch = append(batch, r)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// turnTime is what the writer leaves between its commits while another process writes too. SQLite's lock has no queue: without
// a gap whoever holds it takes it again before the other one wakes up.
const turnTime = 300 * time.Microsecond

// wishes is where readers ask the writer to look for other processes' commits.
func (w *writer) wishes() <-chan struct{} {
	if w.s.feed == nil {
		return nil
	}
	return w.s.feed.Wishes()
}

// recorded runs a step of the recorder, which runs statements on the connection.
func (w *writer) recorded(step func()) {
	if w.c.broken {
		return
	}
	_ = w.c.safely(func() error { step(); return nil }) // the connection is broken then, and what follows says so
}

// alone says that a request must have a transaction of its own: a hook may take its time, and what it does can't be replayed.
func (r *request) alone() bool { return len(r.tx.Before) > 0 }

// stop lets the writer finish what waits, and ends it.
func (w *writer) stop() error {
	w.once.Do(func() { close(w.quit) })
	<-w.done
	return w.err
}

// commit runs a batch in one transaction and answers it.
func (w *writer) commit(batch []*request) {
	live := batch[:0]
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, taken) {
			live = append(live, r)
		}
	}
	if len(live) == 0 {
		return
	}
	if !w.together(live) {
		for _, r := range live {
			if r.err == nil {
				w.together([]*request{r})
			}
		}
	}
	for _, r := range live {
		close(r.done)
	}
}

// together runs requests in one transaction. False means that none of it came to pass, and that those without an error of
// their own are to be run again one by one.
func (w *writer) together(batch []*request) bool {
	err := w.open(batch[0].alone())
	for w.waits(err) && slices.ContainsFunc(batch, func(r *request) bool { return r.ctx.Err() == nil }) {
		err = w.open(batch[0].alone())
	}
	if err != nil {
		w.failAll(batch, err)
		return true
	}
	wrote, whole := w.each(batch)
	if !whole {
		return len(batch) == 1
	}
	w.c.end()
	if err := w.s.place.check(); err != nil && wrote {
		w.c.rollback()
		w.record.RolledBack()
		w.failAll(batch, err)
		return true
	}
	if err := w.end(wrote); err != nil {
		if len(batch) > 1 && !w.c.broken {
			return false
		}
		w.failAll(batch, err)
	}
	return true
}

// each runs the requests of a batch in the open transaction, and says whether one of them wrote something. The transaction isn't
// whole any more where one of them took everyone's work with it; those behind it have not run then.
func (w *writer) each(batch []*request) (wrote, whole bool) {
	for _, r := range batch {
		if r.err != nil {
			continue
		}
		if r.err = w.watched(r); r.err == nil {
			r.err = w.one(r, len(batch) > 1)
		}
		if r.err == nil && !r.res.RolledBack {
			wrote = true
		}
		if w.c.broken { // and with it the transaction
			_ = w.mend() // open tries again
			return wrote, false
		}
		if w.c.GetAutocommit() { // an interrupt, a full disk or ON CONFLICT ROLLBACK
			if r.err == nil {
				r.err = w.s.fault(r.ctx, r.tx.Plan, errGone)
			}
			return wrote, false
		}
	}
	return wrote, true
}

// end commits what was written, or ends a transaction in which nothing was.
func (w *writer) end(wrote bool) error {
	if !wrote {
		err := w.finish("ROLLBACK")
		w.record.RolledBack()
		return err
	}
	w.recorded(w.record.Committing)
	err := w.finish("COMMIT")
	w.recorded(func() { w.record.Committed(err) })
	return err
}

// finish runs the statement that ends a transaction. Where it fails, nothing of the transaction is left.
func (w *writer) finish(sql string) error {
	err := w.c.safely(func() error { return w.c.exec(sql) })
	if err != nil {
		w.c.rollback()
	}
	return err
}

// open begins a transaction, in which foreign keys may wait for the request's end from its beginning on.
func (w *writer) open(defers bool) error {
	if err := w.mend(); err != nil {
		return err
	}
	err := w.c.safely(func() error {
		w.c.end()
		w.c.defers = false
		if err := w.c.exec("BEGIN IMMEDIATE"); err != nil || !defers {
			return err
		}
		return w.c.deferKeys()
	})
	if err != nil {
		w.c.rollback()
		return err
	}
	w.recorded(w.record.Begin)
	return nil
}

// waits says whether a transaction couldn't begin because another process holds the lock for as long as it builds an index.
func (w *writer) waits(err error) bool {
	if !errors.Is(err, sqlite3.BUSY) {
		return false
	}
	watch := w.s.watch.Load()
	return watch != nil && watch.watcher.Waits()
}

// watched asks whether a request may run on the schema as it is now, which nobody can change while the transaction lasts.
func (w *writer) watched(r *request) error {
	return w.c.safely(func() error {
		end, err := w.s.watched(r.ctx, w.c, r.tx.Plan, r.tx.Args)
		end()
		return w.s.fault(r.ctx, r.tx.Plan, err)
	})
}

func (w *writer) failAll(batch []*request, err error) {
	for _, r := range batch {
		if r.err == nil {
			r.res, r.err = store.Result{}, w.s.fault(context.Background(), r.tx.Plan, err)
		}
	}
}

// one runs a request, whatever becomes of it: a panic is a bug in one request, or one that asks too much, and ends that
// request alone.
func (w *writer) one(r *request, group bool) error {
	err := w.c.safely(func() error { return w.inside(r, group) })
	if w.c.broken && err == nil {
		err = errGone
	}
	if err != nil {
		err = w.s.fault(r.ctx, r.tx.Plan, err)
		r.res = store.Result{}
	}
	return err
}

// inside runs a request. In a group, a savepoint around it keeps the others' work when it fails.
func (w *writer) inside(r *request, group bool) error {
	c := w.c
	if r.ctx.Err() != nil {
		return canceled(r.ctx)
	}
	if group {
		if err := c.exec("SAVEPOINT request"); err != nil {
			return w.s.fault(r.ctx, r.tx.Plan, err)
		}
	}
	mark := w.record.Mark()
	err := w.attempt(r)
	if err != nil && c.unkept(err) && !c.broken && !c.GetAutocommit() {
		w.record.CutBack(mark)
		if err = w.deferAgain(r, group); err == nil {
			err = w.attempt(r)
		}
	}
	if err != nil {
		err = w.s.fault(r.ctx, r.tx.Plan, c.cause(err))
	}
	c.end()
	undo := err != nil || r.tx.Plan.End.Rollback
	if err == nil {
		r.res.RolledBack = r.tx.Plan.End.Rollback
	}
	if c.broken || c.GetAutocommit() {
		return err
	}
	if undo {
		w.record.CutBack(mark)
	}
	switch {
	case !group && undo:
		if e := c.exec("ROLLBACK"); e != nil && err == nil {
			err = w.s.fault(r.ctx, r.tx.Plan, e)
		}
		if err == nil { // answered, and rolled back as it asked: a transaction is open for what follows
			if e := c.exec("BEGIN"); e != nil {
				err = w.s.fault(r.ctx, r.tx.Plan, e)
			}
		}
	case group && undo:
		if e := c.exec("ROLLBACK TO request"); e != nil {
			c.rollback()
			return w.s.fault(r.ctx, r.tx.Plan, e)
		}
		fallthrough
	case group:
		if e := c.exec("RELEASE request"); e != nil {
			c.rollback()
			return w.s.fault(r.ctx, r.tx.Plan, e)
		}
	}
	return err
}

// attempt runs what a request asks for.
func (w *writer) attempt(r *request) error {
	if r.tx.Plan.Facts.Opaque {
		w.record.Opaque()
	}
	if err := w.c.begin(r.ctx, w.s.config.Statement); err != nil {
		return err
	}
	if err := w.hooks(r); err != nil {
		return err
	}
	var err error
	r.res, err = w.s.change(w.c, r.l, r.tx.Plan, r.tx.Args, true)
	return err
}

// deferAgain takes back what a request did that met an unsatisfied foreign key, and lets foreign keys wait for the
// request's end from here on.
func (w *writer) deferAgain(r *request, group bool) error {
	w.c.end()
	if group {
		if err := w.c.exec("ROLLBACK TO request"); err != nil {
			return err
		}
		return w.c.deferKeys()
	}
	if err := w.c.exec("ROLLBACK"); err != nil {
		return err
	}
	w.record.RolledBack()
	if err := w.c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	w.recorded(w.record.Begin)
	if err := w.watched(r); err != nil { // another process may have had the lock between the two
		return err
	}
	return w.c.deferKeys()
}

// A handle is what a hook gets: the running transaction.
type handle struct {
	mu     sync.Mutex
	s      *Store
	c      *conn
	record *change.Recorder
	closed bool
}

var _ store.Handle = (*handle)(nil)
