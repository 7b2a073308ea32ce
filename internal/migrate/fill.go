package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// Fill makes a schema's tables, lets fill put rows into them, and makes behind that what is quicker or only possible with
// the rows there: indexes, foreign keys, views. All of it is one transaction: either everything is there or nothing.
// A database that has one of the tables already is refused. On SQLite foreign keys are looked at once, at the end.
func (d *Database) Fill(ctx context.Context, s *schema.Schema, fill func() error) (losses []Loss, err error) {
	d.defaultSchema = s.Default
	o := RunOptions{}.withDefaults()
	err = d.locked(ctx, o, func() error {
		if err := d.session(ctx, o, searchPath(s)); err != nil {
			return err
		}
		if d.Engine == SQLite { // locked has begun, and will commit
			losses, err = d.fill(ctx, s, fill)
			return err
		}
		if err := d.exec(ctx, "BEGIN"); err != nil {
			return err
		}
		if losses, err = d.fill(ctx, s, fill); err == nil {
			err = d.exec(ctx, "COMMIT")
		}
		if err != nil {
			err = errors.Join(err, d.exec(context.WithoutCancel(ctx), "ROLLBACK"))
		}
		return err
	})
	return losses, err
}

func (d *Database) fill(ctx context.Context, s *schema.Schema, fill func() error) ([]Loss, error) {
	live, _, err := d.Inspect(ctx, inspected(s))
	if err != nil {
		return nil, err
	}
	for _, t := range s.Tables {
		there := slices.ContainsFunc(live.Tables, func(l *schema.Table) bool {
			return litesql.StoredName(l.Name) == litesql.StoredName(t.Name) || d.Engine == SQLite && strings.EqualFold(l.Name.Name, litesql.StoredName(t.Name))
		})
		if there {
			return nil, fmt.Errorf("there is a table %s already; only an empty database can be filled", t.Name)
		}
	}
	statements, losses := Create(s, d.Engine)
	for _, late := range []bool{false, true} {
		for _, st := range statements {
			if st.Late != late {
				continue
			}
			if err := d.exec(ctx, st.SQL); err != nil {
				return losses, statementError(st.SQL, err)
			}
		}
		if late {
			break
		}
		if err := fill(); err != nil {
			return losses, err
		}
	}
	return losses, d.keepSchema(ctx, schema.Print(s))
}
