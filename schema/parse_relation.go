package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A lateField is one with @inverse or @relation(through:). It waits until all tables have their foreign keys.
type lateField struct {
	def   *definition
	field *ast.FieldDefinition
	directive
}

// relations reads a table's foreign keys and forward relations.
func (p *parser) relations(def *definition) {
	for _, f := range def.Fields {
		ds := p.fieldDirectives(f)
		if ds == nil || !p.isRelation(f, ds) {
			continue
		}
		for _, n := range []string{"column", "unique", "default", "index", "renamed", "function"} {
			if d, ok := one(ds, n); ok {
				p.wrong(d.Position, "write it on the columns of the relation", "@%s can't stand on the relation %s", n, f.Name)
			}
		}
		rel, isRelation := one(ds, "relation")
		inv, isInverse := one(ds, "inverse")
		target := p.defs[f.Type.Name()]
		switch {
		case isRelation && isInverse:
			p.wrong(inv.Position, "keep one of them", "%s can't be @relation and @inverse at once", f.Name)
		case target == nil || target.table == nil:
			if target == nil && !p.isKnown(f.Type.Name()) {
				p.unknownType(innermost(f.Type))
			} else {
				p.wrong(innermost(f.Type).Position, "write the type that it leads to", "%s is a relation, but %s is no table", f.Name, f.Type.Name())
			}
		case !isRelation && !isInverse:
			p.unsaidRelation(def, f, target.table)
		case isInverse:
			p.late = append(p.late, lateField{def, f, inv})
		case rel.has("through"):
			p.late = append(p.late, lateField{def, f, rel})
		default:
			p.forward(def, f, rel, target.table)
		}
	}
	for _, d := range def.directives["foreign"] {
		p.foreign(def, d)
	}
}

func (p *parser) isKnown(name string) bool {
	_, ok := p.typeNamed(name)
	return ok || p.defs[name] != nil
}

func innermost(t *ast.Type) *ast.Type {
	for t.Elem != nil {
		t = t.Elem
	}
	return t
}

// unsaidRelation helps with a field whose type is a table and that doesn't say how it gets there.
func (p *parser) unsaidRelation(def *definition, f *ast.FieldDefinition, to *Table) {
	if f.Type.Elem != nil {
		p.wrong(f.Position, `write @inverse(of: "the field of `+to.Type+` that leads here"), or @relation(through: "…")`, "%s doesn't say how the rows of %s belong to one of %s", f.Name, to.Type, def.Name)
		return
	}
	guess := f.Name + "_id"
	if def.table.fieldNamed(guess) == nil && len(def.table.Columns) > 0 {
		if n := nearest(guess, fieldNames(def.table)); n != "" {
			guess = n
		}
	}
	p.wrong(f.Position, fmt.Sprintf("write @relation(columns: [%q])", guess), "%s doesn't say which columns lead to %s", f.Name, to.Type)
}

func fieldNames(t *Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Field)
	}
	return names
}

// pairs reads columns: and references:, which defaults to the primary key.
func (p *parser) pairs(t, to *Table, d directive) (from, refs []*Column, ok bool) {
	if len(d.list("columns")) == 0 {
		p.wrong(d.Position, "write columns: [\"…\"], with columns of "+t.Type, "@%s doesn't say which columns lead to %s", d.Name, to.Type)
		return nil, nil, false
	}
	if from = p.columnList(t, d, "columns"); from == nil {
		return nil, nil, false
	}
	switch {
	case d.has("references"):
		if refs = p.columnList(to, d, "references"); refs == nil {
			return nil, nil, false
		}
	case to.Primary == nil:
		p.wrong(d.Position, "write references: [\"…\"], or give "+to.Type+" an @id", "%s has no primary key to refer to", to.Type)
		return nil, nil, false
	default:
		refs = to.Primary.Columns
	}
	if len(from) != len(refs) {
		p.wrong(d.at("columns"), "name as many columns as it refers to: "+columnNames(refs), "%d of %s's columns can't refer to %d of %s's", len(from), t.Type, len(refs), to.Type)
		return nil, nil, false
	}
	for i, c := range from {
		if !comparable(c.Type, refs[i].Type) && !p.objects[t].loose() {
			p.wrong(d.at("columns"), "give both the same type", "%s is %s, but %s.%s is %s", c.Field, c.Type, to.Type, refs[i].Field, refs[i].Type)
			return nil, nil, false
		}
	}
	return from, refs, true
}

func columnNames(columns []*Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Field
	}
	return strings.Join(names, ", ")
}

// Comparable says whether the columns of a relation may be of two types.
func Comparable(a, b Type) bool { return comparable(a, b) }

