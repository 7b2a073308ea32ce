package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

func (w *printer) table(t *Table) {
	kind, d := "table", w.nameArgs(t.Name, t.Type)
	if v := t.View; v != nil {
		kind = "view"
		d.flag("materialized", v.Materialized)
		d.flag("insertable", v.Insertable)
		d.flag("updatable", v.Updatable)
		d.flag("deletable", v.Deletable)
		d.string("postgres", v.Postgres, "  ")
		d.string("sqlite", v.SQLite, "  ")
	} else {
		if !t.Strict {
			d = append(d, "strict: false")
		}
		d.flag("without_rowid", t.WithoutRowID)
		d.flag("enum", t.Enum)
	}
	all := []string{d.directive(kind), renamed(t.RenamedFrom), printRoots(t)}
	if t.Uncached {
		all = append(all, args{"off: true"}.directive("cache"))
	}
	if p := t.Primary; p != nil {
		var k args
		if !w.inFieldOrder(p) {
			k.texts("columns", fields(p.Columns))
		}
		if t.View == nil && p.Name != t.primaryName() {
			k.text("name", p.Name)
		}
		k.deferring(p.Deferrable, p.Deferred)
		if len(k) > 0 {
			all = append(all, k.directive("primary"))
		}
	}
	for _, k := range t.Uniques {
		if len(k.Columns) > 1 {
			all = append(all, w.unique(t, k))
		}
	}
	for _, c := range t.Checks {
		var k args
		if c.Name != t.checkName(c) {
			k.text("name", c.Name)
		}
		if c.Where != nil {
			k = append(k, "where: "+w.where(t, c.Where))
		}
		k.string("postgres", c.Postgres, "  ")
		k.string("sqlite", c.SQLite, "  ")
		all = append(all, k.directive("check"))
	}
	for _, x := range t.Indexes {
		all = append(all, w.index(t, x))
	}
	for _, f := range t.Foreign {
		if !slices.ContainsFunc(t.Relations, func(r *Relation) bool { return r.Name != "" && r.Foreign == f && r.forward() }) {
			k := args{"to: " + quote(f.To.Type)}
			all = append(all, w.foreign(k, t, f).directive("foreign"))
		}
	}
	for _, p := range t.Policies {
		all = append(all, w.policy(t, p))
	}
	w.head(t.Comment, "type "+t.Type, all...)
	w.fields(t)
}

func printRoots(t *Table) string {
	var d args
	for _, k := range rootKinds {
		d.text(string(k.kind), *t.Roots.of(k.kind))
	}
	if len(d) == 0 {
		return ""
	}
	return d.directive("root")
}

func (a *args) deferring(deferrable, deferred bool) {
	a.flag("deferrable", deferrable && !deferred)
	a.flag("deferred", deferred)
}

// inFieldOrder says whether @id on each column says the primary key.
func (w *printer) inFieldOrder(k *Key) bool {
	return slices.IsSortedFunc(k.Columns, func(a, b *Column) int { return cmp.Compare(a.Position, b.Position) })
}

func fields(columns []*Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Field
	}
	return names
}

func (w *printer) unique(t *Table, k *Key) string {
	var d args
	if len(k.Columns) > 1 {
		d.texts("columns", fields(k.Columns))
	}
	if t.View == nil && k.Name != t.uniqueName(k) {
		d.text("name", k.Name)
	}
	if k.NullsNotDistinct {
		d.word("nulls", "NOT DISTINCT")
	}
	d.deferring(k.Deferrable, k.Deferred)
	return d.directive("unique")
}

func (w *printer) index(t *Table, x *Index) string {
	var d args
	var cols []string
	for _, c := range x.Columns {
		cols = append(cols, indexColumn(c))
	}
	d.list("columns", cols)
	if x.Name != t.indexName(x) || x.Postgres != "" || x.SQLite != "" {
		d.text("name", x.Name)
	}
	d.flag("unique", x.Unique)
	d.text("method", x.Method)
	d.texts("include", fields(x.Include))
	if x.Where != nil {
		d = append(d, "where: "+w.where(t, x.Where))
	}
	d.string("postgres", x.Postgres, "  ")
	d.string("sqlite", x.SQLite, "  ")
	return d.directive("index")
}

