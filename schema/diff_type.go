package schema

import (
	"slices"
	"strings"
)

// newTypes makes and changes enums, composite types and domains before the tables that use them.
func (d *differ) newTypes() {
	for _, e := range d.to.Enums {
		if was := d.oldEnum(e); was != nil {
			d.changeEnum(was, e)
		} else {
			d.add(CreateEnum{Enum: e})
		}
	}
	done := map[any]bool{}
	var need func(t Type)
	composite := func(c *Composite) {
		if done[c] {
			return
		}
		done[c] = true
		for _, f := range c.Columns {
			need(f.Type)
		}
		switch was := findComposite(d.from, d.to.qualify(c.Name)); {
		case was == nil:
			d.add(CreateComposite{Composite: c})
		case !d.sameColumns(was.Columns, c.Columns) || was.Comment != c.Comment:
			d.add(ChangeComposite{From: was, To: c})
		}
	}
	domain := func(x *Domain) {
		if done[x] {
			return
		}
		done[x] = true
		need(x.Base)
		switch was := findDomain(d.from, d.to.qualify(x.Name)); {
		case was == nil:
			d.add(CreateDomain{Domain: x})
		case !d.sameDomain(was, x):
			d.add(ChangeDomain{From: was, To: x})
		}
	}
	need = func(t Type) {
		switch {
		case t.Domain != nil:
			domain(t.Domain)
		case t.Composite != nil:
			composite(t.Composite)
		}
	}
	for _, c := range d.to.Composites {
		composite(c)
	}
	for _, x := range d.to.Domains {
		domain(x)
	}
}

func findComposite(s *Schema, n Name) *Composite {
	for _, c := range s.Composites {
		if s.qualify(c.Name) == n {
			return c
		}
	}
	return nil
}

func findDomain(s *Schema, n Name) *Domain {
	for _, x := range s.Domains {
		if s.qualify(x.Name) == n {
			return x
		}
	}
	return nil
}

func (d *differ) sameColumns(a, b []*Column) bool {
	return slices.EqualFunc(a, b, func(x, y *Column) bool {
		return x.Name == y.Name && d.sameType(x.Type, y.Type) && x.Comment == y.Comment
	})
}

func (d *differ) sameDomain(a, b *Domain) bool {
	checks := func(x, y *Check) bool { return x.Name == y.Name && sameSQL(x.Postgres, y.Postgres) }
	return d.sameType(a.Base, b.Base) && a.NotNull == b.NotNull && sameSQL(a.Default, b.Default) && a.Comment == b.Comment &&
		slices.EqualFunc(a.Checks, b.Checks, checks) && a.ToJSON == b.ToJSON && a.FromJSON == b.FromJSON && a.FromText == b.FromText
}

// changeEnum renames and adds values where that is enough, and makes the enum anew where values go or change places.
func (d *differ) changeEnum(was, e *Enum) {
	labels := d.renameValues(was, e)
	if removed := gone(labels, e); len(removed) > 0 || !inOrder(labels, e) {
		d.rebuildEnum(was, e, removed)
		return
	}
	d.addValues(labels, e)
	if was.Comment != e.Comment {
		d.add(CommentEnum{From: was, To: e})
	}
}

// renameValues renames what @renamed says, and gives the labels that was has after it.
func (d *differ) renameValues(was, e *Enum) []string {
	labels := make([]string, 0, len(was.Values))
	for _, v := range was.Values {
		labels = append(labels, v.Value)
	}
	for _, v := range e.Values {
		if i := slices.Index(labels, v.RenamedFrom); i >= 0 && !slices.Contains(labels, v.Value) && e.place(v.RenamedFrom) < 0 {
			labels[i] = v.Value
			d.add(RenameEnumValue{Enum: e, From: v.RenamedFrom, To: v.Value})
		}
	}
	return labels
}

// place is a label's place in e; -1 where it is none of e's.
func (e *Enum) place(label string) int {
	return slices.IndexFunc(e.Values, func(v EnumValue) bool { return v.Value == label })
}

// gone are the labels that e doesn't have any more.
func gone(labels []string, e *Enum) []string {
	var out []string
	for _, l := range labels {
		if e.place(l) < 0 {
			out = append(out, l)
		}
	}
	return out
}

// inOrder says whether labels of e stand as they do there.
func inOrder(labels []string, e *Enum) bool {
	return slices.IsSortedFunc(labels, func(a, b string) int { return e.place(a) - e.place(b) })
}

// rebuildEnum makes an enum anew, for all columns of tables that are of it before and after.
func (d *differ) rebuildEnum(was, e *Enum, removed []string) {
	r := RebuildEnum{From: was, To: e, Removed: removed}
	for _, t := range d.to.Tables {
		for _, c := range t.Columns {
			if old := d.columns[c]; c.Type.Enum == e && t.View == nil && old != nil && old.Type.Enum == was {
				r.Columns = append(r.Columns, c)
			}
		}
	}
	d.add(r)
}

// addValues adds what labels don't have yet: each behind its neighbour, at the beginning before what is there, and the last one just
// at the end.
func (d *differ) addValues(labels []string, e *Enum) {
	there := slices.Clone(labels)
	for i, v := range e.Values {
		if slices.Contains(there, v.Value) {
			continue
		}
		add := AddEnumValue{Enum: e, Value: v.Value}
		if i > 0 {
			add.After = e.Values[i-1].Value
		} else if len(there) > 0 {
			add.Before = there[0]
		}
		if i == len(e.Values)-1 && add.Before == "" {
			add.After = ""
		}
		there = append(there, v.Value)
		d.add(add)
	}
}

// oldTypes drops types that nothing uses any more: domains and composites before what they stand on.
func (d *differ) oldTypes() {
	for _, x := range slices.Backward(d.from.Domains) {
		if findDomain(d.to, d.from.qualify(x.Name)) == nil {
			d.add(DropDomain{Domain: x})
		}
	}
	for _, c := range slices.Backward(d.from.Composites) {
		if findComposite(d.to, d.from.qualify(c.Name)) == nil {
			d.add(DropComposite{Composite: c})
		}
	}
	kept := map[*Enum]bool{}
	for _, e := range d.to.Enums {
		kept[d.oldEnum(e)] = true
	}
	for _, e := range d.from.Enums {
		if !kept[e] {
			d.add(DropEnum{Enum: e})
		}
	}
}

// functions drops functions that are no more, and those whose signature or result changed, which can't be replaced.
func (d *differ) functions() {
	for _, f := range d.from.Functions {
		if f.Query != nil || f.Postgres == "" {
			continue
		}
		now := d.functionLike(d.to, f)
		if now == nil || d.result(now) != d.result(f) {
			d.add(DropFunction{Function: f})
		}
	}
}

// functionLike finds a function of the same name and arguments.
func (d *differ) functionLike(in *Schema, f *Function) *Function {
	for _, g := range in.FunctionsNamed(f.Name) {
		if g.Query == nil && slices.EqualFunc(f.Args, g.Args, func(a, b Arg) bool { return a.Type.String() == b.Type.String() }) {
			return g
		}
	}
	return nil
}

// result is what a function's replacement must keep: its result, and its arguments' names.
func (d *differ) result(f *Function) string {
	r := f.Returns
	var parts []string
	for _, a := range f.Args {
		parts = append(parts, a.Name)
	}
	for _, c := range r.Out {
		parts = append(parts, c.Name, c.Type.String())
	}
	if r.Table != nil {
		parts = append(parts, r.Table.Name.String())
	}
	if r.SetOf {
		parts = append(parts, "SETOF")
	}
	return strings.Join(append(parts, r.Type.String()), "\x00")
}
