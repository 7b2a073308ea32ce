package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Spell fills in what a schema that no file wrote leaves open: GraphQL names for types, fields, values and arguments that
// have none, constraints' names as PostgreSQL would choose them, and the one order of relations, keys and functions that
// the file has. Of a schema that has everything it changes nothing. Print calls it.
func (s *Schema) Spell() {
	s.spell()
	s.spellRoots()
	if s.Engine == "" && len(s.foldClashes()) > 0 {
		s.Engine = "postgres"
	}
}

func (s *Schema) spell() {
	if s.Default == "" {
		s.Default = "public"
	}
	if len(s.Exposed) == 0 {
		s.Exposed = []string{s.Default}
	}
	s.eachType(s.fixRowType)
	s.spellTypes()
	s.spellFields()
	s.nameConstraints()
	s.sortRelations()
}

// eachType visits every type that something of the schema has.
func (s *Schema) eachType(visit func(*Type)) {
	columns := func(cs []*Column) {
		for _, c := range cs {
			visit(&c.Type)
		}
	}
	for _, t := range s.Tables {
		columns(t.Columns)
	}
	for _, c := range s.Composites {
		columns(c.Columns)
	}
	for _, d := range s.Domains {
		visit(&d.Base)
	}
	for _, f := range s.Functions {
		for i := range f.Args {
			visit(&f.Args[i].Type)
		}
		columns(f.Returns.Out)
		if f.Returns.Type.Name != "" {
			visit(&f.Returns.Type)
		}
	}
}

// fixRowType ties a row type to its table. A row type of a table that isn't in the schema is just a type to pass through.
func (s *Schema) fixRowType(t *Type) {
	if t.Base != CompositeBase || t.Composite != nil || t.Table != nil || t.Domain != nil {
		return
	}
	for _, x := range s.Tables {
		if s.qualify(x.Name) == s.qualify(Name{Schema: t.Schema, Name: t.Name}) {
			t.Table = x
			return
		}
	}
	t.Base = Unknown
}

// spellTypes names tables, enums, domains, composites, results and the types that are passed through.
func (s *Schema) spellTypes() {
	taken := map[string]bool{}
	for _, b := range core {
		taken[b.scalar] = true
	}
	for _, n := range reserved {
		taken[n] = true
	}
	var names []*string
	var wanted []Name
	add := func(name *string, n Name) {
		if *name != "" {
			taken[*name] = true
			return
		}
		names, wanted = append(names, name), append(wanted, n)
	}
	for _, t := range s.Tables {
		add(&t.Type, t.Name)
	}
	for _, e := range s.Enums {
		add(&e.Type, e.Name)
	}
	for _, c := range s.Composites {
		add(&c.Type, c.Name)
	}
	for _, d := range s.Domains {
		add(&d.Type, d.Name)
	}
	for _, x := range s.Scalars {
		add(&x.Type, x.Name)
	}
	tables, named := map[string]*Table{}, map[*string]*Table{}
	for _, t := range s.Tables {
		named[&t.Type] = t
		if t.Type != "" {
			tables[t.Type] = t
		}
	}
	for i, name := range names {
		t := named[name]
		*name = freeName(spelling(s.qualify(wanted[i])), func(n string) bool {
			return !taken[n] && generatedFrom(n, tables) == "" && (t == nil || !makesTaken(n, taken))
		})
		taken[*name] = true
		if t != nil {
			tables[*name] = t
		}
	}
	free := func(n string) bool { return !taken[n] && generatedFrom(n, tables) == "" }
	s.spellScalars(taken)
	for _, f := range s.Functions {
		if len(f.Returns.Out) > 0 && f.Returns.Field == "" {
			f.Returns.Field = freeName(spelling(s.qualify(f.Name))+"_result", free)
			taken[f.Returns.Field] = true
		}
	}
}

// TypeNameFree says whether a table may be called so in the file and in GraphQL, beside what has a name already.
func (s *Schema) TypeNameFree(name string) bool {
	taken, tables := map[string]bool{"ID": true}, map[string]*Table{}
	for _, b := range core {
		taken[b.scalar] = true
	}
	for _, n := range reserved {
		taken[n] = true
	}
	for _, t := range s.Tables {
		if t.Type != "" {
			taken[t.Type], tables[t.Type] = true, t
		}
	}
	return SpellWord(name) == name && !taken[name] && generatedFrom(name, tables) == "" && !makesTaken(name, taken)
}

// spellScalars declares every type that is passed through, unless the file knows its name already.
func (s *Schema) spellScalars(taken map[string]bool) {
	s.eachType(func(t *Type) {
		if _, ok := s.scalarName(*t, taken); ok {
			return
		}
		x := &Scalar{Name: s.qualify(Name{Schema: t.Schema, Name: t.Name})}
		x.Type = freeName(spelling(x.Name), func(n string) bool { return !taken[n] })
		taken[x.Type] = true
		s.Scalars = append(s.Scalars, x)
	})
}

// scalarName gives the name by which the file and GraphQL know a type. taken are the names of the file.
func (s *Schema) scalarName(t Type, taken map[string]bool) (string, bool) {
	switch {
	case t.Domain != nil:
		return t.Domain.Type, true
	case t.Enum != nil:
		return t.Enum.Type, true
	case t.Composite != nil:
		return t.Composite.Type, true
	case t.Table != nil:
		return t.Table.Type, true
	}
	n := s.qualify(Name{Schema: t.Schema, Name: t.Name})
	for _, x := range s.Scalars {
		if x.Name == n {
			return x.Type, true
		}
	}
	if scalar, ok := scalarOf(t); ok {
		return scalar, true
	}
	if n.Schema == "" && slices.Contains(passed, t.Name) && !taken[t.Name] {
		return t.Name, true
	}
	return "", false
}

