package hasura

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// Lay lays what a source says over the inspected schema of its database, which is changed and must not be used any more. It gives
// the schema that the file is written from, and everything of the metadata and of the database that isn't in it.
func (s *Source) Lay(over *schema.Schema) (*schema.Schema, []migrate.Report, error) {
	l := &layer{s: over, source: s.node, roots: map[rootName]string{}, fields: map[*schema.Table]map[string]bool{}, told: map[*schema.Function]bool{}}
	l.track()
	l.name()
	for _, t := range l.tracked {
		l.relationships(t)
	}
	l.s.Link()
	l.computedFields()
	l.functions()
	l.s.Link()
	l.expose()
	l.s.Spell()
	l.restoreRoots()
	for _, t := range l.tracked {
		l.permissions(t)
	}
	l.outside(s.metadata.root)
	if bad := s.node.doc.mistakes; len(bad) > 0 {
		return nil, nil, Mistakes(bad)
	}
	out, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: schema.Print(l.s)})
	if len(mistakes) > 0 {
		return nil, nil, fmt.Errorf("the file that comes out has mistakes; the metadata says something that Pintail should have refused:\n%w", schema.Mistakes(mistakes))
	}
	return out, l.reports, nil
}

// A layer lays metadata over a schema.
type layer struct {
	s       *schema.Schema
	source  *node
	tracked []*table
	reports []migrate.Report

	roots    map[rootName]string               // GraphQL's root fields that the metadata names, and what they belong to
	fields   map[*schema.Table]map[string]bool // names of a table's fields
	computed []computed
	told     map[*schema.Function]bool // functions that were reported
}

// A table is a tracked one.
type table struct {
	*schema.Table
	entry *node
	name  string // Hasura's, of its type
}

// A rootName is a name in query_root or mutation_root.
type rootName struct {
	name   string
	writes bool
}

// report tells of something in the metadata that the file doesn't say.
func (l *layer) report(at place, object, what, why string) {
	l.reports = append(l.reports, migrate.Report{Object: at.String() + ": " + object, What: what, Why: why})
}

// track finds the tracked tables, and takes everything else out of the schema.
func (l *layer) track() {
	seen := map[*schema.Table]bool{}
	for _, entry := range l.source.objects("tables") {
		name, ok := objectName(entry.get("table"))
		if !ok {
			entry.doc.wrong(entry.at, "a tracked table has no name: table should be a text, or an object with schema and name")
			continue
		}
		t, ok := l.s.TableNamed(name)
		switch {
		case !ok:
			entry.take()
			l.report(entry.at, "table "+name.String(), "tracked, but not in the database", "it isn't in the file, and neither is what belongs to it")
			continue
		case seen[t]:
			entry.doc.wrong(entry.at, "the table %s is tracked twice", name)
			continue
		}
		seen[t] = true
		hasuraName := name.Name
		if name.Schema != "public" {
			hasuraName = name.Schema + "_" + name.Name
		}
		l.tracked = append(l.tracked, &table{Table: t, entry: entry, name: hasuraName})
	}
	for _, t := range l.s.Tables {
		if !seen[t] {
			l.reports = append(l.reports, migrate.Report{Object: described(t), What: "not tracked", Why: "it isn't in the file, so no API serves it"})
		}
	}
	l.reportViews(seen)
	l.s.Tables = slices.DeleteFunc(l.s.Tables, func(t *schema.Table) bool { return !seen[t] })
	for _, t := range l.s.Tables {
		t.Foreign = slices.DeleteFunc(t.Foreign, func(f *schema.ForeignKey) bool {
			if seen[f.To] {
				return false
			}
			l.reports = append(l.reports, migrate.Report{
				Object: "foreign key " + f.Name + " of " + described(t), What: "leads to " + described(f.To) + ", which isn't tracked",
				Why: "it isn't in the file; the database keeps it",
			})
			return true
		})
		for _, c := range t.Columns {
			forget(&c.Type, seen)
		}
	}
	for _, c := range l.s.Composites {
		for _, c := range c.Columns {
			forget(&c.Type, seen)
		}
	}
	for _, d := range l.s.Domains {
		forget(&d.Base, seen)
	}
}

// forget makes of a row type whose table is gone one to pass through.
func forget(t *schema.Type, seen map[*schema.Table]bool) {
	if t.Table != nil && !seen[t.Table] {
		t.Table, t.Base = nil, schema.Unknown
	}
}

func described(t *schema.Table) string {
	switch {
	case t.View == nil:
		return "table " + t.Name.String()
	case t.View.Materialized:
		return "materialized view " + t.Name.String()
	}
	return "view " + t.Name.String()
}

