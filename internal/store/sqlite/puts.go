package sqlite

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
)

// A Put is where a statement puts rows or values: its own, a trigger's, or the action of a foreign key.
type Put struct {
	Table   string // its name in the file
	Column  string // that an update sets; empty where rows go in
	Trigger string // the innermost trigger, or view, whose it is; empty for the statement's own, and for a foreign key's action
	Called  bool   // the statement is a named query
}

// Puts says where a plan's statements put rows and values, whatever their arguments. SQLite tells its authorizer while it compiles them; nothing is run.
func (b *Beside) Puts(ctx context.Context, p *plan.Plan) (all []Put, err error) {
	l, err := litesql.Compile(p)
	if err != nil {
		return nil, err
	}
	err = b.do(ctx, time.Second, func(c *conn) error {
		called := false
		err := c.SetAuthorizer(func(action sqlite3.AuthorizerActionCode, table, column, _, inner string) sqlite3.AuthorizerReturnCode {
			put := Put{Table: table, Trigger: inner, Called: called}
			switch action {
			case sqlite3.AUTH_UPDATE:
				if put.Column = column; column == "ROWID" {
					put.Column = ""
				}
			case sqlite3.AUTH_INSERT:
			default:
				return sqlite3.AUTH_OK
			}
			if !slices.Contains(all, put) {
				all = append(all, put)
			}
			return sqlite3.AUTH_OK
		})
		if err != nil {
			return err
		}
		err = c.compile(l, func(is bool) { called = is })
		return errors.Join(err, c.SetAuthorizer(nil))
	})
	return all, err
}

// compile compiles what a plan writes by, and says of each statement before it whether it is a named query.
func (c *conn) compile(l *litesql.Plan, next func(called bool)) error {
	for _, step := range l.Steps {
		if err := c.compile(step, next); err != nil {
			return err
		}
	}
	for _, q := range explained(l) {
		if !q.puts {
			continue
		}
		next(l.Call != nil)
		st, _, err := c.Prepare(q.sql)
		if err != nil {
			return err
		}
		if err := st.Close(); err != nil {
			return err
		}
	}
	return nil
}