// spelling turns a name into one that GraphQL can spell, with its schema before it.
func spelling(n Name) string {
	if n.Schema != "" {
		return SpellWord(n.Schema + "_" + n.Name)
	}
	return SpellWord(n.Name)
}

// SpellWord makes of any name one that GraphQL can spell, [_A-Za-z][_0-9A-Za-z]*: letters outside of ASCII become their code
// points, all else underscores. A name doesn't begin with the two underscores that GraphQL keeps for itself.
func SpellWord(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			fmt.Fprintf(&b, "u%04x", r)
		default:
			b.WriteByte('_')
		}
	}
	out := b.String()
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = "_" + out
	}
	if strings.HasPrefix(out, "__") {
		out = "x" + out
	}
	return out
}

// freeName gives the first free one of want, want_2, want_3, ….
func freeName(want string, free func(string) bool) string {
	name := want
	for i := 2; !free(name); i++ {
		name = fmt.Sprintf("%s_%d", want, i)
	}
	return name
}

func (s *Schema) spellFields() {
	for _, t := range s.Tables {
		taken := map[string]bool{}
		for _, r := range t.Relations {
			taken[r.Name] = r.Name != ""
		}
		spellColumns(t.Columns, taken)
	}
	for _, c := range s.Composites {
		spellColumns(c.Columns, map[string]bool{})
	}
	for _, e := range s.Enums {
		taken := map[string]bool{"true": true, "false": true, "null": true}
		for i := range e.Values {
			taken[e.Values[i].Field] = true
		}
		for i := range e.Values {
			if v := &e.Values[i]; v.Field == "" {
				v.Field = freeName(SpellWord(v.Value), func(n string) bool { return !taken[n] })
				taken[v.Field] = true
			}
		}
	}
	functions := map[string]bool{}
	for root := range s.rootNames() {
		functions[root.name] = true
	}
	take := func(f *Function) {
		for _, r := range f.rootFields() {
			functions[r.name] = true
		}
	}
	for _, f := range s.Functions {
		if f.Field != "" {
			take(f)
		}
	}
	for _, f := range s.Functions {
		if f.Field == "" {
			f.Field = freeName(spelling(s.qualify(f.Name)), func(n string) bool {
				named := Function{Field: n, Returns: f.Returns}
				return !slices.ContainsFunc(named.rootFields(), func(r rootField) bool { return functions[r.name] })
			})
			take(f)
		}
		spellColumns(f.Returns.Out, map[string]bool{})
		spellArgs(f.Args)
	}
}

func spellColumns(columns []*Column, taken map[string]bool) {
	for _, c := range columns {
		if c.Field == "" && SpellWord(c.Name) == c.Name && !taken[c.Name] {
			c.Field = c.Name // those that can be kept come first
		}
		taken[c.Field] = true
	}
	for _, c := range columns {
		if c.Field == "" {
			c.Field = freeName(SpellWord(c.Name), func(n string) bool { return !taken[n] })
			taken[c.Field] = true
		}
	}
}

func spellArgs(args []Arg) {
	taken := map[string]bool{}
	for i := range args {
		taken[args[i].Field] = true
	}
	for i := range args {
		if a := &args[i]; a.Field == "" {
			want := SpellWord(a.Name)
			if a.Name == "" {
				want = fmt.Sprintf("_%d", i+1)
			}
			a.Field = freeName(want, func(n string) bool { return !taken[n] })
			taken[a.Field] = true
		}
	}
}

// sortRelations puts into one order what has none of its own.
func (s *Schema) sortRelations() {
	for _, t := range s.Tables {
		order(t.Uniques, func(k *Key) int {
			if len(k.Columns) == 1 {
				return k.Columns[0].Position
			}
			return len(t.Columns)
		})
		order(t.Foreign, func(f *ForeignKey) int { return t.foreignOrder(f) })
		order(t.Relations, func(r *Relation) int {
			if r.Name == "" {
				return 2*len(t.Columns) + 2
			}
			return t.relationOrder(r)
		})
	}
	order(s.Functions, func(f *Function) int {
		switch {
		case f.Query != nil:
			return 2
		case f.Volatile:
			return 1
		}
		return 0
	})
}

// foreignOrder puts foreign keys with a field of their own before the others, in the order of the fields.
func (t *Table) foreignOrder(f *ForeignKey) int {
	i := slices.IndexFunc(t.Relations, func(r *Relation) bool { return r.Foreign == f && r.Name != "" && r.forward() })
	if i < 0 {
		return 1 << 30
	}
	return t.relationOrder(t.Relations[i])<<12 + i
}

// relationOrder is the place of a relation's field: a forward one stands behind the last of its columns, all others at the end.
func (t *Table) relationOrder(r *Relation) int {
	if !r.forward() {
		return len(t.Columns)
	}
	last := 0
	for _, c := range r.Columns {
		last = max(last, c.Position)
	}
	return last
}

// order sorts stably, and doesn't write to what is sorted.
func order[T any](list []T, rank func(T) int) {
	compare := func(a, b T) int { return cmp.Compare(rank(a), rank(b)) }
	if !slices.IsSortedFunc(list, compare) {
		slices.SortStableFunc(list, compare)
	}
}