// reportViews tells of tracked views that are made of tables which aren't: the file can't make them in an empty database.
func (l *layer) reportViews(tracked map[*schema.Table]bool) {
	for _, v := range l.s.Tables {
		if v.View == nil || !tracked[v] {
			continue
		}
		var of []string
		for _, t := range l.s.Tables {
			if !tracked[t] && mentions(v.View.Postgres, t.Name, l.s.Default) {
				of = append(of, t.Name.String())
			}
		}
		if len(of) > 0 {
			l.reports = append(l.reports, migrate.Report{
				Object: described(v), What: "selects from " + strings.Join(of, ", ") + ", which isn't tracked",
				Why: "it is served, but `schema apply` can't make it in an empty database: track the table, or add it to the file",
			})
		}
	}
}

// mentions says whether a SELECT, as PostgreSQL writes it with every name in its schema, names a table.
func mentions(sql string, n schema.Name, defaultSchema string) bool {
	in := n.Schema
	if in == "" {
		in = defaultSchema
	}
	for _, s := range []string{in, `"` + strings.ReplaceAll(in, `"`, `""`) + `"`} {
		for _, name := range []string{n.Name, `"` + strings.ReplaceAll(n.Name, `"`, `""`) + `"`} {
			for rest := sql; ; {
				_, after, ok := strings.Cut(rest, s+"."+name)
				if !ok {
					break
				}
				if after == "" || !strings.ContainsRune("_0123456789abcdefghijklmnopqrstuvwxyz$", rune(after[0])) {
					return true
				}
				rest = after
			}
		}
	}
	return false
}

// name takes all names of the inspection away and gives those of the metadata: to types, root fields, columns and enums.
func (l *layer) name() {
	l.unname()
	for _, t := range l.tracked {
		conf := t.entry.object("configuration")
		if custom := conf.string("custom_name"); custom != "" {
			t.name = custom
			if l.s.TypeNameFree(custom) {
				t.Type = custom
			} else {
				l.report(conf.get("custom_name").at, described(t.Table), "custom_name "+custom, "Pintail has another type of that name, or GraphQL can't spell it: its type has another name, and its root fields keep theirs where they can")
			}
		}
		if t.entry.flag("is_enum") {
			if t.Enum = t.FitsEnum(); !t.Enum {
				l.report(t.entry.get("is_enum").at, described(t.Table), "is_enum", "an enum table has a text column as its key and at most one more of text; it is an ordinary table here")
			}
		}
		if c := conf.string("comment"); c != "" {
			t.Comment = c
		}
		l.columnNames(t, conf)
	}
	l.customRoots()
}

// expose serves the default PostgreSQL schema, and the others that hold something tracked.
func (l *layer) expose() {
	holds := map[string]bool{l.s.Default: true}
	for _, t := range l.s.Tables {
		holds[t.Name.Schema] = true
	}
	for _, f := range l.s.Functions {
		holds[f.Name.Schema] = true
	}
	l.s.Exposed = slices.DeleteFunc(slices.Clone(l.s.Exposed), func(n string) bool { return !holds[n] })
}

// unname takes the names of GraphQL away that inspection gave, and what only a file says.
func (l *layer) unname() {
	l.s.Scalars = nil
	for _, t := range l.s.Tables {
		t.Type, t.Roots, t.Enum, t.Policies = "", schema.Roots{}, false, nil
		for _, c := range t.Columns {
			c.Field = ""
		}
		for _, r := range t.Relations {
			r.Name = ""
		}
	}
	for _, e := range l.s.Enums {
		e.Type = ""
	}
	for _, c := range l.s.Composites {
		c.Type = ""
		for _, c := range c.Columns {
			c.Field = ""
		}
	}
	for _, d := range l.s.Domains {
		d.Type = ""
	}
	for _, f := range l.s.Functions {
		f.Field, f.Returns.Field, f.Computed, f.Policies = "", "", "", nil
	}
	l.s.Link()
}

// columnNames reads custom_column_names and column_config.
func (l *layer) columnNames(t *table, conf *node) {
	taken := map[string]bool{}
	for _, c := range t.Columns {
		taken[c.Name] = true
	}
	l.fields[t.Table] = taken
	config := conf.object("column_config")
	custom := map[string]*node{}
	for _, from := range []*node{conf.object("custom_column_names"), config} { // column_config is the newer one, and wins
		if from == nil {
			continue
		}
		for _, f := range from.fields {
			f.asked = true
			c, ok := t.Column(f.key)
			if !ok {
				f.value.take()
				l.report(f.at, "column "+f.key+" of "+described(t.Table), "configured, but not in the database", "it isn't in the file")
				continue
			}
			name := f.value
			if from == config {
				if !f.value.is(aObject, f.key) {
					continue
				}
				if comment := f.value.string("comment"); comment != "" {
					c.Comment = comment
				}
				name = f.value.get("custom_name")
			}
			if name.is(aText, "the name of "+f.key) && name.text != "" {
				custom[c.Name] = name
			}
		}
	}
	renamed := map[string]bool{} // columns whose own names are free, since they have others
	for column := range custom {
		renamed[column] = true
	}
	for _, column := range slices.Sorted(maps.Keys(custom)) {
		name := custom[column]
		c, _ := t.Column(column)
		used := slices.ContainsFunc(t.Columns, func(o *schema.Column) bool {
			return o != c && (o.Field == name.text || o.Name == name.text && !renamed[o.Name])
		})
		if used || !spellable(name.text) {
			l.report(name.at, "column "+column+" of "+described(t.Table), "custom_name "+name.text, "another column has that name, or GraphQL can't spell it; it keeps its own")
			continue
		}
		c.Field = name.text
		taken[name.text] = true
	}
}

