package guard

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// ofIndex finds the index in what integrity_check says of one.
var ofIndex = regexp.MustCompile(`(?:missing from index|wrong # of entries in index|non-unique entry in index) (.*)$`)

// ofTree finds the root page of the tree that a page belongs to of which something is said.
var ofTree = regexp.MustCompile(`^Tree ([0-9]+) page `)

// Check runs quick_check, which reads every page but holds no index against its table, or integrity_check table by table.
func (l *Lite) Check(ctx context.Context, s *schema.Schema, o CheckOptions, found func(Damage)) error {
	tables := o.Tables
	if len(tables) == 0 {
		for _, t := range s.Tables {
			if t.View == nil {
				tables = append(tables, t.Name)
			}
		}
	}
	pragma := "quick_check"
	if o.Full {
		pragma = "integrity_check"
	}
	for i, t := range tables {
		if o.Progress != nil {
			o.Progress(i, len(tables), t.String())
		}
		var said []string
		trees := map[string]string{} // indexes by their root pages
		name := litesql.StoredName(t)
		err := l.apart(ctx, func(c *sqlite3.Conn) error {
			there := false
			sql := "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = " + migrate.Literal(name) + " COLLATE NOCASE"
			if err := liteEach(c, sql, func(*sqlite3.Stmt) { there = true }); err != nil || !there { // which is drift, not damage
				return err
			}
			sql = "SELECT rootpage, name FROM sqlite_schema WHERE type = 'index' AND tbl_name = " + migrate.Literal(name) + " COLLATE NOCASE"
			if err := liteEach(c, sql, func(st *sqlite3.Stmt) { trees[st.ColumnText(0)] = st.ColumnText(1) }); err != nil {
				return err
			}
			ask := func(pragma string) error {
				return liteEach(c, "PRAGMA "+pragma+"("+litesql.Ident(name)+")", func(st *sqlite3.Stmt) { said = append(said, st.ColumnText(0)) })
			}
			err := ask(pragma)
			if errors.Is(err, sqlite3.CORRUPT) && len(said) == 0 && o.Full { // it stumbles over a page that the quick one only looks at
				err = ask("quick_check")
			}
			return err
		})
		if err != nil && !errors.Is(err, sqlite3.CORRUPT) {
			return err
		}
		if err != nil && len(said) == 0 {
			said = append(said, err.Error())
		}
		for _, d := range l.damages(t, strings.Join(said, "\n"), trees) {
			d.Checks = pragma
			found(d)
		}
	}
	return nil
}

// damages reads what a check said of a table, of which trees are the indexes by their root pages. Where the table itself is damaged its
// indexes are let be: to build one from it would spread the damage.
func (l *Lite) damages(t schema.Name, said string, trees map[string]string) []Damage {
	l.mu.Lock()
	defer l.mu.Unlock()
	var table, indexes []Damage
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line == "" || line == "ok" || strings.HasPrefix(line, "*** ") { // which database it is in
			continue
		}
		d := Damage{Table: t, What: line}
		name := ""
		if m := ofIndex.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if m := ofTree.FindStringSubmatch(line); m != nil {
			name = trees[m[1]]
		}
		if x := l.last.byName[strings.ToLower(name)]; x != nil {
			d.Index = x.id()
		}
		switch {
		case d.Index == "" && len(table) < damageTold:
			table = append(table, d)
		case d.Index != "" && !slices.ContainsFunc(indexes, func(o Damage) bool { return o.Index == d.Index }):
			indexes = append(indexes, d)
		}
	}
	if len(table) > 0 {
		return table
	}
	return indexes
}
