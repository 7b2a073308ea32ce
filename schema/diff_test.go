package schema_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

func parse(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatalf("%s\n\n%s", schema.Mistakes(mistakes), text)
	}
	return s
}

// testdata/diff.txt has a case after a case: a title, the file that was, the file that will be, and the changes.
func TestDiff(t *testing.T) {
	const path = "testdata/diff.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n====\n") {
		title, rest, _ := strings.Cut(c, "\n")
		was, rest, _ := strings.Cut(rest, "\n--> \n")
		will, want, _ := strings.Cut(rest+"\n", "\n----\n")
		from, to := parse(t, was), parse(t, will)
		var got []string
		for _, change := range schema.Diff(from, to) {
			line := change.String()
			if lost := change.Destroys(); lost != "" {
				line += "  (destroys " + lost + ")"
			}
			got = append(got, line)
		}
		if have := strings.Join(got, "\n"); have != strings.TrimSpace(want) && !*update {
			t.Errorf("%s: got\n%s\n\nwant\n%s", title, have, want)
		}
		if len(schema.Diff(to, to)) > 0 || len(schema.Diff(from, from)) > 0 {
			t.Errorf("%s: a schema differs from itself", title)
		}
		out = append(out, title+"\n"+was+"\n--> \n"+will+"\n----\n"+strings.Join(got, "\n"))
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n====\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Two random schemas with the same few names: the changes between them can be made one after the other, and what comes out
// is the second schema.
func TestDiffCanBeMade(t *testing.T) {
	for seed := range uint64(2000) {
		names := []string{"a", "b", "c", "d", "e"}
		from := (&maker{Rand: rand.New(rand.NewPCG(seed, 2)), names: names}).makeSchema()
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 3)), names: names}
		to := m.makeSchema()
		from.Default, to.Default = "public", "public"
		m.rename(to)
		changes := schema.Diff(from, to)
		d := newDatabase(from)
		for i, c := range changes {
			if err := d.apply(c); err != nil {
				t.Fatalf("seed %d: change %d, %s: %v\n\n%s\n\nfrom\n%s\nto\n%s", seed, i+1, c, err, told(changes), schema.Print(from), schema.Print(to))
			}
		}
		if want, got := newDatabase(to).String(), d.String(); want != got {
			t.Fatalf("seed %d: %s\n\n%s\n\nfrom\n%s\nto\n%s", seed, firstDifference(want, got), told(changes), schema.Print(from), schema.Print(to))
		}
	}
}

func told(changes []schema.Change) string {
	var s []string
	for _, c := range changes {
		s = append(s, c.String())
	}
	return strings.Join(s, "\n")
}

// rename says of some tables and columns that they had another name.
func (m *maker) rename(s *schema.Schema) {
	for _, t := range s.Tables {
		if m.some(40) {
			t.RenamedFrom = m.name()
		}
		for _, c := range t.Columns {
			if m.some(40) {
				c.RenamedFrom = m.name()
			}
		}
	}
}

// A database is a model of what PostgreSQL holds: which tables there are, with which columns, and which constraints need them.
type database struct {
	tables map[string]map[string]string // columns' descriptions by name
	rest   map[string]constraint        // constraints and indexes by table and name
	types  map[string]bool
	views  map[string]bool
}

type constraint struct {
	table, to string // to: of a foreign key
	columns   []string
	refs      []string
	key       bool
	what      string
}

func newDatabase(s *schema.Schema) *database {
	d := &database{map[string]map[string]string{}, map[string]constraint{}, map[string]bool{}, map[string]bool{}}
	for _, e := range s.Enums {
		d.types["enum "+e.Name.String()] = true
	}
	for _, e := range s.Domains {
		d.types["domain "+e.Name.String()] = true
	}
	for _, e := range s.Composites {
		d.types["composite "+e.Name.String()] = true
	}
	for _, t := range s.Tables {
		if t.View != nil {
			d.views[t.Name.String()] = true
			continue
		}
		d.create(t)
		for _, x := range t.Indexes {
			d.rest[t.Name.String()+" "+x.Name] = constraint{table: t.Name.String(), columns: indexed(x), what: "index"}
		}
		for _, f := range t.Foreign {
			d.foreign(t, f)
		}
	}
	return d
}

