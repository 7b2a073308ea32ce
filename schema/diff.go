package schema

import (
	"slices"
	"strings"
)

// Diff lists the changes that turn one schema into another, in an order in which they can be made: renames, drops of
// constraints, types, new tables, columns, constraints, views. What has another name is a new thing, unless the schema that
// will be says @renamed. The order of columns, names in GraphQL and relations without a constraint need no change.
// Both schemas are linked and spelled, as Parse leaves them.
func Diff(from, to *Schema) []Change {
	d := &differ{from: from, to: to, tables: map[*Table]*Table{}, columns: map[*Column]*Column{}, types: map[Name]Name{}}
	d.match()
	d.dropViews()
	d.functions()
	d.renames()
	d.goneKeys()
	d.dropForeignKeys()
	d.dropTables()
	d.dropKeys()
	d.newTypes()
	d.newTables()
	for _, t := range to.Tables {
		if was := d.tables[t]; was != nil && t.View == nil {
			d.alterColumns(was, t)
		}
	}
	d.addConstraints()
	d.oldTypes()
	d.newViews()
	return d.changes
}

// A differ compares two schemas.
type differ struct {
	from, to *Schema
	changes  []Change

	tables  map[*Table]*Table      // new to old, of one kind: table and table, view and view
	columns map[*Column]*Column    // new to old
	types   map[Name]Name          // of types that are renamed: old to new
	remade  map[*Table]bool        // new views that were dropped and must be made again
	made    map[*Function]bool     // new functions that tables needed
	gone    map[*Table][][]*Column // keys of old tables that are dropped
}

func (d *differ) add(c ...Change) { d.changes = append(d.changes, c...) }

// match pairs what is the same thing in both schemas.
func (d *differ) match() {
	claimed := map[any]bool{} // of two that say that they had one name, the first one had
	for _, t := range d.to.Tables {
		was := d.oldTable(t)
		if was == nil || claimed[was] {
			continue
		}
		d.tables[t], claimed[was] = was, true
		for _, c := range t.Columns {
			if old := oldColumn(was, t, c); old != nil && !claimed[old] {
				d.columns[c], claimed[old] = old, true
			}
		}
	}
	for _, e := range d.to.Enums {
		if was := d.oldEnum(e); was != nil && was.Name != e.Name {
			d.types[was.Name] = e.Name
		}
	}
}

// oldTable finds the table that was: by name, else by @renamed where nobody else has that name now.
func (d *differ) oldTable(t *Table) *Table {
	was, ok := d.from.TableNamed(d.to.qualify(t.Name))
	if !ok && t.RenamedFrom != "" && t.View == nil {
		n := renamedName(t.RenamedFrom, t.Name)
		if _, taken := d.to.TableNamed(n); !taken {
			was, ok = d.from.TableNamed(n)
		}
	}
	if !ok || (was.View == nil) != (t.View == nil) {
		return nil
	}
	return was
}

// renamedName reads @renamed(from:): a name in the same PostgreSQL schema, or schema.name.
func renamedName(from string, now Name) Name {
	if s, n, ok := strings.Cut(from, "."); ok {
		return Name{Schema: s, Name: n}
	}
	return Name{Schema: now.Schema, Name: from}
}

func oldColumn(was, t *Table, c *Column) *Column {
	if old, ok := was.Column(c.Name); ok {
		return old
	}
	if c.RenamedFrom == "" {
		return nil
	}
	if _, taken := t.Column(c.RenamedFrom); taken {
		return nil
	}
	if old, ok := was.Column(c.RenamedFrom); ok {
		return old
	}
	return nil
}

func (d *differ) oldEnum(e *Enum) *Enum {
	find := func(in *Schema, n Name) *Enum {
		i := slices.IndexFunc(in.Enums, func(x *Enum) bool { return in.qualify(x.Name) == in.qualify(n) })
		if i < 0 {
			return nil
		}
		return in.Enums[i]
	}
	if was := find(d.from, d.to.qualify(e.Name)); was != nil || e.RenamedFrom == "" {
		return was
	}
	n := renamedName(e.RenamedFrom, e.Name)
	if find(d.to, n) != nil {
		return nil
	}
	return find(d.from, n)
}

