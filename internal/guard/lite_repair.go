package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
)

// create is the statement that makes an index of a schema's empty copy; for a unique constraint, which only its table can have, that of a
// unique index that stands for it. Empty for a key that no index can stand for: one that numbers its rows.
func (x *liteIndex) create() string {
	if x.rowid {
		return ""
	}
	if x.origin == "c" {
		return x.sql
	}
	parts := make([]string, len(x.keys))
	for i, k := range x.keys {
		parts[i] = litesql.Ident(k.column)
		if k.collate != "BINARY" {
			parts[i] += " COLLATE " + litesql.Ident(k.collate)
		}
		if k.desc {
			parts[i] += " DESC"
		}
	}
	end := "_key"
	if x.origin == "pk" {
		end = "_pkey"
	}
	name := x.table
	for _, k := range x.keys {
		name += "_" + k.column
	}
	return "CREATE UNIQUE INDEX " + litesql.Ident(name+end) + " ON " + litesql.Ident(x.table) + " (" + strings.Join(parts, ", ") + ")"
}

// Repair builds in one transaction, in which it looks again first. Readers go on meanwhile; writers of this process wait, those of
// others for as long as they are told to.
func (l *Lite) Repair(ctx context.Context, r Repair) error {
	if r.Progress == nil {
		r.Progress = func(Progress) {}
	}
	if r.Drift.Index.Create == "" && (r.Drift.Kind == Missing || r.Drift.Kind == Changed) {
		return errors.New("a key that numbers the rows of its table can't be made again beside it: run `pintail schema apply`, which makes the table anew")
	}
	release, err := l.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	total := l.steps(ctx, &r.Drift)
	counted := &counting{Context: ctx, began: time.Now(), total: total, tell: r.Progress}
	return l.apart(counted, func(c *sqlite3.Conn) error {
		if err := c.Exec("PRAGMA temp_store = FILE"); err != nil { // it may sort more than memory holds
			return err
		}
		if l.pagesMost > 0 {
			if err := c.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", l.pagesMost)); err != nil {
				return err
			}
		}
		if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
			return busyAs(err, "")
		}
		counted.building, counted.told = true, time.Time{}
		if err := l.rebuild(c, &r.Drift); err != nil {
			if errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) {
				return l.doubled(c, r.Drift.Index, err)
			}
			return err
		}
		return c.Exec("COMMIT")
	})
}

// rebuild does what a difference needs, if it is still there.
func (l *Lite) rebuild(c *sqlite3.Conn, d *Drift) error {
	table := litesql.Ident(litesql.StoredName(d.Index.Table))
	switch d.Kind {
	case Statistics, Unused:
		return c.Exec("ANALYZE " + table)
	}
	now, err := readLiteInside(c)
	if err != nil {
		return err
	}
	live := now.byID(d.Index.ID)
	switch {
	case live == nil:
	case d.Kind == Corrupt:
		return rebuildLite(c, live.name)
	case live.definition() == d.Index.Definition:
		return nil // somebody else did it
	case live.origin == "c":
		if err := c.Exec("DROP INDEX " + litesql.Ident(live.name)); err != nil {
			return err
		}
	}
	if err := c.Exec(d.Index.Create); err != nil {
		return fmt.Errorf("%s: %w", d.Index.Create, err)
	}
	return l.restoreStats(c, d.Index.Name)
}