func (d *database) create(t *schema.Table) {
	n := t.Name.String()
	d.tables[n] = map[string]string{}
	for _, c := range t.Columns {
		d.tables[n][c.Name] = described(c)
	}
	if t.Primary != nil {
		d.key(t, t.Primary, "primary")
	}
	for _, k := range t.Uniques {
		d.key(t, k, "unique")
	}
	for _, c := range t.Checks {
		d.rest[n+" "+c.Name] = constraint{table: n, what: "check"}
	}
}

func (d *database) key(t *schema.Table, k *schema.Key, what string) {
	d.rest[t.Name.String()+" "+k.Name] = constraint{table: t.Name.String(), columns: named(k.Columns), key: true, what: what}
}

func (d *database) foreign(t *schema.Table, f *schema.ForeignKey) {
	d.rest[t.Name.String()+" "+f.Name] = constraint{table: t.Name.String(), columns: named(f.Columns), to: f.To.Name.String(), refs: named(f.References), what: "foreign key"}
}

func named(columns []*schema.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

func indexed(x *schema.Index) []string {
	var out []string
	for _, c := range x.Columns {
		out = append(out, c.Column.Name)
	}
	return append(out, named(x.Include)...)
}

func described(c *schema.Column) string {
	return fmt.Sprint(c.Type, c.NotNull, c.Default != nil, c.Generated != nil, c.Identity, c.Comment)
}

func (d *database) String() string {
	var out []string
	for t, columns := range d.tables {
		for c, what := range columns {
			out = append(out, "column "+t+"."+c+" "+what)
		}
		out = append(out, "table "+t)
	}
	for n, c := range d.rest {
		out = append(out, fmt.Sprint("constraint ", n, " ", c))
	}
	for t := range d.types {
		out = append(out, t)
	}
	for v := range d.views {
		out = append(out, "view "+v)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// apply makes a change and fails where PostgreSQL would.
func (d *database) apply(change schema.Change) error {
	add := func(t *schema.Table, name string, c constraint) error {
		c.table = t.Name.String()
		if d.tables[c.table] == nil {
			return fmt.Errorf("there is no table %s", c.table)
		}
		for _, col := range c.columns {
			if _, ok := d.tables[c.table][col]; !ok {
				return fmt.Errorf("there is no column %s", col)
			}
		}
		if _, ok := d.rest[c.table+" "+name]; ok {
			return fmt.Errorf("there is a constraint %s", name)
		}
		d.rest[c.table+" "+name] = c
		return nil
	}
	drop := func(t *schema.Table, name string) error {
		key := t.Name.String() + " " + name
		c, ok := d.rest[key]
		if !ok {
			return fmt.Errorf("there is no constraint %s", key)
		}
		for n, f := range d.rest {
			if c.key && f.to == c.table && same(f.refs, c.columns) && n != key {
				return fmt.Errorf("%s needs it", n)
			}
		}
		delete(d.rest, key)
		return nil
	}
	rename := func(t *schema.Table, from, to string) error {
		c, ok := d.rest[t.Name.String()+" "+from]
		if !ok {
			return fmt.Errorf("there is no constraint %s", from)
		}
		delete(d.rest, t.Name.String()+" "+from)
		return add(t, to, c)
	}
	typ := func(name string, there bool) error {
		if d.types[name] == there {
			return fmt.Errorf("%s: there already is %t", name, there)
		}
		d.types[name] = there
		if !there {
			delete(d.types, name)
		}
		return nil
	}
	switch c := change.(type) {
	case schema.CreateEnum:
		return typ("enum "+c.Enum.Name.String(), true)
	case schema.DropEnum:
		return typ("enum "+c.Enum.Name.String(), false)
	case schema.CreateDomain:
		return typ("domain "+c.Domain.Name.String(), true)
	case schema.DropDomain:
		return typ("domain "+c.Domain.Name.String(), false)
	case schema.CreateComposite:
		return typ("composite "+c.Composite.Name.String(), true)
	case schema.DropComposite:
		return typ("composite "+c.Composite.Name.String(), false)
	case schema.CreateTable:
		if d.tables[c.Table.Name.String()] != nil || d.views[c.Table.Name.String()] {
			return fmt.Errorf("it is there")
		}
		d.create(c.Table)
	case schema.DropTable:
		n := c.Table.Name.String()
		if d.tables[n] == nil {
			return fmt.Errorf("there is no such table")
		}
		for key, f := range d.rest {
			if f.to == n && f.table != n {
				return fmt.Errorf("%s refers to it", key)
			}
		}
		for key, f := range d.rest {
			if f.table == n {
				delete(d.rest, key)
			}
		}
		delete(d.tables, n)
	case schema.RenameTable:
		from, to := c.From.Name.String(), c.To.Name.String()
		if d.tables[from] == nil || d.tables[to] != nil || d.views[to] {
			return fmt.Errorf("it can't be renamed")
		}
		d.tables[to] = d.tables[from]
		delete(d.tables, from)
		for key, k := range d.rest {
			if k.to == from {
				k.to = to
			}
			delete(d.rest, key)
			if name, ok := strings.CutPrefix(key, from+" "); ok && k.table == from {
				k.table, key = to, to+" "+name
			}
			d.rest[key] = k
		}
	case schema.AddColumn:
		d.tables[c.Table.Name.String()][c.Column.Name] = described(c.Column)
	case schema.DropColumn:
		n := c.Table.Name.String()
		for key, k := range d.rest {
			if k.table == n && slices.Contains(k.columns, c.Column.Name) || k.to == n && slices.Contains(k.refs, c.Column.Name) {
				return fmt.Errorf("%s needs it", key)
			}
		}
		if _, ok := d.tables[n][c.Column.Name]; !ok {
			return fmt.Errorf("there is no such column")
		}
		delete(d.tables[n], c.Column.Name)
	case schema.RenameColumn:
		t := d.tables[c.Table.Name.String()]
		if _, ok := t[c.To.Name]; ok {
			return fmt.Errorf("there is a column %s", c.To.Name)
		}
		if _, ok := t[c.From.Name]; !ok {
			return fmt.Errorf("there is no column %s", c.From.Name)
		}
		t[c.To.Name] = t[c.From.Name]
		delete(t, c.From.Name)
		for key, k := range d.rest {
			k.columns, k.refs = slices.Clone(k.columns), slices.Clone(k.refs)
			for i, col := range k.columns {
				if k.table == c.Table.Name.String() && col == c.From.Name {
					k.columns[i] = c.To.Name
				}
			}
			for i, col := range k.refs {
				if k.to == c.Table.Name.String() && col == c.From.Name {
					k.refs[i] = c.To.Name
				}
			}
			d.rest[key] = k
		}
	case schema.ChangeColumn:
		if _, ok := d.tables[c.Table.Name.String()][c.To.Name]; !ok {
			return fmt.Errorf("there is no such column")
		}
		d.tables[c.Table.Name.String()][c.To.Name] = described(c.To)
	case schema.AddPrimary:
		return add(c.Table, c.Key.Name, constraint{columns: named(c.Key.Columns), key: true, what: "primary"})
	case schema.DropPrimary:
		return drop(c.Table, c.Key.Name)
	case schema.AddUnique:
		return add(c.Table, c.Key.Name, constraint{columns: named(c.Key.Columns), key: true, what: "unique"})
	case schema.DropUnique:
		return drop(c.Table, c.Key.Name)
	case schema.AddCheck:
		return add(c.Table, c.Check.Name, constraint{what: "check"})
	case schema.DropCheck:
		return drop(c.Table, c.Check.Name)
	case schema.CreateIndex:
		return add(c.Table, c.Index.Name, constraint{columns: indexed(c.Index), what: "index"})
	case schema.DropIndex:
		return drop(c.Table, c.Index.Name)
	case schema.AddForeignKey:
		to := c.Key.To.Name.String()
		for _, r := range named(c.Key.References) {
			if _, ok := d.tables[to][r]; !ok {
				return fmt.Errorf("there is no column %s.%s", to, r)
			}
		}
		return add(c.Table, c.Key.Name, constraint{columns: named(c.Key.Columns), to: to, refs: named(c.Key.References), what: "foreign key"})
	case schema.DropForeignKey:
		return drop(c.Table, c.Key.Name)
	case schema.RenameConstraint:
		return rename(c.Table, c.From, c.To)
	case schema.RenameIndex:
		return rename(c.Table, c.From, c.To)
	case schema.CreateView:
		if d.views[c.View.Name.String()] || d.tables[c.View.Name.String()] != nil {
			return fmt.Errorf("it is there")
		}
		d.views[c.View.Name.String()] = true
	case schema.DropView:
		if !d.views[c.View.Name.String()] {
			return fmt.Errorf("there is no such view")
		}
		delete(d.views, c.View.Name.String())
	case schema.ReplaceView:
		if !d.views[c.To.Name.String()] {
			return fmt.Errorf("there is no such view")
		}
	}
	return nil
}

func same(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
