package schema

import (
	"slices"
	"strings"
)

// sameView says whether a view needs no change.
func (d *differ) sameView(a, b *Table) bool {
	if !sameSQL(a.View.Postgres, b.View.Postgres) || !sameSQL(a.View.SQLite, b.View.SQLite) || a.View.Materialized != b.View.Materialized {
		return false
	}
	for _, c := range b.Columns {
		if was, ok := a.Column(c.Name); ok && !sameDefault(was.Default, c.Default) {
			return false
		}
	}
	dropped, added, _ := pair(d.constraintsOf(a, b), d.constraintsOf(b, b))
	index := func(c constraint) bool { return c.index }
	return !slices.ContainsFunc(dropped, index) && !slices.ContainsFunc(added, index)
}

// mentions says whether a text names a table or view. It may say so of one that isn't meant: then a view is made anew once
// too often, which loses nothing.
func mentions(text string, n Name) bool {
	text, name := strings.ToLower(text), strings.ToLower(n.Name)
	for rest := text; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		end := i + len(name)
		inside := func(b byte) bool { return isLetter(b) || b >= '0' && b <= '9' || b >= 0x80 || b == '$' }
		if (i == 0 || !inside(rest[i-1])) && (end == len(rest) || !inside(rest[end])) {
			return true
		}
		rest = rest[i+1:]
	}
}

func (t *Table) viewText() string { return t.View.Postgres + " " + t.View.SQLite }

// dropViews drops views that are no more, that change, or that stand on what changes; those that stand on others first.
func (d *differ) dropViews() {
	touched := map[*Table]bool{} // old tables and views that can't stay as they are under a view
	for _, t := range d.to.Tables {
		if was := d.tables[t]; was != nil && t.View == nil && d.disturbs(was, t) {
			touched[was] = true
		}
	}
	kept := map[*Table]*Table{}
	for now, was := range d.tables {
		kept[was] = now
	}
	for _, t := range d.from.Tables {
		if now := kept[t]; now == nil || t.View != nil && !d.sameView(t, now) {
			touched[t] = true
		}
	}
	order := viewOrder(d.from)
	d.remade = map[*Table]bool{}
	for _, v := range order { // a view on a touched thing is touched itself
		for o := range touched {
			if o != v && mentions(v.viewText(), o.Name) {
				touched[v] = true
				break
			}
		}
	}
	for _, v := range slices.Backward(order) {
		if !touched[v] {
			continue
		}
		now := kept[v]
		alone := now != nil && !slices.ContainsFunc(order, func(o *Table) bool { return o != v && mentions(o.viewText(), v.Name) }) &&
			!slices.ContainsFunc(d.from.Tables, func(o *Table) bool { return o != v && touched[o] && mentions(v.viewText(), o.Name) })
		if alone && !d.sameView(v, now) && !slices.ContainsFunc(order, func(o *Table) bool { return touched[o] && mentions(now.viewText(), o.Name) && o != v }) {
			continue // ReplaceView does it
		}
		d.add(DropView{View: v})
		if now != nil {
			d.remade[now] = true
		}
	}
}

// disturbs says whether a table changes in a way that PostgreSQL refuses while a view stands on it.
func (d *differ) disturbs(was, t *Table) bool {
	kept := map[*Column]bool{}
	for _, c := range t.Columns {
		old := d.columns[c]
		kept[old] = true
		if old != nil && (!d.sameType(old.Type, c.Type) || old.Name != c.Name || !sameGenerated(old.Generated, c.Generated)) {
			return true
		}
		if r := d.rebuilds(c); r {
			return true
		}
	}
	return was.Name != t.Name || slices.ContainsFunc(was.Columns, func(c *Column) bool { return !kept[c] })
}

// rebuilds says whether a column's enum is made anew.
func (d *differ) rebuilds(c *Column) bool {
	if c.Type.Enum == nil || d.columns[c] == nil {
		return false
	}
	was := d.oldEnum(c.Type.Enum)
	if was == nil {
		return false
	}
	probe := &differ{from: d.from, to: d.to, tables: d.tables, columns: d.columns, types: d.types}
	probe.changeEnum(was, c.Type.Enum)
	return slices.ContainsFunc(probe.changes, func(c Change) bool { _, ok := c.(RebuildEnum); return ok })
}

