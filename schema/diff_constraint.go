package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// A constraint is any key, check or index of a table, as text that is the same where the thing is the same.
type constraint struct {
	name, what string
	drop, add  Change
	index      bool
}

// constraintsOf lists what a table has, in the order in which it can be added. For the table that was, now is what it is
// to become: its columns are told by their new names.
func (d *differ) constraintsOf(t, now *Table) []constraint {
	var out []constraint
	name := func(c *Column) string {
		if t != now {
			for _, n := range now.Columns {
				if d.columns[n] == c {
					return n.Name
				}
			}
		}
		return c.Name
	}
	names := func(cs []*Column) string {
		var s []string
		for _, c := range cs {
			s = append(s, fmt.Sprintf("%q", name(c)))
		}
		return strings.Join(s, ",")
	}
	named := func(column string) string {
		if c, ok := t.Column(column); ok {
			return name(c)
		}
		return column
	}
	if k := t.Primary; k != nil {
		out = append(out, constraint{
			name: k.Name, what: fmt.Sprintf("primary %s %t %t", names(k.Columns), k.Deferrable, k.Deferred),
			drop: DropPrimary{Table: now, Key: k}, add: AddPrimary{Table: now, Key: k},
		})
	}
	for _, k := range t.Uniques {
		out = append(out, constraint{
			name: k.Name, what: fmt.Sprintf("unique %s %t %t %t", names(k.Columns), k.NullsNotDistinct, k.Deferrable, k.Deferred),
			drop: DropUnique{Table: now, Key: k}, add: AddUnique{Table: now, Key: k},
		})
	}
	for _, c := range t.Checks {
		out = append(out, constraint{
			name: c.Name, what: fmt.Sprintf("check %s %q %q", exprText(c.Where, named), squeezed(c.Postgres), squeezed(c.SQLite)),
			drop: DropCheck{Table: now, Check: c}, add: AddCheck{Table: now, Check: c},
		})
	}
	for _, x := range t.Indexes {
		var cols []string
		for _, c := range x.Columns {
			cols = append(cols, fmt.Sprintf("%q %t %s %q %q", name(c.Column), c.Desc, c.Nulls, c.Collate, c.Class))
		}
		what := fmt.Sprintf("index %s %s %t %s %s", strings.Join(cols, ","), names(x.Include), x.Unique, x.Method, exprText(x.Where, named))
		out = append(out, constraint{
			name: x.Name, what: what + fmt.Sprintf(" %q %q", squeezed(x.Postgres), squeezed(x.SQLite)),
			drop: DropIndex{Table: now, Index: x}, add: CreateIndex{Table: now, Index: x}, index: true,
		})
	}
	return out
}

// foreignText is what a foreign key says, by new names.
func (d *differ) foreignText(f *ForeignKey, old bool) string {
	column := func(c *Column) string {
		if old {
			for n, was := range d.columns {
				if was == c {
					return n.Name
				}
			}
		}
		return c.Name
	}
	to := d.to.qualify(f.To.Name)
	if old {
		for n, was := range d.tables {
			if was == f.To {
				to = d.to.qualify(n.Name)
			}
		}
	}
	var pairs []string
	for i, c := range f.Columns {
		pairs = append(pairs, fmt.Sprintf("%q=%q", column(c), column(f.References[i])))
	}
	lost := old && slices.ContainsFunc(d.gone[f.To], func(key []*Column) bool { return sameSet(key, f.References) })
	return fmt.Sprintf("%t %s %s %q %q %t %t", lost, strings.Join(pairs, ","), to, f.OnDelete, f.OnUpdate, f.Deferrable, f.Deferred)
}

func squeezed(sql string) string { return strings.Join(strings.Fields(sql), " ") }

// pair finds for every old constraint the new one that it becomes: of its name, or else the same under another name.
func pair(old, now []constraint) (dropped, added []constraint, renamed [][2]constraint) {
	usedOld, usedNew := map[int]bool{}, map[int]bool{}
	for i, o := range old {
		if j := slices.IndexFunc(now, func(n constraint) bool { return n.name == o.name && n.what == o.what }); j >= 0 && !usedNew[j] {
			usedOld[i], usedNew[j] = true, true
		}
	}
	for i, o := range old {
		if usedOld[i] {
			continue
		}
		for j, n := range now {
			taken := slices.ContainsFunc(old, func(x constraint) bool { return x.name == n.name && x.what != n.what })
			if !usedNew[j] && n.what == o.what && !taken {
				usedOld[i], usedNew[j] = true, true
				renamed = append(renamed, [2]constraint{o, n})
				break
			}
		}
	}
	for i, o := range old {
		if !usedOld[i] {
			dropped = append(dropped, o)
		}
	}
	for j, n := range now {
		if !usedNew[j] {
			added = append(added, n)
		}
	}
	return dropped, added, renamed
}

