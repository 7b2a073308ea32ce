package postgres

import (
	"context"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
)

// An Examination says how Examine looks at a plan.
type Examination struct {
	Generic bool     // without the values: the plan that PostgreSQL takes once it knows a statement
	Before  []string // run first, in the same transaction, which is rolled back
	Tables  string   // PostgreSQL schema in which tables without one are looked for instead of the default one
}

// Examine asks for the plans of every statement that belongs to p, and runs none of them: EXPLAIN (FORMAT JSON, VERBOSE), one after
// the other in one transaction that is rolled back.
func (s *Store) Examine(ctx context.Context, p *plan.Plan, args query.Args, x Examination) (out [][]byte, err error) {
	o := s.options
	o.Tables = x.Tables
	if o.Fold, err = s.fold(ctx); err != nil {
		return nil, err
	}
	sql, err := pgsql.Compile(p, o)
	if err != nil {
		return nil, err
	}
	c := s.ready(&sql)
	c.prefix = s.prefix(p, &sql)
	err = s.with(ctx, always, func(conn *conn) error {
		out = nil
		t := &transaction{store: s, conn: conn}
		defer t.rollback()
		if err := t.word(ctx, "BEGIN"); err != nil {
			return err
		}
		for _, kv := range t.settings(ctx, c) {
			if kv[0] == "transaction_read_only" {
				continue // nothing runs, and what came before may write
			}
			if _, err := conn.ExecParams(ctx, s.set[1].SQL, [][]byte{[]byte(kv[0]), []byte(kv[1])}, nil, nil, nil).Close(); err != nil {
				return err
			}
		}
		for _, word := range x.Before {
			if err := t.word(ctx, word); err != nil {
				return err
			}
		}
		return t.examine(ctx, c, args, x.Generic, &out)
	})
	return out, err
}

// examine explains a statement and those that belong to it.
func (t *transaction) examine(ctx context.Context, c *compiled, args query.Args, generic bool, out *[][]byte) error {
	if c.SQL != "" {
		const head = "EXPLAIN (FORMAT JSON, VERBOSE) "
		params := t.params(c, args)
		var text []byte
		var err error
		if generic {
			text, err = t.generic(ctx, nil, head, c.SQL, len(params))
		} else {
			text, err = t.lines(ctx, nil, head+c.SQL, params)
		}
		if err != nil {
			return err
		}
		*out = append(*out, text)
	}
	more := append(append([]*compiled{}, c.nested...), c.steps...)
	if c.answer != nil {
		more = append(more, c.answer)
	}
	for _, one := range more {
		if err := t.examine(ctx, one, args, generic, out); err != nil {
			return err
		}
	}
	return nil
}