// viewOrder puts views behind the views that they stand on.
func viewOrder(s *Schema) []*Table {
	var out []*Table
	done := map[*Table]bool{}
	var visit func(v *Table)
	visit = func(v *Table) {
		if done[v] {
			return
		}
		done[v] = true
		for _, o := range s.Tables {
			if o != v && o.View != nil && mentions(v.viewText(), o.Name) {
				visit(o)
			}
		}
		out = append(out, v)
	}
	for _, t := range s.Tables {
		if t.View != nil {
			visit(t)
		}
	}
	return out
}

// newTables makes tables, and before each the functions that its defaults and checks call.
func (d *differ) newTables() {
	made := map[*Function]bool{}
	for _, t := range d.to.Tables {
		if t.View != nil || d.tables[t] != nil {
			continue
		}
		for _, f := range d.to.Functions {
			if d.isNew(f) && !made[f] && mentions(t.sqlText(), f.Name) && !d.needsTables(f) {
				made[f] = true
				d.add(CreateFunction{Function: f})
			}
		}
		d.add(CreateTable{Table: t})
	}
	d.made = made
}

// needsTables says whether a function's text names a table that is new.
func (d *differ) needsTables(f *Function) bool {
	return slices.ContainsFunc(d.to.Tables, func(t *Table) bool { return d.tables[t] == nil && mentions(f.Postgres, t.Name) })
}

// sqlText is all SQL that a table's definition holds.
func (t *Table) sqlText() string {
	var parts []string
	for _, c := range t.Columns {
		if c.Default != nil {
			parts = append(parts, c.Default.Postgres)
		}
		if c.Generated != nil {
			parts = append(parts, c.Generated.Postgres)
		}
	}
	for _, c := range t.Checks {
		parts = append(parts, c.Postgres)
	}
	for _, x := range t.Indexes {
		parts = append(parts, x.Postgres)
	}
	return strings.Join(parts, " ")
}

// isNew says whether a function must be made: it isn't there, or was dropped to be made anew.
func (d *differ) isNew(f *Function) bool {
	if f.Query != nil || f.Postgres == "" {
		return false
	}
	was := d.functionLike(d.from, f)
	return was == nil || d.result(was) != d.result(f)
}

// newViews makes and replaces functions and views, each behind what it stands on.
func (d *differ) newViews() {
	type object struct {
		name   Name
		text   string
		change Change
	}
	var todo []*object
	for _, f := range d.to.Functions {
		was := d.functionLike(d.from, f)
		switch {
		case d.made[f]:
		case d.isNew(f):
			todo = append(todo, &object{name: f.Name, text: f.Postgres, change: CreateFunction{Function: f}})
		case f.Query == nil && f.Postgres != "" && (!sameSQL(was.Postgres, f.Postgres) || was.Comment != f.Comment):
			todo = append(todo, &object{name: f.Name, text: f.Postgres, change: ReplaceFunction{From: was, To: f}})
		}
	}
	for _, v := range viewOrder(d.to) {
		was := d.tables[v]
		switch {
		case was == nil, d.remade[v]:
			todo = append(todo, &object{name: v.Name, text: v.viewText(), change: CreateView{View: v}})
		case !d.sameView(was, v):
			todo = append(todo, &object{name: v.Name, text: v.viewText(), change: ReplaceView{From: was, To: v}})
		case was.Comment != v.Comment:
			d.add(CommentTable{From: was, To: v})
		}
	}
	done := map[*object]bool{}
	var visit func(o *object)
	visit = func(o *object) {
		if done[o] {
			return
		}
		done[o] = true
		for _, x := range todo {
			if x != o && mentions(o.text, x.name) {
				visit(x)
			}
		}
		d.add(o.change)
	}
	for _, o := range todo {
		visit(o)
	}
}
