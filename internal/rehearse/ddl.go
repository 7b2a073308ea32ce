package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// shadowSchema is a copy of the schema with the indexes that production has: those of live, where it isn't nil. A plain index or a
// unique constraint that only the schema file declares is not there in production, and so is not in the shadow.
func shadowSchema(s, live *schema.Schema) (*schema.Schema, error) {
	own, mistakes := schema.Parse(schema.Source{Name: "shadow", Text: schema.Print(s)})
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("copy the schema: %w", schema.Mistakes(mistakes))
	}
	if live == nil {
		return own, nil
	}
	for _, t := range own.Tables {
		was, ok := live.TableNamed(t.Name)
		if !ok || t.View != nil {
			continue
		}
		t.Indexes = nil
		for _, x := range was.Indexes {
			if again, ok := indexOn(t, x); ok {
				t.Indexes = append(t.Indexes, again)
			}
		}
		t.Uniques = slices.DeleteFunc(t.Uniques, func(k *schema.Key) bool {
			return !slices.ContainsFunc(was.Uniques, func(l *schema.Key) bool { return sameNames(k.Columns, l.Columns) })
		})
	}
	return own, nil
}

// indexOn gives an index of a live table as one of the same table in another schema; false where that lacks a column.
func indexOn(t *schema.Table, x *schema.Index) (*schema.Index, bool) {
	again := *x
	again.Table = t
	again.Columns = slices.Clone(x.Columns)
	again.Include = slices.Clone(x.Include)
	for i := range again.Columns {
		c, ok := t.Column(x.Columns[i].Column.Name)
		if !ok {
			return nil, false
		}
		again.Columns[i].Column = c
	}
	for i := range again.Include {
		c, ok := t.Column(x.Include[i].Name)
		if !ok {
			return nil, false
		}
		again.Include[i] = c
	}
	return &again, true
}

func sameNames(a, b []*schema.Column) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c *schema.Column) bool {
		return !slices.ContainsFunc(b, func(d *schema.Column) bool { return c.Name == d.Name })
	})
}

// statements are those that make the tables, and those that follow once the rows are in.
func statements(s *schema.Schema, e migrate.Engine) (before, after []string) {
	all, _ := migrate.Create(s, e) // what the engine can't keep isn't in production either
	for _, st := range all {
		if st.Late {
			after = append(after, st.SQL)
		} else {
			before = append(before, st.SQL)
		}
	}
	return before, after
}

// insertInto is an INSERT of one row into a table of SQLite's, with a parameter for each column.
func insertInto(t *schema.Table, columns []*schema.Column, place func(*schema.Column) string) string {
	names, places := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], places[i] = litesql.Ident(c.Name), place(c)
	}
	return "INSERT INTO " + litesql.Ident(litesql.StoredName(t.Name)) + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")"
}

func quoted(name string) string { return litesql.Ident(name) }

// createIndex is the statement that makes one index, of a table in the PostgreSQL schema in where it says no other.
func createIndex(x *schema.Index, e migrate.Engine, in string) (string, error) {
	t, alone := *x.Table, *x
	alone.Table, t.Indexes, t.Foreign = &t, []*schema.Index{&alone}, nil
	all, _ := migrate.Create(&schema.Schema{Default: in, Exposed: []string{in}, Tables: []*schema.Table{&t}}, e)
	for _, st := range all {
		if st.Late {
			return st.SQL, nil
		}
	}
	return "", fmt.Errorf("index %s can't be made on this engine", x.Name)
}
