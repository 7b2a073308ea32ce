package change

import (
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/change/mutant"
)

// foreignTime is how long after another process wrote it is taken to be writing still.
const foreignTime = time.Second

// A Recorder writes down what one connection changes, and publishes it to a feed. It belongs to the goroutine that writes. None of its
// methods fails a write: where it loses sight of the order it says so to the feed, which then tells nobody that anything is fresh.
//
//	r.Attach(conn)
//	BEGIN IMMEDIATE; r.Begin(); …; r.Committing(); COMMIT; r.Committed(nil)   // or r.RolledBack()
//	m := r.Mark(); SAVEPOINT s; …; ROLLBACK TO s; r.CutBack(m)
type Recorder struct {
	feed    *Feed
	conn    *sqlite3.Conn
	version *sqlite3.Stmt // PRAGMA data_version
	schema  *sqlite3.Stmt // PRAGMA schema_version

	epoch, seq uint64
	seen       int64  // data_version
	last       header // of the last stamp
	foreignAt  time.Time

	listener Listener // of the transaction that runs; nil records nothing
	hooked   bool
	catalog  *Catalog
	rows     []Row
	slab     []Value
	whole    []*Table
	touched  bool // the hook was called
	opaque   bool // statements ran of which nobody knows what they do
	strange  bool // something changed that the catalog doesn't know
	promised bool // Committing has told the listener
	before   header
	blind    bool // the index that is mapped isn't the connection's, and never will be
}

// NewRecorder returns a recorder that publishes to f. A nil feed makes one that does nothing.
func NewRecorder(f *Feed) *Recorder { return &Recorder{feed: f} }

// Attach records what conn changes from now on. Unless nobody has committed since the connection before it was detached, a
// new epoch begins.
func (r *Recorder) Attach(conn *sqlite3.Conn) {
	if r.feed == nil {
		return
	}
	r.Detach()
	r.conn = conn
	r.Sync()
}

// Detach gives back what is kept on the connection, before it is closed.
func (r *Recorder) Detach() {
	if r.feed == nil {
		return
	}
	r.feed.now.Store(nil)
	if r.promised { // nobody knows what became of it; its tags are raised
		r.seq++
	}
	kept := []*sqlite3.Stmt{r.version, r.schema}
	r.version, r.schema, r.conn, r.hooked, r.catalog = nil, nil, nil, false, nil
	r.reset()
	for _, st := range kept {
		if st != nil {
			st.Close()
		}
	}
}

func (r *Recorder) active() bool { return r.feed != nil && r.conn != nil }

// Foreign says whether another process has written within the last second.
func (r *Recorder) Foreign() bool {
	return r.active() && !r.foreignAt.IsZero() && time.Since(r.foreignAt) < foreignTime
}

// Sync looks whether somebody else has committed, and publishes where the order stands. Between transactions, or right after
// BEGIN IMMEDIATE.
func (r *Recorder) Sync() {
	if !r.active() || r.blind || r.feed.listening() == nil {
		return
	}
	h := r.feed.index.header() // before data_version: what is committed between the two makes the next look differ
	moved := r.feed.now.Load() != nil && h != r.last
	r.publish(h, moved && !mutant.Is(mutant.ForeignCheckLeft)) // by whom doesn't matter: it was no recorded commit
}

// publish says that the order stands at h, in a new epoch where lost, or where data_version says that somebody else has
// committed before this moment.
func (r *Recorder) publish(h header, lost bool) {
	fresh, v0 := r.feed.now.Load() == nil, r.seen
	v, err := r.ask(&r.version, "PRAGMA data_version")
	if fresh && err == nil && r.epoch > 0 && r.last == r.feed.index.header() { // the same state: data_version was only asked anew
		fresh, lost, v0 = false, false, v
		err = r.learn()
	}
	if err == nil && (fresh || lost || v != v0) {
		if !fresh && v != v0 {
			r.foreignAt = time.Now()
		}
		if !fresh && !lost && mutant.Is(mutant.ForeignCheckLeft) {
			r.seen = v
		} else {
			r.epoch++
		}
		err = r.learn()
	}
	if h == r.before && r.promised && !r.feed.index.same() { // a commit that doesn't move the header: whose is it?
		r.blind = true
	}
	if err != nil || r.blind {
		r.feed.now.Store(nil)
		return
	}
	r.seen, r.last = v, h
	r.feed.now.Store(&Stamp{Epoch: r.epoch, Seq: r.seq, header: h})
}