// comparable says whether PostgreSQL has an equality between two types.
func comparable(a, b Type) bool {
	family := func(t Type) string {
		t = t.Underlying()
		if t.Array {
			return "[]" + t.Name
		}
		switch t.Base {
		case Int2, Int4, Int8, Float4, Float8, Numeric:
			return "number"
		case Text:
			return "text"
		case Date, Timestamp, TimestampTZ:
			return "moment"
		case Time, TimeTZ:
			return "time"
		}
		return t.Schema + "." + t.Name
	}
	return family(a) == family(b)
}

// forward reads a field with @relation(columns:).
func (p *parser) forward(def *definition, f *ast.FieldDefinition, d directive, to *Table) {
	t := def.table
	for _, a := range []string{"from", "to"} {
		if d.has(a) {
			p.wrong(d.at(a), "take it out, or name the table between in through:", "%s: goes with through:", a)
			return
		}
	}
	from, refs, ok := p.pairs(t, to, d)
	if !ok {
		return
	}
	r := &Relation{Name: f.Name, Comment: f.Description, From: t, To: to, Columns: from, References: refs, Constraint: d.text("name"), Optional: !f.Type.NonNull}
	p.at[r] = f.Position
	p.checkLength(d.at("name"), r.Constraint)
	constraint := d.flag("constraint", true) && !d.has("of")
	if f.Type.Elem != nil {
		if constraint {
			p.wrong(f.Type.Position, "write "+f.Name+": "+to.Type+", or @inverse(of: …) for the other end", "%s leads from one row of %s to one row of %s, so it can't be a list", f.Name, t.Type, to.Type)
			return
		}
		r.Many, r.Inverse, r.Optional = true, true, true
	}
	switch {
	case d.has("of"):
		p.ofConstraint(r, d)
	case !constraint:
		for _, a := range []string{"on_delete", "on_update", "deferrable", "deferred"} {
			if d.has(a) {
				p.wrong(d.at(a), "take it out, or constraint: false", "%s: belongs to a constraint, and %s has none", a, f.Name)
			}
		}
	default:
		r.Foreign = p.addForeign(def, d, to, from, refs)
	}
	if !r.Many && !r.Optional {
		if r.Foreign == nil || r.Foreign.Table != t {
			p.wrong(f.Type.Position, "write "+f.Name+": "+to.Type, "nothing makes sure that there is a row for %s, so it may be null", f.Name)
		} else if i := slices.IndexFunc(from, func(c *Column) bool { return !c.NotNull }); i >= 0 {
			p.wrong(f.Type.Position, "write "+f.Name+": "+to.Type+", or "+from[i].Field+" with a !", "%s may be null, since %s may be", f.Name, from[i].Field)
		}
	}
	t.Relations = append(t.Relations, r)
}

// ofConstraint ties a view's relation to the foreign key of another table that it comes from: of: "order.order_customer_id_fkey".
func (p *parser) ofConstraint(r *Relation, d directive) {
	typ, name, _ := strings.Cut(d.text("of"), ".")
	r.Constraint = name
	def := p.defs[typ]
	if def == nil || def.table == nil || name == "" {
		p.wrong(d.at("of"), `write of: "type.constraint"`, "of: %q names no foreign key", d.text("of"))
		return
	}
	if d.has("name") || d.has("constraint") {
		p.wrong(d.Position, "take name: and constraint: out", "of: names a constraint of another table already")
	}
	p.ofs = append(p.ofs, ofKey{r, def.table, name, d.at("of")})
}

// An ofKey is a relation that waits for another table's foreign key.
type ofKey struct {
	relation *Relation
	table    *Table
	name     string
	at       *ast.Position
}

// foreign reads @foreign on a type: a foreign key that no field is named for.
func (p *parser) foreign(def *definition, d directive) {
	to := p.tableNamed(d.text("to"))
	if to == nil {
		p.wrong(d.at("to"), p.suggestTable(d.text("to")), "@foreign leads to %q, which is no table", d.text("to"))
		return
	}
	if from, refs, ok := p.pairs(def.table, to, d); ok {
		p.addForeign(def, d, to, from, refs)
	}
}

func (p *parser) tableNamed(name string) *Table {
	if d := p.defs[name]; d != nil {
		return d.table
	}
	return nil
}

func (p *parser) suggestTable(name string) string {
	var names []string
	for _, d := range p.declared {
		if d.table != nil {
			names = append(names, d.Name)
		}
	}
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf("write %q", n)
	}
	return "write the name of a type with @table"
}

