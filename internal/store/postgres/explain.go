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
	c, err := s.compiled(ctx, p)
	if err != nil {
		return nil, err
	}
	head := "EXPLAIN (" + strings.Join(options(o), ", ") + ") "
	err = s.with(ctx, always, func(conn *conn) error {
		t := &transaction{store: s, conn: conn}
		defer t.rollback()
		if err := t.word(ctx, "BEGIN"); err != nil {
			return err
		}
		for _, kv := range t.settings(ctx, c) {
			set := s.set[1].SQL
			if _, err := conn.ExecParams(ctx, set, [][]byte{[]byte(kv[0]), []byte(kv[1])}, nil, nil, nil).Close(); err != nil {
				return err
			}
		}
		params := t.params(c, args)
		if o.Generic {
			out, err = t.generic(ctx, out[:0], head, c.SQL, len(params))
		} else {
			out, err = t.lines(ctx, out[:0], head+c.SQL, params)
		}
		return err
	})
	return out, err
}

// lines appends a result of one column to out.
func (t *transaction) lines(ctx context.Context, out []byte, sql string, params [][]byte) ([]byte, error) {
	rr := t.conn.ExecParams(ctx, sql, params, nil, nil, nil)
	for rr.NextRow() {
		out = append(append(out, rr.Values()[0]...), '\n')
	}
	_, err := rr.Close()
	return out, err
}

// generic explains a statement without its values: PostgreSQL then shows $1 where it would show what the client sent. The
// prepared statement is gone before the transaction ends, also where a pooler would give the connection to someone else.
func (t *transaction) generic(ctx context.Context, out []byte, head, sql string, params int) ([]byte, error) {
	const name = "pintail_explain"
	for _, word := range []string{"SET LOCAL plan_cache_mode = force_generic_plan", "PREPARE " + name + " AS " + sql, "SAVEPOINT " + name} {
		if err := t.word(ctx, word); err != nil {
			return out, err
		}
	}
	execute := head + "EXECUTE " + name
	if params > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", params-1) + ")"
	}
	out, err := t.lines(ctx, out, execute, nil)
	for _, word := range []string{"ROLLBACK TO " + name, "DEALLOCATE " + name} {
		if e := t.word(ctx, word); err == nil {
			err = e
		}
	}
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