// altered says whether the schema isn't that of the catalog any more.
func (r *Recorder) altered() bool {
	v, err := r.ask(&r.schema, "PRAGMA schema_version")
	return err != nil || r.catalog == nil || r.catalog.Version != v
}

// learn reads the catalog again where the schema has changed.
func (r *Recorder) learn() error {
	v, err := r.ask(&r.schema, "PRAGMA schema_version")
	if err != nil {
		return err
	}
	if r.catalog != nil && (r.catalog.Version == v || mutant.Is(mutant.DDLForgotten)) {
		return nil
	}
	c, err := ReadCatalog(r.conn)
	if err != nil {
		return err
	}
	r.catalog = c
	r.feed.catalog.Store(c)
	return nil
}

// ask runs a pragma that is kept prepared.
func (r *Recorder) ask(kept **sqlite3.Stmt, sql string) (int64, error) {
	if *kept == nil {
		st, _, err := r.conn.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
		if err != nil {
			return 0, err
		}
		*kept = st
	}
	st := *kept
	st.Step()
	v := st.ColumnInt64(0)
	return v, st.Reset()
}

// Begin begins a transaction's record: right after BEGIN IMMEDIATE, when nobody else can commit.
func (r *Recorder) Begin() {
	if !r.active() {
		return
	}
	if !mutant.Is(mutant.ReplayCountedTwice) {
		r.reset()
	}
	if r.listener = r.feed.listening(); r.listener == nil {
		return
	}
	s := r.feed.now.Load()
	if s == nil || s.header != r.feed.index.header() {
		r.Sync()
	}
	if !r.hooked {
		r.conn.PreUpdateHook(r.changed)
		r.hooked = r.expire() == nil
		r.strange = !r.hooked
	}
}

// expire makes SQLite prepare every statement anew. One that was prepared before there was a hook may empty a table without a
// look at its rows; to have an authorizer is what makes SQLite forget them all.
func (r *Recorder) expire() error {
	all := func(sqlite3.AuthorizerActionCode, string, string, string, string) sqlite3.AuthorizerReturnCode {
		return sqlite3.AUTH_OK
	}
	if err := r.conn.SetAuthorizer(all); err != nil {
		return err
	}
	return r.conn.SetAuthorizer(nil)
}

func (r *Recorder) reset() {
	clear(r.rows) // what was changed is for nobody to keep
	clear(r.slab)
	r.rows, r.slab, r.whole = r.rows[:0], r.slab[:0], r.whole[:0]
	r.touched, r.opaque, r.strange, r.promised = false, false, false, false
	if cap(r.slab) > 1<<16 { // of a large transaction
		r.rows, r.slab = nil, nil
	}
}

// Opaque notes that a statement runs which may be DDL, of which the hook isn't told.
func (r *Recorder) Opaque() { r.opaque = true }

// A Mark is a place in the record of the transaction that runs.
type Mark int

// Mark is where the record stands, for CutBack.
func (r *Recorder) Mark() Mark { return Mark(len(r.rows)) }

// CutBack forgets the rows since m, which were rolled back: SQLite doesn't say so to the hook. That a table changed more than
// is written down stays on the record; that costs a miss, never a stale answer.
func (r *Recorder) CutBack(m Mark) {
	if int(m) <= len(r.rows) {
		clear(r.rows[m:])
		r.rows = r.rows[:m]
	}
}

// changed is the pre-update hook. No panic may pass through SQLite.
func (r *Recorder) changed(p sqlite3.PreUpdateData) {
	defer func() {
		if recover() != nil {
			r.strange = true
		}
	}()
	r.touched = true
	if p.Schema != "main" { // temporary tables are nobody else's, and nothing else is attached
		return
	}
	if r.listener == nil || r.catalog == nil {
		r.strange = true
		return
	}
	t, ok := r.catalog.Table(p.Table)
	if !ok {
		r.strange = true
		return
	}
	if mutant.Is(mutant.CascadeForgotten) && p.Depth() > 0 || mutant.Is(mutant.ReplaceForgotten) && r.replaces(&p) {
		return
	}
	want := r.listener.Columns(t)
	if want == nil || len(r.rows) >= rowsMax {
		if !slices.Contains(r.whole, t) {
			r.whole = append(r.whole, t)
		}
		return
	}
	row := Row{Table: t}
	switch p.Op {
	case sqlite3.AUTH_INSERT:
		row.Op, row.New = Insert, r.image(t, want, p.New)
	case sqlite3.AUTH_DELETE:
		row.Op, row.Old = Delete, r.image(t, want, p.Old)
	default:
		row.Op, row.Old, row.New = Update, r.image(t, want, p.Old), r.image(t, want, p.New)
	}
	r.rows = append(r.rows, row)
}

