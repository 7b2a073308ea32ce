package migrate

import (
	"regexp"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A PostgresIndex is an index that a schema declares on PostgreSQL: one of its own, or that of a key.
type PostgresIndex struct {
	Name    string
	Schema  string // in which table and index stand
	Table   *schema.Table
	Key     *schema.Key // of a primary key or unique constraint; nil for an index of its own
	Primary bool
	Unique  bool
	Columns []*schema.Column // key columns; nil where the file has PostgreSQL's own SQL, which may hold expressions

	own    *schema.Index
	create func(on string, concurrently bool) string
	adopt  func(instead string) string
	where  string
}

// Create is the statement that makes the index on a table whose quoted name is given; empty means the declared one. It has no
// IF NOT EXISTS, which would take an index that a failed build left for a whole one.
func (x *PostgresIndex) Create(on string, concurrently bool) string {
	return x.create(on, concurrently)
}

// Adopt makes the finished index a key's constraint, instead of another one where one is named; empty for an index of its own.
func (x *PostgresIndex) Adopt(instead string) string {
	if x.adopt == nil {
		return ""
	}
	return x.adopt(instead)
}

// Index is the file's own index; nil for a key's.
func (x *PostgresIndex) Index() *schema.Index { return x.own }

// Constrain is the statement that gives a table whose quoted name is given a key's constraint, with an index of its own; empty for an
// index of its own.
func (x *PostgresIndex) Constrain(on string) string {
	if x.Key == nil {
		return ""
	}
	kind := "UNIQUE"
	if x.Primary {
		kind = "PRIMARY KEY"
	} else if x.Key.NullsNotDistinct {
		kind = "UNIQUE NULLS NOT DISTINCT"
	}
	return "ALTER TABLE " + on + " ADD CONSTRAINT " + identifier(x.Name) + " " + kind + " (" + names(x.Columns) + ")" +
		deferring(x.Key.Deferrable, x.Key.Deferred)
}

// Predicate is the condition of a partial index as SQL over the table's own columns; empty where it has none, or where it stands in
// PostgreSQL's own SQL.
func (x *PostgresIndex) Predicate() string { return x.where }

// Condition gives the columns that a partial index's condition reads.
func (x *PostgresIndex) Condition() []*schema.Column {
	if x.own == nil {
		return nil
	}
	var out []*schema.Column
	for _, name := range conditionColumns(x.own.Where) {
		if c, ok := x.Table.Column(name); ok {
			out = append(out, c)
		}
	}
	return out
}

// conditionColumns lists the columns of a check's or an index's condition.
func conditionColumns(e query.Expr) []string {
	var out []string
	each := func(list []query.Expr) {
		for _, x := range list {
			out = append(out, conditionColumns(x)...)
		}
	}
	switch e := e.(type) {
	case *query.And:
		each(e.Of)
	case *query.Or:
		each(e.Of)
	case *query.Not:
		each([]query.Expr{e.Of})
	case *query.Compare:
		out = append(out, e.Field.Column)
		if e.Other != "" {
			out = append(out, e.Other)
		}
	}
	return out
}

// PostgresIndexes lists the indexes that a schema declares on PostgreSQL, those of keys among them. What can't be made there (SQLite's
// own SQL) is left out, and so are those of plain views.
func PostgresIndexes(s *schema.Schema) []*PostgresIndex {
	w := &pgWriter{s: s}
	var out []*PostgresIndex
	for _, t := range s.Tables {
		if t.View == nil {
			if t.Primary != nil {
				out = append(out, w.keyIndex(t, t.Primary, true))
			}
			for _, k := range t.Uniques {
				out = append(out, w.keyIndex(t, k, false))
			}
		} else if !t.View.Materialized {
			continue
		}
		for _, x := range t.Indexes {
			if made := w.ownIndex(x); made != nil {
				out = append(out, made)
			}
		}
	}
	return out
}

func (w *pgWriter) keyIndex(t *schema.Table, k *schema.Key, primary bool) *PostgresIndex {
	kind := "UNIQUE"
	if primary {
		kind = "PRIMARY KEY"
	}
	nulls := ""
	if k.NullsNotDistinct && !primary {
		nulls = " NULLS NOT DISTINCT"
	}
	return &PostgresIndex{
		Name: k.Name, Schema: w.schemaOf(t.Name), Table: t, Key: k, Primary: primary, Unique: true, Columns: k.Columns,
		create: func(on string, concurrently bool) string {
			how := ""
			if concurrently {
				how = "CONCURRENTLY "
			}
			if on == "" {
				on = w.name(t.Name)
			}
			return "CREATE UNIQUE INDEX " + how + identifier(k.Name) + " ON " + on + " (" + names(k.Columns) + ")" + nulls
		},
		adopt: func(instead string) string {
			sql := "ALTER TABLE " + w.name(t.Name)
			if instead != "" {
				sql += " DROP CONSTRAINT " + identifier(instead) + ","
			}
			return sql + " ADD CONSTRAINT " + identifier(k.Name) + " " + kind + " USING INDEX " + identifier(k.Name) + deferring(k.Deferrable, k.Deferred)
		},
	}
}

// ownIndex is an index of its own; nil where PostgreSQL can't have it.
func (w *pgWriter) ownIndex(x *schema.Index) *PostgresIndex {
	if w.index(x, false) == "" {
		return nil
	}
	made := &PostgresIndex{Name: x.Name, Schema: w.schemaOf(x.Table.Name), Table: x.Table, Unique: x.Unique, own: x}
	if x.Postgres == "" && x.Where != nil {
		made.where, _ = condition(x.Where, x.Table, Postgres, w.s) // w.index has tried it
	}
	if x.Postgres == "" {
		for _, c := range x.Columns {
			made.Columns = append(made.Columns, c.Column)
		}
	}
	made.create = func(on string, concurrently bool) string {
		sql := orNone.ReplaceAllString(w.index(x, concurrently), "$1")
		if on == "" {
			return sql
		}
		at := indexTarget.FindStringSubmatchIndex(sql)
		if at == nil {
			return ""
		}
		return sql[:at[2]] + on + sql[at[3]:]
	}
	return made
}

func (w *pgWriter) schemaOf(n schema.Name) string {
	switch {
	case n.Schema != "":
		return n.Schema
	case w.s.Default != "":
		return w.s.Default
	}
	return "public"
}

// indexTarget finds the table that CREATE INDEX makes an index on.
var indexTarget = regexp.MustCompile(`(?is)^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?:"(?:[^"]|"")+"|[^\s"]+)\s+ON\s+(?:ONLY\s+)?((?:"(?:[^"]|"")+"|[^\s"(.]+)(?:\.(?:"(?:[^"]|"")+"|[^\s"(.]+))?)`)

// orNone finds IF NOT EXISTS, which may stand in PostgreSQL's own SQL.
var orNone = regexp.MustCompile(`(?is)^(\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?)IF\s+NOT\s+EXISTS\s+`)

// Quoted writes a name as PostgreSQL's and SQLite's definitions want it.
func Quoted(schema, name string) string {
	if schema == "" {
		return identifier(name)
	}
	return identifier(schema) + "." + identifier(name)
}

// LockKey is the advisory lock of whoever changes the structure of a PostgreSQL database: `apply`, and the guard that repairs an index.
// It is tried, never waited for.
const LockKey = lockKey

// Literal quotes a text as a constant of a definition.
func Literal(text string) string { return literal(text) }