// renames come first: everything after them speaks of things by their new names.
func (d *differ) renames() {
	var schemas []string
	have := map[string]bool{"": true, "public": true}
	for _, n := range d.from.names() {
		have[n.Schema] = true
	}
	if len(d.from.names()) > 0 {
		have[d.from.Default] = true
	}
	wanted := d.to.names()
	if len(wanted) > 0 {
		wanted = append([]Name{{Schema: d.to.Default}}, wanted...)
	}
	for _, n := range wanted {
		if !have[n.Schema] {
			have[n.Schema] = true
			schemas = append(schemas, n.Schema)
		}
	}
	for _, s := range schemas {
		d.add(CreateSchema{Name: s})
	}
	for _, e := range d.to.Enums {
		if was := d.oldEnum(e); was != nil && was.Name != e.Name {
			d.add(RenameEnum{From: was, To: e})
		}
	}
	for _, t := range d.to.Tables {
		if was := d.tables[t]; was != nil && d.from.qualify(was.Name) != d.to.qualify(t.Name) {
			d.add(RenameTable{From: was, To: t})
		}
	}
	for _, t := range d.to.Tables {
		if d.tables[t] == nil || t.View != nil {
			continue
		}
		for _, c := range t.Columns {
			if was := d.columns[c]; was != nil && was.Name != c.Name {
				d.add(RenameColumn{Table: t, From: was, To: c})
			}
		}
	}
}

// names are all names of tables, types and functions that a schema makes, in order.
func (s *Schema) names() []Name {
	var out []Name
	for _, t := range s.Tables {
		out = append(out, s.qualify(t.Name))
	}
	for _, e := range s.Enums {
		out = append(out, s.qualify(e.Name))
	}
	for _, c := range s.Composites {
		out = append(out, s.qualify(c.Name))
	}
	for _, x := range s.Domains {
		out = append(out, s.qualify(x.Name))
	}
	for _, f := range s.Functions {
		if f.Postgres != "" {
			out = append(out, s.qualify(f.Name))
		}
	}
	return out
}

// dropTables drops tables that are no more, those that refer before those that are referred to.
func (d *differ) dropTables() {
	kept := map[*Table]bool{}
	for _, was := range d.tables {
		kept[was] = true
	}
	state := map[*Table]int{} // 1 on the way, 2 done
	var drop func(t *Table)
	drop = func(t *Table) {
		state[t] = 1
		for _, o := range d.from.Tables {
			if kept[o] || o.View != nil || o == t || state[o] == 2 {
				continue
			}
			for _, f := range o.Foreign {
				switch {
				case f.To != t:
				case state[o] == 1: // a circle
					d.add(DropForeignKey{Table: o, Key: f})
				default:
					drop(o)
				}
				if state[o] == 2 {
					break
				}
			}
		}
		state[t] = 2
		d.add(DropTable{Table: t})
	}
	for _, t := range d.from.Tables {
		if !kept[t] && t.View == nil && state[t] == 0 {
			drop(t)
		}
	}
}

// alterColumns adds, changes and drops one table's columns.
func (d *differ) alterColumns(was, t *Table) {
	for _, c := range t.Columns {
		old := d.columns[c]
		if old == nil {
			d.add(AddColumn{Table: t, Column: c})
		} else if !d.sameColumn(old, c) {
			d.add(ChangeColumn{Table: t, From: old, To: c})
		}
	}
	kept := map[*Column]bool{}
	for _, c := range t.Columns {
		kept[d.columns[c]] = true
	}
	for _, c := range was.Columns {
		if !kept[c] {
			d.add(DropColumn{Table: t, Column: c})
		}
	}
	if was.Strict != t.Strict || was.WithoutRowID != t.WithoutRowID {
		d.add(ChangeTable{From: was, To: t})
	}
	if was.Comment != t.Comment {
		d.add(CommentTable{From: was, To: t})
	}
}

// sameColumn says whether a column needs no change but, perhaps, of its name.
func (d *differ) sameColumn(a, b *Column) bool {
	return d.sameType(a.Type, b.Type) && a.NotNull == b.NotNull && sameDefault(a.Default, b.Default) && sameGenerated(a.Generated, b.Generated) &&
		a.Identity == b.Identity && a.Collate == b.Collate && a.Storage == b.Storage && a.Declared == b.Declared && a.Comment == b.Comment
}

// sameType compares types by their names, renamed ones by their new names.
func (d *differ) sameType(a, b Type) bool {
	n := d.from.qualify(Name{Schema: a.Schema, Name: a.Name})
	if now, ok := d.types[n]; ok {
		n = now
	}
	return n == d.to.qualify(Name{Schema: b.Schema, Name: b.Name}) && a.Modifier == b.Modifier && a.Array == b.Array &&
		(a.Enum == nil) == (b.Enum == nil) && (a.Domain == nil) == (b.Domain == nil)
}

func sameDefault(a, b *Default) bool {
	if a == nil || b == nil {
		return a == b
	}
	if (a.Value == nil) != (b.Value == nil) || a.Value != nil && *a.Value != *b.Value {
		return false
	}
	return a.Now == b.Now && a.UUID == b.UUID && sameSQL(a.Postgres, b.Postgres) && sameSQL(a.SQLite, b.SQLite)
}

func sameGenerated(a, b *Generated) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Stored == b.Stored && sameSQL(a.Postgres, b.Postgres) && sameSQL(a.SQLite, b.SQLite)
}

// sameSQL compares statements without regard to how they are broken into lines.
func sameSQL(a, b string) bool {
	return a == b || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