// replaces says whether a row is deleted by a statement that isn't a DELETE.
func (r *Recorder) replaces(p *sqlite3.PreUpdateData) bool {
	if p.Op != sqlite3.AUTH_DELETE || p.Depth() > 0 {
		return false
	}
	for st := range r.conn.Stmts() {
		if sql := Fold(st.SQL()); st.Busy() && len(sql) > 6 && (sql[:6] == "insert" || sql[:6] == "update" || sql[:6] == "replac") {
			return true
		}
	}
	return false
}

// image reads the wanted columns.
func (r *Recorder) image(t *Table, want []bool, get func(int) (sqlite3.Value, error)) []Value {
	at := len(r.slab)
	r.slab = slices.Grow(r.slab, len(t.Columns))[:at+len(t.Columns)]
	out := r.slab[at:len(r.slab):len(r.slab)]
	for i := range out {
		if i < len(want) && want[i] && !t.Columns[i].Virtual {
			out[i] = read(get(i))
		}
	}
	return out
}

func read(v sqlite3.Value, err error) Value {
	if err != nil {
		return Value{}
	}
	switch v.Type() {
	case sqlite3.NULL:
		return Value{Kind: Null}
	case sqlite3.INTEGER:
		return Value{Kind: Integer, Int: v.Int64()}
	case sqlite3.FLOAT:
		return Value{Kind: Float, Real: v.Float()}
	case sqlite3.TEXT:
		return Value{Kind: Text, Data: string(v.RawText())}
	case sqlite3.BLOB:
		return Value{Kind: Blob, Data: string(v.RawBlob())}
	}
	return Value{}
}

// Committing tells the listener what the COMMIT that follows will make visible.
func (r *Recorder) Committing() {
	if !r.active() {
		return
	}
	r.before = r.feed.index.header()
	if r.listener == nil || len(r.rows) == 0 && len(r.whole) == 0 {
		return
	}
	r.promised = true
	w := r.seq + 1
	r.feed.pending.Store(w) // before the listener looks at what is wanted: see Feed.Pending
	if mutant.Is(mutant.TagsAfterCommit) {
		return
	}
	r.tell(w)
	if mutant.Is(mutant.SeqBeforeCommit) {
		if s := r.feed.now.Load(); s != nil {
			r.feed.now.Store(&Stamp{Epoch: s.Epoch, Seq: w, header: s.header})
		}
		mutant.Pause(mutant.SeqBeforeCommit)
	}
}

func (r *Recorder) tell(seq uint64) {
	tables := slices.Clone(r.whole)
	for i := range r.rows {
		if t := r.rows[i].Table; (i == 0 || t != r.rows[i-1].Table) && !slices.Contains(tables, t) {
			tables = append(tables, t)
		}
	}
	r.listener.Commit(&Commit{Seq: seq, Rows: r.rows, Tables: tables, Whole: r.whole})
}

// Committed publishes how a COMMIT ended, before anybody hears of it.
func (r *Recorder) Committed(failed error) {
	if !r.active() {
		return
	}
	h := r.feed.index.header()
	if r.promised {
		r.seq++
	}
	if r.listener == nil && r.feed.listening() == nil {
		r.reset()
		return
	}
	// Lost: what a commit whose record is empty or strange changed (DDL, or what was written while nobody listened yet), and
	// what may have become of one that failed.
	lost := failed != nil || r.strange || h != r.before && (!r.touched || r.opaque && r.altered())
	late := r.promised && mutant.Is(mutant.TagsAfterCommit)
	r.publish(h, lost)
	if late {
		mutant.Pause(mutant.TagsAfterCommit)
		r.tell(r.seq)
	}
	r.reset()
}

// RolledBack forgets the transaction.
func (r *Recorder) RolledBack() { r.reset() }