// addForeign makes a foreign key.
func (p *parser) addForeign(def *definition, d directive, to *Table, from, refs []*Column) *ForeignKey {
	t := def.table
	f := &ForeignKey{
		Name: d.text("name"), Table: t, Columns: from, To: to, References: refs, OnDelete: d.word("on_delete"), OnUpdate: d.word("on_update"),
		Deferrable: d.flag("deferrable", false) || d.flag("deferred", false), Deferred: d.flag("deferred", false),
	}
	p.at[f] = d.Position
	for _, action := range []*string{&f.OnDelete, &f.OnUpdate} {
		if *action == "NO ACTION" {
			*action = ""
		}
	}
	switch {
	case t.View != nil:
		p.wrong(d.Position, "write constraint: false", "%s is a view, and can't have a foreign key", t.Type)
		return nil
	case to.View != nil:
		p.wrong(d.Position, "write constraint: false", "%s is a view, and no foreign key can refer to it", to.Type)
		return nil
	}
	if !isKey(to, refs) && !p.objects[to].loose() {
		p.wrong(d.Position, "make them @unique, or write constraint: false", "%s of %s is no key, so a foreign key can't refer to it", columnNames(refs), to.Type)
		return nil
	}
	for arg, action := range map[string]string{"on_delete": f.OnDelete, "on_update": f.OnUpdate} {
		for _, c := range from {
			if action == "SET NULL" && c.NotNull {
				p.wrong(d.at(arg), "write RESTRICT or CASCADE, or take the ! off "+c.Field, "%s: SET_NULL can't set %s, which is never null", arg, c.Field)
			}
			if action == "SET DEFAULT" && c.NotNull && c.Default == nil {
				p.wrong(d.at(arg), "give it a @default", "%s: SET_DEFAULT can't set %s, which has no default", arg, c.Field)
			}
		}
	}
	t.Foreign = append(t.Foreign, f)
	return f
}

// isKey says whether columns are, in any order, a key that a foreign key can refer to.
func isKey(t *Table, columns []*Column) bool {
	if t.hasKey(columns) {
		return true
	}
	return slices.ContainsFunc(t.Indexes, func(x *Index) bool {
		if !x.Unique || x.Where != nil || len(x.Columns) != len(columns) {
			return false
		}
		return !slices.ContainsFunc(x.Columns, func(c IndexColumn) bool { return !slices.Contains(columns, c.Column) })
	})
}

// A way is a forward relation or a foreign key that nobody named.
type way struct {
	name, constraint string
	to               *Table
	columns, refs    []*Column
	foreign          *ForeignKey
}

// ways gives every way out of a table.
func ways(t *Table) []way {
	var out []way
	seen := map[*ForeignKey]bool{}
	for _, r := range t.Relations {
		if r.Name != "" && r.forward() {
			out = append(out, way{r.Name, r.Constraint, r.To, r.Columns, r.References, r.Foreign})
			if r.Foreign != nil && r.Foreign.Table == t {
				out[len(out)-1].constraint = r.Foreign.Name
				seen[r.Foreign] = true
			}
		}
	}
	for _, f := range t.Foreign {
		if !seen[f] {
			out = append(out, way{"", f.Name, f.To, f.Columns, f.References, f})
		}
	}
	return out
}

// called finds the ways of a name, else those of a constraint.
func called(all []way, name string) []way {
	for _, by := range []func(way) string{func(w way) string { return w.name }, func(w way) string { return w.constraint }} {
		if i := slices.IndexFunc(all, func(w way) bool { return by(w) == name }); i >= 0 {
			return all[i : i+1]
		}
	}
	return nil
}

// lateRelations reads @inverse and @relation(through:), when every table has its foreign keys and those have their names.
func (p *parser) lateRelations() {
	p.out.nameConstraints()
	for _, o := range p.ofs {
		i := slices.IndexFunc(o.table.Foreign, func(f *ForeignKey) bool { return f.Name == o.name })
		if i < 0 {
			p.wrong(o.at, p.suggestWay(o.table, o.name), "of: %s has no foreign key %q", o.table.Type, o.name)
			continue
		}
		o.relation.Foreign = o.table.Foreign[i]
	}
	for _, x := range p.late {
		read := p.inverse
		if x.Name == "relation" {
			read = p.through
		}
		if r := read(x, x.def.table, p.defs[x.field.Type.Name()].table); r != nil {
			r.Name, r.Comment, r.Optional = x.field.Name, x.field.Description, true
			p.at[r] = x.field.Position
			x.def.table.Relations = append(x.def.table.Relations, r)
		}
	}
}

