package postgres

import (
	"context"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// Explain tells how PostgreSQL would run a plan, in its own words. With Analyze it runs it, and takes back what it wrote.
func (s *Store) Explain(ctx context.Context, p *plan.Plan, args query.Args, o store.ExplainOptions) (out []byte, err error) {
	c, err := s.compiled(p)
	if err != nil {
		return nil, err
	}
	sql := "EXPLAIN (" + strings.Join(options(o), ", ") + ") " + c.SQL
	err = s.with(ctx, always, func(conn *conn) error {
		t := &transaction{store: s, conn: conn}
		defer t.rollback()
		if err := t.word(ctx, "BEGIN"); err != nil {
			return err
		}
		for _, kv := range t.settings(ctx, store.Tx{Plan: p, Args: args}, c) {
			set := s.set[1].SQL
			if _, err := conn.ExecParams(ctx, set, [][]byte{[]byte(kv[0]), []byte(kv[1])}, nil, nil, nil).Close(); err != nil {
				return err
			}
		}
		out = out[:0]
		rr := conn.ExecParams(ctx, sql, t.params(c, args), nil, nil, nil)
		for rr.NextRow() {
			out = append(append(out, rr.Values()[0]...), '\n')
		}
		_, err := rr.Close()
		return err
	})
	return out, err
}

func options(o store.ExplainOptions) []string {
	list := []string{"FORMAT TEXT"}
	if o.JSON {
		list[0] = "FORMAT JSON"
	}
	for _, option := range []struct {
		on   bool
		name string
	}{{o.Analyze, "ANALYZE"}, {o.Verbose, "VERBOSE"}, {o.Settings, "SETTINGS"}, {o.Buffers, "BUFFERS"}, {o.WAL, "WAL"}} {
		if option.on {
			list = append(list, option.name)
		}
	}
	return list
}