// Line is the directive that declares the index, as Print writes it. An index without a name takes the default one.
func (x *Index) Line() string {
	named := *x
	if named.Name == "" {
		named.Name = x.Table.indexName(x)
	}
	w := &printer{}
	return w.index(x.Table, &named)
}

// DefaultName is the name that an index has whose declaration gives none, where that isn't taken.
func (x *Index) DefaultName() string { return x.Table.indexName(x) }

func indexColumn(c IndexColumn) string {
	if c.Nulls == query.NullsDefault && c.Collate == "" && c.Class == "" && !strings.HasPrefix(c.Column.Field, "-") {
		if c.Desc {
			return quote("-" + c.Column.Field)
		}
		return quote(c.Column.Field)
	}
	d := args{"column: " + quote(c.Column.Field)}
	d.flag("desc", c.Desc)
	d.word("nulls", string(c.Nulls))
	d.text("collate", c.Collate)
	d.text("class", c.Class)
	return "{" + strings.Join(d, ", ") + "}"
}

// fields writes columns, each followed by the relations that end with it, then all other relations.
func (w *printer) fields(t *Table) {
	var relations []*Relation
	for _, r := range t.Relations {
		if r.Name != "" && r.Computed == nil {
			relations = append(relations, r)
		}
	}
	if len(t.Columns)+len(relations) == 0 {
		w.end()
		return
	}
	w.open()
	for i, c := range t.Columns {
		w.column(t, c)
		for len(relations) > 0 && t.relationOrder(relations[0]) <= i {
			w.relation(t, relations[0])
			relations = relations[1:]
		}
	}
	for _, r := range relations {
		w.relation(t, r)
	}
	w.b.WriteString("}\n")
}

func (w *printer) column(t *Table, c *Column) {
	w.comment("  ", c.Comment)
	notNull := c.NotNull
	line := []string{"  " + c.Field + ": " + w.typeOf(c.Type, notNull)}
	add := func(d string) {
		if d != "" {
			line = append(line, d)
		}
	}
	if t.Primary != nil && w.inFieldOrder(t.Primary) && slices.Contains(t.Primary.Columns, c) {
		add("@id")
	}
	for _, k := range t.Uniques {
		if len(k.Columns) == 1 && k.Columns[0] == c {
			add(w.unique(t, k))
		}
	}
	if c.Default != nil {
		add(printDefault(c))
	}
	if d := w.columnArgs(c); len(d) > 0 {
		add(d.directiveAt("column", "  "))
	}
	add(renamed(c.RenamedFrom))
	w.b.WriteString(strings.Join(line, " ") + "\n")
}

func printDefault(c *Column) string {
	d, k := c.Default, args{}
	if d.Value != nil {
		k = append(k, "value: "+literal(*d.Value, c.Type))
	}
	k.flag("now", d.Now)
	k.flag("uuid", d.UUID)
	k.text("postgres", d.Postgres)
	k.text("sqlite", d.SQLite)
	return k.directive("default")
}

func (w *printer) columnArgs(c *Column) args {
	var d args
	if c.Name != c.Field {
		d = append(d, "name: "+quote(c.Name))
	}
	if said := w.saidType(c.Type); said != "" {
		d.text("type", said)
	} else if c.Type.Table != nil {
		d.text("type", typeText(c.Type))
	}
	d.text("collate", c.Collate)
	d.word("identity", string(c.Identity))
	if g := c.Generated; g != nil {
		switch {
		case g.Postgres == g.SQLite && g.Stored:
			d.text("generated", g.Postgres)
		default:
			var o args
			o.text("postgres", g.Postgres)
			o.text("sqlite", g.SQLite)
			if !g.Stored {
				o = append(o, "stored: false")
			}
			d = append(d, "generated: {"+strings.Join(o, ", ")+"}")
		}
	}
	d.word("storage", string(c.Storage))
	d.text("declared", c.Declared)
	return d
}

func (w *printer) relation(t *Table, r *Relation) {
	w.comment("  ", r.Comment)
	to := r.To.Type
	switch {
	case r.Many:
		to = "[" + to + "!]!"
	case !r.Optional:
		to += "!"
	}
	w.b.WriteString("  " + r.Name + ": " + to + " " + w.relationDirective(t, r) + "\n")
}

