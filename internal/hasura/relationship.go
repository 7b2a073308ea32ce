package hasura

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// A relationship is one of the metadata while it is laid.
type relationship struct {
	*table
	entry *node
	name  string
	many  bool
}

func (r *relationship) String() string { return "relationship " + r.name + " of " + described(r.Table) }

// relationships names the relations of a table; those of foreign keys first, as others may lead back along them.
func (l *layer) relationships(t *table) {
	for _, key := range []string{"object_relationships", "array_relationships"} {
		for _, entry := range t.entry.objects(key) {
			r := &relationship{table: t, entry: entry, name: entry.string("name"), many: key == "array_relationships"}
			using := entry.object("using")
			fk, manual := using.get("foreign_key_constraint_on"), using.object("manual_configuration")
			if !l.nameable(r) {
				entry.take()
				continue
			}
			switch {
			case fk != nil && manual != nil, fk == nil && manual == nil:
				entry.doc.wrong(entry.at, "the relationship %s should say one of foreign_key_constraint_on and manual_configuration", r.name)
				continue
			case fk != nil:
				l.byForeignKey(r, fk)
			default:
				l.byColumns(r, manual)
			}
		}
	}
}

// nameable says whether a relation can have its name.
func (l *layer) nameable(r *relationship) bool {
	taken := l.fields[r.Table]
	base, aggregate := strings.CutSuffix(r.name, "_aggregate")
	clash := taken[r.name] || r.many && taken[r.name+"_aggregate"] || aggregate && taken[base]
	switch {
	case r.name == "":
		r.entry.doc.wrong(r.entry.at, "a relationship of %s has no name", described(r.Table))
		return false
	case !spellable(r.name):
		l.report(r.entry.at, r.String(), "not in the file", "GraphQL can't spell its name")
		return false
	case clash:
		l.report(r.entry.at, r.String(), "not in the file", "the table has a column or another relationship of that name, or of one that the API makes of it")
		return false
	}
	return true
}

// took marks a relation as named.
func (l *layer) took(r *relationship) { l.fields[r.Table][r.name] = true }

// byForeignKey reads foreign_key_constraint_on: columns of this table, or the other table with its columns.
func (l *layer) byForeignKey(r *relationship, on *node) {
	var names []string
	holder, back := r.Table, false
	switch on.kind {
	case aText:
		names = []string{on.text}
	case aList:
		names = r.entry.object("using").strings("foreign_key_constraint_on")
	case aObject:
		back = true
		names = append(on.strings("columns"), on.strings("column")...)
		var ok bool
		if holder, ok = l.remote(r, on.get("table")); !ok {
			return
		}
	default:
		on.is(aObject, "foreign_key_constraint_on")
		return
	}
	if !back && r.many {
		on.doc.wrong(on.at, "the array relationship %s should name the other table, whose foreign key leads here", r.name)
		return
	}
	i := slices.IndexFunc(holder.Foreign, func(f *schema.ForeignKey) bool {
		return sameColumns(f.Columns, names) && (!back || f.To == r.Table)
	})
	if i < 0 {
		l.report(on.at, r.String(), "not in the file",
			fmt.Sprintf("there is no foreign key of (%s) in %s that leads to a tracked table", strings.Join(names, ", "), described(holder)))
		return
	}
	l.byKey(r, holder.Foreign[i], back)
}

func sameColumns(columns []*schema.Column, names []string) bool {
	return len(columns) == len(names) && !slices.ContainsFunc(columns, func(c *schema.Column) bool { return !slices.Contains(names, c.Name) })
}

// remote finds the other table of a relationship.
func (l *layer) remote(r *relationship, n *node) (*schema.Table, bool) {
	name, ok := objectName(n)
	if !ok {
		r.entry.doc.wrong(r.entry.at, "the relationship %s doesn't say to which table it leads", r.name)
		return nil, false
	}
	t, ok := l.s.TableNamed(name)
	if !ok {
		r.entry.take()
		l.report(n.at, r.String(), "not in the file", "it leads to "+name.String()+", which isn't tracked or isn't in the database")
	}
	return t, ok
}

