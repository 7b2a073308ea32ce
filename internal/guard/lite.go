package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	catalog liteCatalog
	tables  map[string][]string // the statements that make each, by its name in the file
	views   []string

	db    *sqlite.Beside  // nil while nobody needs it
	made  map[string]bool // the tables that it has; with "" the views too
	stats int             // of liteStats, which it has
}

const (
	// copiedAtOnce is how many tables are made in one empty database while they are spelled: SQLite reads all definitions again for each new one.
	copiedAtOnce = 40

	// copiedMax is how many tables a schema may have for a plan to be held against all of them: one that reads a view, or is a named query.
	copiedMax = 400
)

// spell makes every table once, to read its indexes as the live file has them.
func (c *liteCopy) spell(ctx context.Context) error {
	statements, _ := migrate.Create(c.of, migrate.SQLite)
	c.tables = map[string][]string{}
	c.catalog = liteCatalog{byName: map[string]*liteIndex{}, keys: map[string]*liteIndex{}, tables: map[string]string{}, names: namesOf(c.of)}
	var names []string
	plain := plainNames(c.of)
	for _, st := range statements {
		switch {
		case !st.Late:
			names = append(names, plain[len(names)])
			c.tables[names[len(names)-1]] = []string{st.SQL}
		case strings.HasPrefix(st.SQL, "CREATE VIEW"):
			c.views = append(c.views, st.SQL)
		default:
			name := names[len(names)-1]
			c.tables[name] = append(c.tables[name], st.SQL)
		}
	}
	for batch := range slices.Chunk(names, copiedAtOnce) {
		if err := c.spellSome(ctx, batch); err != nil {
			return fmt.Errorf("make an empty copy of the schema: %w", err)
		}
	}
	return nil
}

// plainNames are the tables that migrate.Create makes, in its order.
func plainNames(s *schema.Schema) (out []string) {
	impossible := migrate.NotOnSQLite(s)
	for _, t := range s.Tables {
		if t.View == nil && impossible[t] == "" {
			out = append(out, litesql.StoredName(t.Name))
		}
	}
	return out
}

func (c *liteCopy) spellSome(ctx context.Context, tables []string) error {
	db, err := sqlite.NewBeside()
	if err != nil {
		return err
	}
	err = db.Do(ctx, lookLimit, func(conn *sqlite3.Conn) error {
		for _, t := range tables {
			for _, sql := range c.tables[t] {
				if err := conn.Exec(sql); err != nil {
					return err
				}
			}
		}
		some, err := readLite(conn)
		c.catalog.indexes = append(c.catalog.indexes, some.indexes...)
		c.catalog.foreign = append(c.catalog.foreign, some.foreign...)
		maps.Copy(c.catalog.byName, some.byName)
		maps.Copy(c.catalog.keys, some.keys)
		maps.Copy(c.catalog.tables, some.tables)
		return err
	})
	return errors.Join(err, db.Close())
}

// open makes the empty database, with what a plan needs.
func (c *liteCopy) open(ctx context.Context, p *plan.Plan) (err error) {
	if c.db != nil && c.db.Broken() {
		_ = c.close() // it is out of use, whatever it says
	}
	if c.db == nil {
		if c.db, err = sqlite.NewBeside(); err != nil {
			return err
		}
		c.made, c.stats = map[string]bool{}, -1
	}
	need, all := c.needs(p)
	return c.db.Do(ctx, lookLimit, func(conn *sqlite3.Conn) error {
		for _, t := range need {
			if c.made[t] {
				continue
			}
			for _, sql := range c.tables[t] {
				if err := conn.Exec(sql); err != nil {
					return fmt.Errorf("make an empty copy of %s: %w", t, err)
				}
			}
			c.made[t], c.stats = true, -1
		}
		if all && !c.made[""] {
			c.made[""] = true
			for _, sql := range c.views {
				_ = conn.Exec(sql) // one may name what only the live file has; whoever reads it hears so
			}
		}
		return nil
	})
}

// needs gives the tables that a plan may touch: its own, and those whose keys refer to them. A view or a named query may touch any.
func (c *liteCopy) needs(p *plan.Plan) (tables []string, all bool) {
	seen := map[string]bool{}
	add := func(t *schema.Table) {
		if name := litesql.StoredName(t.Name); !seen[name] && t.View == nil {
			seen[name] = true
			tables = append(tables, name)
		}
	}
	own := slices.Concat(p.Facts.Reads, p.Facts.Writes)
	all = p.Facts.Opaque || slices.ContainsFunc(own, func(t *schema.Table) bool { return t.View != nil })
	if all && len(c.tables) <= copiedMax {
		return slices.Sorted(maps.Keys(c.tables)), true
	}
	for _, t := range own {
		add(t)
		for _, f := range t.Foreign {
			add(f.To)
		}
		for _, r := range t.Relations {
			if r.Foreign != nil {
				add(r.Foreign.Table)
			}
		}
	}
	return tables, false
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

// copy gives the empty database of a schema. The caller holds the lock as long as it uses it.
func (l *Lite) copy(ctx context.Context, s *schema.Schema) (*liteCopy, error) {
	for i, c := range l.copies {
		if c.of == s {
			l.copies[0], l.copies[i] = l.copies[i], l.copies[0]
			return c, nil
		}
	}
	c := &liteCopy{of: s}
	err := c.spell(ctx)
	if err != nil {
		return nil, err
	}
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
	l.mu.Lock()
	defer l.mu.Unlock()
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
	for _, f := range c.catalog.foreign {
		if i, ok := f.index(names); ok {
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
	l.mu.Lock()
	defer l.mu.Unlock()
	c, err := l.copy(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := c.open(ctx, p); err != nil {
		return nil, err
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
	out := Standing{Sorts: a.Sorts}
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

// Puts asks SQLite's authorizer, which hears of whatever a statement would do.
func (l *Lite) Puts(ctx context.Context, p *plan.Plan) ([]Put, error) {
	puts, err := l.live.Puts(ctx, p)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Put
	for _, x := range puts {
		by := "an action of a foreign key"
		switch {
		case x.Trigger != "":
			by = "the trigger " + x.Trigger
		case x.Called:
			by = "the named query"
		}
		out = append(out, Put{Table: l.last.nameOf(x.Table), Column: x.Column, By: by})
	}
	return out, nil
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
func (w *liteWatcher) SchemaChanged(ctx context.Context, version int64, p *plan.Plan, args query.Args) error {
	if err := w.g.look(context.WithoutCancel(ctx), false); err != nil {
		return nil // the loop says so; what can't be known refuses nobody
	}
	// After the situation is known to everyone, who are asked before they run. A later version may have been read by now, but not yet judged.
	w.l.config.Store.Known(version)
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
