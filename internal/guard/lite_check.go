package guard

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// ofIndex finds the index in what integrity_check says of one.
var ofIndex = regexp.MustCompile(`(?:missing from index|wrong # of entries in index|non-unique entry in index) (.*)$`)

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
		err := l.apart(ctx, func(c *sqlite3.Conn) error {
			return liteEach(c, "PRAGMA "+pragma+"("+litesql.Ident(litesql.StoredName(t))+")", func(st *sqlite3.Stmt) { said = append(said, st.ColumnText(0)) })
		})
		if err != nil && !errors.Is(err, sqlite3.CORRUPT) {
			return err
		}
		if err != nil {
			said = append(said, err.Error())
		}
		l.mu.Lock()
		var told []string
		for _, what := range said {
			if what == "ok" {
				continue
			}
			d := Damage{Table: t, What: what, Checks: pragma}
			if m := ofIndex.FindStringSubmatch(what); m != nil {
				if x := l.last.byName[strings.ToLower(m[1])]; x != nil {
					d.Index = x.id()
				}
			}
			if d.Index == "" || !slices.Contains(told, d.Index) {
				told = append(told, d.Index)
				found(d)
			}
		}
		l.mu.Unlock()
	}
	return nil
}