// byKey makes a relation of a foreign key, from the table that holds it, or back to it.
func (l *layer) byKey(r *relationship, f *schema.ForeignKey, back bool) {
	to := f.To
	if back {
		to = f.Table
	}
	i := slices.IndexFunc(r.Relations, func(x *schema.Relation) bool {
		return x.Foreign == f && x.Inverse == back && x.Through == nil && x.Computed == nil && x.To == to
	})
	if i < 0 || back && !r.many && !keyed(to, f.Columns) { // an object where nothing says that there is only one
		pairs := pairsOf{f.Columns, f.References}
		if back {
			pairs = pairsOf{f.References, f.Columns}
		}
		l.plain(r, to, pairs)
		return
	}
	x := r.Relations[i]
	switch {
	case x.Name == "":
	case back:
		again := *x
		x = &again
		r.Relations = append(r.Relations, x)
	default: // a second name for one foreign key
		l.plain(r, to, pairsOf{f.Columns, f.References})
		return
	}
	x.Name, x.Comment = r.name, r.entry.string("comment")
	if back {
		x.Many = r.many
	}
	l.took(r)
}

// keyed says whether columns are, in any order, a key of a table.
func keyed(t *schema.Table, columns []*schema.Column) bool {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	if t.Primary != nil && sameColumns(t.Primary.Columns, names) {
		return true
	}
	return slices.ContainsFunc(t.Uniques, func(k *schema.Key) bool { return sameColumns(k.Columns, names) })
}

// pairsOf are the columns of both ends.
type pairsOf struct{ from, to []*schema.Column }

// plain makes a relation of columns that just match.
func (l *layer) plain(r *relationship, to *schema.Table, p pairsOf) {
	for i, c := range p.from {
		if !schema.Comparable(c.Type, p.to[i].Type) {
			l.report(r.entry.at, r.String(), "not in the file",
				fmt.Sprintf("%s is %s, and %s of %s is %s: make them one type", c.Name, c.Type, p.to[i].Name, described(to), p.to[i].Type))
			return
		}
	}
	r.Relations = append(r.Relations, &schema.Relation{
		Name: r.name, Comment: r.entry.string("comment"), From: r.Table, To: to, Columns: p.from, References: p.to,
		Many: r.many, Inverse: r.many, Optional: true,
	})
	l.took(r)
}

// byColumns reads manual_configuration: a table, and which columns match which.
func (l *layer) byColumns(r *relationship, manual *node) {
	to, ok := l.remote(r, manual.get("remote_table"))
	if !ok {
		return
	}
	if other := manual.string("source"); other != "" && other != l.source.string("name") {
		l.report(manual.at, r.String(), "not in the file", "it leads to another source, "+other)
		return
	}
	mapping := manual.object("column_mapping")
	if mapping == nil || len(mapping.fields) == 0 {
		manual.doc.wrong(manual.at, "the relationship %s says no column_mapping", r.name)
		return
	}
	var p pairsOf
	for _, f := range mapping.fields {
		f.asked = true
		if !f.value.is(aText, f.key) {
			return
		}
		from, has := r.Column(f.key)
		ref, hasRef := to.Column(f.value.text)
		if !has || !hasRef {
			l.report(f.at, r.String(), "not in the file", fmt.Sprintf("%s to %s: there is no such column", f.key, f.value.text))
			return
		}
		p.from, p.to = append(p.from, from), append(p.to, ref)
	}
	if twice(p.from) || twice(p.to) {
		l.report(mapping.at, r.String(), "not in the file", "a column stands in column_mapping twice")
		return
	}
	order := manual.string("insertion_order")
	for _, f := range r.Foreign {
		if f.To == to && samePairs(f.Columns, f.References, p.from, p.to) && !r.many {
			l.insertion(r, manual, order, "before_parent")
			l.byKey(r, f, false)
			return
		}
	}
	for _, f := range to.Foreign {
		if f.To == r.Table && samePairs(f.Columns, f.References, p.to, p.from) {
			l.insertion(r, manual, order, "after_parent")
			l.byKey(r, f, true)
			return
		}
	}
	l.insertion(r, manual, order, "")
	l.plain(r, to, p)
}

// insertion reports an insertion_order that isn't what the foreign key says.
func (l *layer) insertion(r *relationship, manual *node, order, natural string) {
	if order != "" && order != natural {
		l.report(manual.get("insertion_order").at, r.String(), "insertion_order "+order,
			"nested rows are inserted in the order of the foreign keys, and without one the row that refers comes last")
	}
}

func twice(columns []*schema.Column) bool {
	for i, c := range columns {
		if slices.Contains(columns[i+1:], c) {
			return true
		}
	}
	return false
}

// samePairs compares pairs of columns in any order.
func samePairs(from, to, otherFrom, otherTo []*schema.Column) bool {
	if len(from) != len(otherFrom) {
		return false
	}
	for i, c := range from {
		j := slices.Index(otherFrom, c)
		if j < 0 || otherTo[j] != to[i] {
			return false
		}
	}
	return true
}