// restoreStats gives an index back the statistics that it had. Every connection reads them with the new schema.
func (l *Lite) restoreStats(c *sqlite3.Conn, index string) error {
	has := false
	err := liteEach(c, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4'", func(*sqlite3.Stmt) { has = true })
	if err != nil || !has {
		return err
	}
	for _, table := range []string{"sqlite_stat1", "sqlite_stat4"} {
		st, _, err := c.Prepare("DELETE FROM " + table + " WHERE idx = ?1")
		if err != nil {
			return err
		}
		err = bindTexts(st, index)
		if err = errors.Join(err, st.Close()); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats.put(c, index)
}

// byID finds an index.
func (c *liteCatalog) byID(id string) *liteIndex {
	for _, x := range c.indexes {
		if x.id() == id {
			return x
		}
	}
	return nil
}

// doubled finds the rows because of which a unique index can't be built.
func (l *Lite) doubled(c *sqlite3.Conn, x Index, cause error) error {
	if err := c.Exec("ROLLBACK"); err != nil {
		return err
	}
	found, err := duplicatesOf(c, x, DuplicatesMax)
	if err != nil {
		return fmt.Errorf("look for rows with the same key: %w", err)
	}
	if len(found) == 0 { // they are gone again
		return &RetryError{Err: cause}
	}
	return &DuplicatesError{Found: found}
}

// duplicatesOf looks for rows with the same key, which a unique index would refuse.
func duplicatesOf(c *sqlite3.Conn, x Index, most int) ([]Duplicate, error) {
	keys, where := keysOf(x.Create)
	if len(keys) == 0 {
		return nil, nil
	}
	conds := make([]string, len(keys))
	for i, k := range keys {
		conds[i] = "(" + k + ") IS NOT NULL"
	}
	if where != "" {
		conds = append(conds, "("+where+")")
	}
	sql := "SELECT " + strings.Join(keys, ", ") + ", count(*) FROM " + litesql.Ident(litesql.StoredName(x.Table)) + " NOT INDEXED WHERE " + strings.Join(conds, " AND ") +
		" GROUP BY " + strings.Join(keys, ", ") + fmt.Sprintf(" HAVING count(*) > 1 LIMIT %d", most)
	var out []Duplicate
	err := liteEach(c, sql, func(st *sqlite3.Stmt) {
		vals := make([]string, len(keys))
		for i := range keys {
			vals[i] = cut(st.ColumnText(i))
		}
		names := x.Columns
		if len(names) < len(keys) {
			names = keys
		}
		out = append(out, Duplicate{Key: "(" + strings.Join(names[:len(keys)], ", ") + ")=(" + strings.Join(vals, ", ") + ")", Rows: st.ColumnInt64(len(keys))})
	})
	return out, err
}

// cut shortens a value for people.
func cut(text string) string {
	if len(text) <= 64 {
		return text
	}
	end := 64
	for end > 0 && text[end]&0xc0 == 0x80 {
		end--
	}
	return text[:end] + "..."
}

// keysOf takes the keys and the condition out of a schema's own CREATE INDEX, without the direction of a key.
func keysOf(create string) (keys []string, where string) {
	text := after(create)
	depth, from, quote := 0, 1, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ',' && depth == 1, c == ')' && depth == 1:
			key := strings.TrimSpace(text[from:i])
			for _, end := range []string{" DESC", " ASC", " desc", " asc"} {
				key = strings.TrimSpace(strings.TrimSuffix(key, end))
			}
			keys, from = append(keys, key), i+1
			if c == ')' {
				rest := strings.TrimSpace(text[i+1:])
				if len(rest) > 5 && strings.EqualFold(rest[:5], "WHERE") {
					where = strings.TrimSpace(rest[5:])
				}
				return keys, strings.TrimSuffix(where, ";")
			}
		case c == ')':
			depth--
		}
	}
	return nil, ""
}

// A counting context is asked by SQLite every 1,000 of its steps, and so knows how far a statement is.
type counting struct {
	context.Context
	began    time.Time
	told     time.Time
	asked    int64
	total    int64 // thousands of steps; 0 where nobody knows
	building bool
	tell     func(Progress)
}

// Err counts, and tells four times a second.
func (c *counting) Err() error {
	c.asked++
	if now := time.Now(); now.Sub(c.told) > 250*time.Millisecond {
		c.told = now
		p := Progress{Phase: "waiting for the file's write lock", Done: -1}
		if c.building {
			p.Phase = "building"
			if c.total > 0 {
				p.Done = min(float64(c.asked)/float64(c.total), 0.99)
				p.Left = time.Duration(float64(now.Sub(c.began)) * (1 - p.Done) / max(p.Done, 0.01))
			}
		}
		c.tell(p)
	}
	return c.Context.Err()
}

// steps estimates how many thousand steps a build takes: of each row it reads the keys and writes them once.
func (l *Lite) steps(ctx context.Context, d *Drift) (n int64) {
	if d.Kind == Statistics || d.Kind == Unused {
		return 0
	}
	_ = l.live.Do(ctx, lookLimit, func(c *sqlite3.Conn) error {
		rows, err := liteNumber(c, "SELECT coalesce(max(rowid), 0) FROM "+litesql.Ident(litesql.StoredName(d.Index.Table)))
		n = rows * int64(stepsOfRow+len(d.Index.Columns)) / 1000
		return err // a table without rowid: nobody knows
	})
	return n
}

// stepsOfRow are the steps that CREATE INDEX takes for a row, besides one for each key.
const stepsOfRow = 9
