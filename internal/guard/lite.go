package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A LiteConfig says which SQLite file to guard.
type LiteConfig struct {
	Path  string
	VFS   string        // as sqlite.Config's
	Store *sqlite.Store // what serves the file in this process; nil for nobody
}

// A Lite is the Engine of SQLite. It reads the catalog and explains on one connection. What takes long has one of its own as long as it
// takes, and an empty copy of the schema is made in memory when it is needed.
type Lite struct {
	config  LiteConfig
	live    *sqlite.Beside
	records *liteRecords

	pagesMost int // of the file while something is repaired, for tests of a full disk; 0 for no limit

	mu     sync.Mutex // guards what follows
	last   liteCatalog
	copies []*liteCopy // of schemas, the last used first
	stats  liteStats
}

var _ Engine = (*Lite)(nil)

// copiesMax is how many schemas have a copy: the one that is served, and the one that was applied.
const copiesMax = 2

// A liteCopy is an empty database of a schema.
type liteCopy struct {
	of      *schema.Schema
	db      *sqlite.Beside // nil while nobody needs it
	catalog liteCatalog
	stats   int // of liteStats, which it has
}

// open makes the empty database.
func (c *liteCopy) open(ctx context.Context) error {
	db, err := sqlite.NewBeside()
	if err != nil {
		return err
	}
	err = db.Do(ctx, lookLimit, func(conn *sqlite3.Conn) (err error) {
		statements, _ := migrate.Create(c.of, migrate.SQLite)
		for _, st := range statements {
			if err := conn.Exec(st.SQL); err != nil && !st.Late { // a view may name what only the live file has
				return fmt.Errorf("make an empty copy of the schema: %w", err)
			}
		}
		c.catalog, err = readLite(conn)
		return err
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	c.db, c.stats, c.catalog.names = db, -1, namesOf(c.of)
	return nil
}

// close gives its memory back.
func (c *liteCopy) close() error {
	if c.db == nil {
		return nil
	}
	db := c.db
	c.db = nil
	return db.Close()
}

// NewLite opens the connection. The file must be there.
func NewLite(c LiteConfig) (*Lite, error) {
	live, err := sqlite.OpenBeside(c.Path, c.VFS)
	if err != nil {
		return nil, err
	}
	l := &Lite{config: c, live: live}
	l.records = newLiteRecords(l)
	return l, nil
}

// Close closes the connections.
func (l *Lite) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	errs := []error{l.live.Close(), l.records.close()}
	for _, c := range l.copies {
		errs = append(errs, c.close())
	}
	l.copies = nil
	return errors.Join(errs...)
}

// Capacity is how many reads run at once.
func (l *Lite) Capacity() int {
	if l.config.Store == nil {
		return 2
	}
	return l.config.Store.Readers()
}

// apart runs what takes long on a connection of its own.
func (l *Lite) apart(ctx context.Context, f func(*sqlite3.Conn) error) error {
	b, err := sqlite.OpenBeside(l.config.Path, l.config.VFS)
	if err != nil {
		return err
	}
	return errors.Join(b.Do(ctx, buildLimit, f), b.Close())
}

// Records is Pintail's own table in the file, or a file beside it.
func (l *Lite) Records() Records { return l.records }

// copy gives the empty database of a schema.
func (l *Lite) copy(ctx context.Context, s *schema.Schema) (*liteCopy, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range l.copies {
		if c.of == s {
			l.copies[0], l.copies[i] = l.copies[i], l.copies[0]
			return c, nil
		}
	}
	c := &liteCopy{of: s}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	err := c.close()
	for len(l.copies) >= copiesMax {
		last := len(l.copies) - 1
		err = errors.Join(err, l.copies[last].close())
		l.copies = l.copies[:last]
	}
	l.copies = append([]*liteCopy{c}, l.copies...)
	return c, err
}

// Declared gives what a schema makes, read from an empty database of it: so it is spelled just as the live one's.
func (l *Lite) Declared(ctx context.Context, s *schema.Schema) ([]Index, error) {
	c, err := l.copy(ctx, s)
	if err != nil {
		return nil, err
	}
	names := namesOf(s)
	var out []Index
	for _, x := range c.catalog.indexes {
		if i, ok := x.index(names); ok {
			i.Create = x.create()
			out = append(out, i)
		}
	}
	return out, nil
}

// namesOf gives the tables of a schema by their names in the file.
func namesOf(s *schema.Schema) map[string]schema.Name {
	out := map[string]schema.Name{}
	for _, t := range s.Tables {
		if t.View == nil {
			out[strings.ToLower(litesql.StoredName(t.Name))] = t.Name
		}
	}
	return out
}

// Explain asks the live file.
func (l *Lite) Explain(ctx context.Context, p *plan.Plan, args query.Args) ([]Standing, error) {
	a, err := l.live.Accesses(ctx, p, args)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return []Standing{standing(a, &l.last)}, nil
}

// ExplainDeclared asks the empty copy, with the statistics that the live file had when all was well.
func (l *Lite) ExplainDeclared(ctx context.Context, s *schema.Schema, p *plan.Plan, args query.Args) ([]Standing, error) {
	c, err := l.copy(ctx, s)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.db == nil {
		if err := c.open(ctx); err != nil {
			return nil, err
		}
	}
	if c.stats != l.stats.version {
		if err := c.db.Do(ctx, lookLimit, l.stats.write); err != nil {
			return nil, fmt.Errorf("copy statistics: %w", err)
		}
		c.stats = l.stats.version
	}
	a, err := c.db.Accesses(ctx, p, args)
	if err != nil {
		return nil, err
	}
	return []Standing{standing(a, &c.catalog)}, nil
}

// standing turns what SQLite says into what the guard compares.
func standing(a sqlite.Access, c *liteCatalog) Standing {
	out := Standing{Sorts: a.Sorts, Writes: slices.Clone(a.Puts)}
	for i, t := range out.Writes {
		out.Writes[i] = c.nameOf(t)
	}
	for _, r := range a.Readings {
		x := c.byName[strings.ToLower(r.Index)]
		table := r.Table
		switch {
		case r.Index != "" && x != nil:
			table = x.table
			out.Indexes = append(out.Indexes, x.id())
		case r.Index == "" && !r.Built && c.keys[strings.ToLower(table)] != nil:
			out.Indexes = append(out.Indexes, c.keys[strings.ToLower(table)].id())
		}
		if r.Scan && (x == nil || !x.partial) {
			s := Scan{Table: c.nameOf(table)}
			if x != nil {
				s.Index = x.id()
			}
			out.Scans = append(out.Scans, s)
		}
	}
	slices.Sort(out.Indexes)
	out.Indexes = slices.Compact(out.Indexes)
	return out
}

// Rows counts.
func (l *Lite) Rows(ctx context.Context, t schema.Name, most int64) (n int64, err error) {
	err = l.live.Do(ctx, lookLimit, func(c *sqlite3.Conn) error {
		n, err = liteNumber(c, fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d)", litesql.Ident(litesql.StoredName(t)), most))
		return err
	})
	return n, err
}

// liteNumber runs a query that gives one number.
func liteNumber(c *sqlite3.Conn, sql string) (int64, error) {
	st, _, err := c.Prepare(sql)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	if !st.Step() {
		return 0, st.Err()
	}
	return st.ColumnInt64(0), nil
}

// Damaged says whether SQLite found the file malformed.
func (l *Lite) Damaged(err error) bool {
	return errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// Who names the processes that have the file open: SQLite doesn't say who changed it.
func (l *Lite) Who(context.Context, Drift) string { return whoHasOpen(l.config.Path) }

// A liteWatcher tells the guard of a changed schema from inside the store's transactions.
type liteWatcher struct {
	g *Guard
	l *Lite
}

// WatchLite makes a store tell the guard of every change of the schema before the next statement runs.
func WatchLite(s *sqlite.Store, g *Guard, l *Lite) { s.Watch(&liteWatcher{g, l}) }

// SchemaChanged looks, and refuses the plan where it stands on what is lost.
func (w *liteWatcher) SchemaChanged(ctx context.Context, _ int64, p *plan.Plan, args query.Args) error {
	if err := w.g.look(context.WithoutCancel(ctx), false); err != nil {
		return nil // the loop says so; what can't be known refuses nobody
	}
	w.l.mu.Lock()
	known := w.l.last.version
	w.l.mu.Unlock()
	w.l.config.Store.Known(known) // after the situation is known to everyone, who are asked before they run
	return w.g.refuse(ctx, w.g.entry(p, args), p, args)
}

// Waits says whether another process builds.
func (w *liteWatcher) Waits() bool { return w.g.Waits() }

// hold keeps this process's writer from writing while the guard does: SQLite's lock has no queue, and a busy writer would never
// let go of it for long enough.
func (l *Lite) hold(ctx context.Context) (release func(), err error) {
	if l.config.Store == nil {
		return func() {}, nil
	}
	return l.config.Store.Hold(ctx)
}

// busyAs makes an error that is worth another try of one of a lock that others hold.
func busyAs(err error, who string) error {
	if errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.LOCKED) {
		return &RetryError{Block: who, Err: fmt.Errorf("another process holds the file's write lock: %w", err)}
	}
	return err
}

// buildLimit bounds one repair.
const buildLimit = 6 * time.Hour