// inverse reads @inverse; nil where it has a mistake.
func (p *parser) inverse(x lateField, t, to *Table) *Relation {
	if x.text("of") == "" {
		p.wrong(x.Position, `write @inverse(of: "…"), with a relation of `+to.Type, "@inverse doesn't say of which relation")
		return nil
	}
	found := called(ways(to), x.text("of"))
	if len(found) == 0 {
		p.wrong(x.at("of"), p.suggestInverse(t, to), "%s has no relation %q", to.Type, x.text("of"))
		return nil
	}
	w := found[0]
	if w.to != t {
		p.wrong(x.at("of"), p.suggestInverse(t, to), "%s of %s leads to %s, not to %s", x.text("of"), to.Type, w.to.Type, t.Type)
		return nil
	}
	many := x.field.Type.Elem != nil
	switch {
	case !many && !to.hasKey(w.columns):
		p.wrong(x.field.Type.Position, "write "+x.field.Name+": ["+to.Type+"!]!, or make "+columnNames(w.columns)+" @unique", "one of %s may have many of %s", t.Type, to.Type)
		return nil
	case !many && x.field.Type.NonNull:
		p.wrong(x.field.Type.Position, "write "+x.field.Name+": "+to.Type, "nothing makes sure that there is a row for %s, so it may be null", x.field.Name)
	}
	return &Relation{
		From: t, To: to, Many: many, Columns: w.refs, References: w.columns,
		Constraint: cmp.Or(w.constraint, w.name), Foreign: w.foreign, Inverse: true,
	}
}

func (p *parser) suggestWay(t *Table, name string) string {
	var names []string
	for _, w := range ways(t) {
		if w.name != "" {
			names = append(names, w.name)
		}
		names = append(names, w.constraint)
	}
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf("write %q", n)
	}
	if len(names) == 0 {
		return t.Type + " has no relations"
	}
	return "it has " + list(names, "and")
}

// suggestInverse names the relations of to that lead to t.
func (p *parser) suggestInverse(t, to *Table) string {
	var names []string
	for _, w := range ways(to) {
		if w.to == t {
			names = append(names, fmt.Sprintf("%q", cmp.Or(w.name, w.constraint)))
		}
	}
	if len(names) == 0 {
		return "write a @relation to " + t.Type + " in " + to.Type + " first"
	}
	return "write of: " + list(names, "or")
}

// through reads @relation(through:); nil where it has a mistake.
func (p *parser) through(x lateField, t, to *Table) *Relation {
	if x.field.Type.Elem == nil {
		p.wrong(x.field.Type.Position, "write "+x.field.Name+": ["+to.Type+"!]!", "%s leads to many rows, so it is a list", x.field.Name)
		return nil
	}
	for _, a := range []string{"columns", "references", "on_delete", "on_update", "constraint", "of", "name", "deferrable", "deferred"} {
		if x.has(a) {
			p.wrong(x.at(a), "take it out: the table between says so", "%s: can't go with through:", a)
		}
	}
	between := p.tableNamed(x.text("through"))
	if between == nil {
		p.wrong(x.at("through"), p.suggestTable(x.text("through")), "through: %q is no table", x.text("through"))
		return nil
	}
	a := p.half(x, "from", between, t, nil)
	if a == nil {
		return nil
	}
	b := p.half(x, "to", between, to, a)
	if b == nil {
		return nil
	}
	return &Relation{
		From: t, To: to, Many: true, Columns: a.refs, References: a.columns,
		Through: &Through{
			Table: between, Columns: b.columns, References: b.refs,
			FromConstraint: cmp.Or(a.constraint, a.name), ToConstraint: cmp.Or(b.constraint, b.name),
		},
	}
}

// half finds the way from the table between to one end: the one that from: or to: names, or the only one but not.
func (p *parser) half(x lateField, arg string, between, end *Table, not *way) *way {
	all := ways(between)
	if x.has(arg) {
		if all = called(all, x.text(arg)); len(all) == 0 || all[0].to != end {
			p.wrong(x.at(arg), p.suggestInverse(end, between), "%s has no relation %q to %s", between.Type, x.text(arg), end.Type)
			return nil
		}
		return &all[0]
	}
	all = slices.DeleteFunc(all, func(w way) bool {
		return w.to != end || not != nil && w.constraint == not.constraint && w.name == not.name
	})
	switch len(all) {
	case 1:
		return &all[0]
	case 0:
		p.wrong(x.at("through"), "write a @relation to "+end.Type+" in "+between.Type, "%s doesn't lead to %s", between.Type, end.Type)
	default:
		p.wrong(x.at("through"), fmt.Sprintf("write %s: %q or another of them", arg, cmp.Or(all[0].name, all[0].constraint)), "%s leads to %s in %d ways", between.Type, end.Type, len(all))
	}
	return nil
}