func (w *printer) relationDirective(t *Table, r *Relation) string {
	if r.Through != nil {
		return w.through(r)
	}
	if r.Inverse {
		for _, x := range ways(r.To) {
			if x.to == t && x.foreign == r.Foreign && slices.Equal(x.columns, r.References) && slices.Equal(x.refs, r.Columns) {
				if name := cmp.Or(x.name, x.constraint); name != "" && called(ways(r.To), name)[0].columns != nil {
					return "@inverse(of: " + quote(name) + ")"
				}
			}
		}
	}
	if r.Foreign != nil && r.Foreign.Table == t && r.Foreign.To == r.To {
		return w.foreign(nil, t, r.Foreign).directive("relation")
	}
	d := args{}
	d.texts("columns", fields(r.Columns))
	if r.To.Primary == nil || !slices.Equal(r.To.Primary.Columns, r.References) {
		d.texts("references", fields(r.References))
	}
	if r.Foreign != nil {
		d.text("of", r.Foreign.Table.Type+"."+r.Foreign.Name)
	} else {
		d = append(d, "constraint: false")
		d.text("name", r.Constraint)
	}
	return d.directive("relation")
}

func (w *printer) foreign(d args, t *Table, f *ForeignKey) args {
	d.texts("columns", fields(f.Columns))
	if f.To.Primary == nil || !slices.Equal(f.To.Primary.Columns, f.References) {
		d.texts("references", fields(f.References))
	}
	d.word("on_delete", f.OnDelete)
	d.word("on_update", f.OnUpdate)
	d.deferring(f.Deferrable, f.Deferred)
	if f.Name != t.foreignName(f) {
		d.text("name", f.Name)
	}
	return d
}

// through writes a many-to-many relation; from: and to: where the table between leads to one end in several ways.
func (w *printer) through(r *Relation) string {
	d := args{"through: " + quote(r.Through.Table.Type)}
	all := ways(r.Through.Table)
	end := func(arg string, to *Table, columns, refs []*Column) {
		same := 0
		name := ""
		for _, x := range all {
			if x.to == to {
				same++
			}
			if x.to == to && slices.Equal(x.columns, columns) && slices.Equal(x.refs, refs) {
				name = cmp.Or(name, x.name, x.constraint)
			}
		}
		if same != 1 {
			d.text(arg, name)
		}
	}
	end("from", r.From, r.References, r.Columns)
	end("to", r.To, r.Through.Columns, r.Through.References)
	return d.directive("relation")
}

func (w *printer) policy(t *Table, p *Policy) string {
	var d args
	d.text("role", p.Role)
	if t != nil {
		ops := make([]string, len(p.To))
		for i, o := range p.To {
			ops[i] = string(o)
		}
		d.list("to", ops)
	}
	if p.Where != nil {
		d = append(d, "where: "+w.where(t, p.Where))
	}
	if p.Check != nil {
		d = append(d, "check: "+w.where(t, p.Check))
	}
	if p.Columns != nil {
		d = append(d, "columns: ["+strings.Join(quoted(fields(p.Columns)), ", ")+"]")
	}
	var set []string
	for _, x := range p.Set {
		set = append(set, x.Column.Field+": "+operand(x.Value, x.Column.Type))
	}
	if len(set) > 0 {
		d = append(d, "set: {"+strings.Join(set, ", ")+"}")
	}
	if p.Limit != nil {
		d = append(d, fmt.Sprintf("limit: %d", *p.Limit))
	}
	d.flag("aggregate", p.Aggregate)
	d.roots("query_root_fields", p.QueryRoots)
	d.roots("subscription_root_fields", p.SubscriptionRoots)
	d.flag("backend_only", p.BackendOnly)
	return d.directive("allow")
}

// roots adds a list of kinds of root fields; nil is none to write, an empty list is one.
func (a *args) roots(name string, kinds []RootKind) {
	if kinds == nil {
		return
	}
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = strings.ToUpper(string(k))
	}
	*a = append(*a, name+": ["+strings.Join(words, ", ")+"]")
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quote(n)
	}
	return out
}