// foreigns lists a table's foreign keys as constraints.
func (d *differ) foreigns(t, now *Table, old bool) []constraint {
	var out []constraint
	for _, f := range t.Foreign {
		out = append(out, constraint{
			name: f.Name, what: d.foreignText(f, old),
			drop: DropForeignKey{Table: now, Key: f}, add: AddForeignKey{Table: now, Key: f},
		})
	}
	return out
}

// keptTables are the new tables that were there before.
func (d *differ) keptTables() []*Table {
	var kept []*Table
	for _, t := range d.to.Tables {
		if d.tables[t] != nil && t.View == nil {
			kept = append(kept, t)
		}
	}
	return kept
}

// dropForeignKeys drops and renames foreign keys: before any table or key that they refer to can go.
func (d *differ) dropForeignKeys() {
	for _, t := range d.keptTables() {
		dropped, _, renamed := pair(d.foreigns(d.tables[t], t, true), d.foreigns(t, t, false))
		for _, c := range dropped {
			d.add(c.drop)
		}
		for _, r := range renamed {
			d.add(RenameConstraint{Table: t, From: r[0].name, To: r[1].name})
		}
	}
}

// dropKeys drops and renames keys, checks and indexes.
func (d *differ) dropKeys() {
	for _, t := range d.keptTables() {
		dropped, _, renamed := pair(d.constraintsOf(d.tables[t], t), d.constraintsOf(t, t))
		slices.Reverse(dropped)
		for _, c := range dropped {
			d.add(c.drop)
		}
		for _, r := range renamed {
			if r[0].index {
				d.add(RenameIndex{Table: t, From: r[0].name, To: r[1].name})
			} else {
				d.add(RenameConstraint{Table: t, From: r[0].name, To: r[1].name})
			}
		}
	}
}

// goneKeys finds the old keys that are dropped: a foreign key that refers to one is dropped before and added after.
func (d *differ) goneKeys() {
	d.gone = map[*Table][][]*Column{}
	for _, t := range d.keptTables() {
		was := d.tables[t]
		dropped, _, _ := pair(d.constraintsOf(was, t), d.constraintsOf(t, t))
		for _, c := range dropped {
			switch c := c.drop.(type) {
			case DropPrimary:
				d.gone[was] = append(d.gone[was], c.Key.Columns)
			case DropUnique:
				d.gone[was] = append(d.gone[was], c.Key.Columns)
			case DropIndex:
				if c.Index.Unique {
					var columns []*Column
					for _, k := range c.Index.Columns {
						columns = append(columns, k.Column)
					}
					d.gone[was] = append(d.gone[was], columns)
				}
			}
		}
	}
}

// addConstraints adds what is new: keys, checks and indexes of every table, then foreign keys, which need the keys.
func (d *differ) addConstraints() {
	for _, t := range d.to.Tables {
		was := d.tables[t]
		switch {
		case t.View != nil:
		case was == nil: // CREATE TABLE has all but its indexes
			for _, x := range t.Indexes {
				d.add(CreateIndex{Table: t, Index: x})
			}
		default:
			_, added, _ := pair(d.constraintsOf(was, t), d.constraintsOf(t, t))
			for _, c := range added {
				d.add(c.add)
			}
		}
	}
	for _, t := range d.to.Tables {
		was := d.tables[t]
		switch {
		case t.View != nil:
		case was == nil:
			for _, f := range t.Foreign {
				d.add(AddForeignKey{Table: t, Key: f, New: true})
			}
		default:
			_, added, _ := pair(d.foreigns(was, t, true), d.foreigns(t, t, false))
			for _, c := range added {
				d.add(c.add)
			}
		}
	}
}

// exprText writes an expression so that equal ones are equal texts.
func exprText(e query.Expr, named func(string) string) string {
	list := func(of []query.Expr) string {
		var s []string
		for _, x := range of {
			s = append(s, exprText(x, named))
		}
		return strings.Join(s, " ")
	}
	switch e := e.(type) {
	case *query.And:
		return "(and " + list(e.Of) + ")"
	case *query.Or:
		return "(or " + list(e.Of) + ")"
	case *query.Not:
		return "(not " + exprText(e.Of, named) + ")"
	case query.Const:
		return fmt.Sprint(bool(e))
	case *query.Compare:
		other := ""
		if e.Other != "" {
			other = named(e.Other)
		}
		return fmt.Sprintf("(%s %q %v %s %q %q %q %t)", e.Op, named(e.Field.Column), e.Field.Path, e.Any, other, e.Value.Text, e.Value.List, e.Value.Null)
	case *query.Exists:
		return fmt.Sprintf("(exists %q %s)", e.Relation, exprText(e.Where, func(s string) string { return s }))
	}
	return ""
}