// spellable says whether GraphQL leaves a name to us.
func spellable(name string) bool {
	return name != "" && schema.SpellWord(name) == name
}

// rootKeys pairs the kinds of root fields with Hasura's keys, where those are other words.
var rootKinds = []schema.RootKind{
	schema.SelectRoot, schema.SelectByPKRoot, schema.SelectAggregateRoot, schema.SelectStreamRoot, schema.InsertRoot, schema.InsertOneRoot,
	schema.UpdateRoot, schema.UpdateByPKRoot, schema.UpdateManyRoot, schema.DeleteRoot, schema.DeleteByPKRoot,
}

// customRoots reads custom_root_fields, and the prefix and suffix of all root fields.
func (l *layer) customRoots() {
	affix := l.source.object("customization").object("root_fields")
	prefix, suffix := affix.string("prefix"), affix.string("suffix")
	for _, t := range l.tracked {
		custom := t.entry.object("configuration").object("custom_root_fields")
		for _, kind := range rootKinds {
			name, at := l.customName(custom, string(kind), described(t.Table))
			if name == "" && prefix+suffix == "" {
				continue
			}
			if name == "" {
				name = (&schema.Table{Type: t.name}).RootName(kind)
			}
			name = prefix + name + suffix
			if at == nil {
				at = &t.entry.at
			}
			root := rootName{name, kind.Writes()}
			if of := l.roots[root]; of != "" || !spellable(name) {
				why := "GraphQL can't spell it; the field has its default name"
				if of != "" {
					why = of + " has that name already; the field has its default name"
				}
				l.report(*at, described(t.Table), fmt.Sprintf("the name %s for %s", name, kind), why)
				continue
			}
			l.roots[root] = described(t.Table)
			t.own(kind, name)
		}
	}
}

// own gives a root field its name before the table's type has one: Spell may give the type another name than t.name.
func (t *table) own(kind schema.RootKind, name string) {
	if t.Type == "" {
		t.Type = t.name
		defer func() { t.Type = "" }()
	}
	t.SetRoot(kind, name)
}

// customName reads a custom root field: a name, or an object with a name and a comment.
func (l *layer) customName(custom *node, key, object string) (string, *place) {
	n := custom.get(key)
	switch {
	case n == nil:
		return "", nil
	case n.kind == aText:
		return n.text, &n.at
	case !n.is(aObject, key):
		return "", nil
	}
	if c := n.get("comment"); c != nil && !c.empty() {
		l.report(c.at, object, "a comment on the root field "+key, "root fields are described by the table's comment")
	}
	return n.string("name"), &n.at
}

// restoreRoots gives root fields Hasura's names where the type had to have another one, and tells of those that have others.
func (l *layer) restoreRoots() {
	taken := map[rootName]bool{}
	for _, t := range l.s.Tables {
		for _, kind := range append(slices.Clone(rootKinds), schema.SelectGroupRoot) {
			taken[rootName{t.RootName(kind), kind.Writes()}] = true
		}
	}
	for _, f := range l.s.Functions {
		taken[rootName{f.Field, f.Volatile}], taken[rootName{f.Field + "_aggregate", f.Volatile}] = true, true
	}
	for _, t := range l.tracked {
		if t.Type != t.name {
			l.report(t.entry.at, described(t.Table), "its type is called "+t.Type+" here, not "+t.name, "the name is taken, or GraphQL can't spell it; fragments and variables of that type must say the new one")
		}
		for _, kind := range rootKinds {
			want, is := (&schema.Table{Type: t.name}).RootName(kind), t.RootName(kind)
			if is == want || l.roots[rootName{is, kind.Writes()}] == described(t.Table) {
				continue // as it should be, or as the metadata says
			}
			if !spellable(want) || taken[rootName{want, kind.Writes()}] {
				l.report(t.entry.at, described(t.Table), "its root field for "+string(kind)+" is called "+is+" here, not "+want, "something else has that name, or GraphQL can't spell it")
				continue
			}
			delete(taken, rootName{is, kind.Writes()})
			taken[rootName{want, kind.Writes()}] = true
			t.SetRoot(kind, want)
		}
	}
}
