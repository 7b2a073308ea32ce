package schema

import "strings"

// Roots are the names of a table's fields in GraphQL's query_root, mutation_root and subscription_root, where the file says
// other ones than Hasura's. Empty is the default; RootName gives what holds.
type Roots struct {
	Select, SelectByPK, SelectAggregate, SelectGroup, SelectStream string
	Insert, InsertOne                                              string
	Update, UpdateByPK, UpdateMany                                 string
	Delete, DeleteByPK                                             string
}

// A RootKind is one of the root fields that the GraphQL API makes from a table, as @root calls it.
type RootKind string

const (
	SelectRoot          RootKind = "select"
	SelectByPKRoot      RootKind = "select_by_pk"
	SelectAggregateRoot RootKind = "select_aggregate"
	SelectGroupRoot     RootKind = "select_group"
	SelectStreamRoot    RootKind = "select_stream"
	InsertRoot          RootKind = "insert"
	InsertOneRoot       RootKind = "insert_one"
	UpdateRoot          RootKind = "update"
	UpdateByPKRoot      RootKind = "update_by_pk"
	UpdateManyRoot      RootKind = "update_many"
	DeleteRoot          RootKind = "delete"
	DeleteByPKRoot      RootKind = "delete_by_pk"
)

// rootKinds has every kind once, in the order of @root's arguments. A default is the type's name between prefix and suffix.
var rootKinds = []struct {
	kind           RootKind
	prefix, suffix string
}{
	{SelectRoot, "", ""}, {SelectByPKRoot, "", "_by_pk"}, {SelectAggregateRoot, "", "_aggregate"}, {SelectGroupRoot, "", "_group"},
	{SelectStreamRoot, "", "_stream"}, {InsertRoot, "insert_", ""}, {InsertOneRoot, "insert_", "_one"}, {UpdateRoot, "update_", ""},
	{UpdateByPKRoot, "update_", "_by_pk"}, {UpdateManyRoot, "update_", "_many"}, {DeleteRoot, "delete_", ""}, {DeleteByPKRoot, "delete_", "_by_pk"},
}

// Writes says whether fields of a kind belong to mutation_root.
func (k RootKind) Writes() bool { return !strings.HasPrefix(string(k), "select") }

// RootName gives the name of a table's root field.
func (t *Table) RootName(kind RootKind) string {
	if name := *t.Roots.of(kind); name != "" {
		return name
	}
	return defaultRoot(t.Type, kind)
}

// defaultRoot is Hasura's name of a root field; select_group is ours.
func defaultRoot(typ string, kind RootKind) string {
	for _, k := range rootKinds {
		if k.kind == kind {
			return k.prefix + typ + k.suffix
		}
	}
	return ""
}

// of is where a kind's own name stands.
func (r *Roots) of(kind RootKind) *string {
	switch kind {
	case SelectRoot:
		return &r.Select
	case SelectByPKRoot:
		return &r.SelectByPK
	case SelectAggregateRoot:
		return &r.SelectAggregate
	case SelectGroupRoot:
		return &r.SelectGroup
	case SelectStreamRoot:
		return &r.SelectStream
	case InsertRoot:
		return &r.Insert
	case InsertOneRoot:
		return &r.InsertOne
	case UpdateRoot:
		return &r.Update
	case UpdateByPKRoot:
		return &r.UpdateByPK
	case UpdateManyRoot:
		return &r.UpdateMany
	case DeleteRoot:
		return &r.Delete
	}
	return &r.DeleteByPK
}

// SetRoot gives a root field a name of its own; the default one is kept as no name.
func (t *Table) SetRoot(kind RootKind, name string) {
	if name == defaultRoot(t.Type, kind) {
		name = ""
	}
	*t.Roots.of(kind) = name
}

// A rootField is a name in query_root (with subscription_root, which has the same fields) or in mutation_root.
type rootField struct {
	name   string
	writes bool
}

// A rootOf says where a root field comes from.
type rootOf struct {
	rootField
	table *Table
	kind  RootKind
}

// rootsOf gives the root fields of all tables, those first that have the better claim to their names: the tables' own, then
// those that the file names, then those that are made.
func (s *Schema) rootsOf() []rootOf {
	var own, said, made []rootOf
	for _, t := range s.Tables {
		for _, k := range rootKinds {
			root := rootOf{rootField{t.RootName(k.kind), k.kind.Writes()}, t, k.kind}
			switch {
			case k.kind == SelectRoot:
				own = append(own, root)
			case *t.Roots.of(k.kind) != "":
				said = append(said, root)
			default:
				made = append(made, root)
			}
		}
	}
	return append(append(own, said...), made...)
}

// rootNames gives the table behind every root field.
func (s *Schema) rootNames() map[rootField]*Table {
	out := map[rootField]*Table{}
	for _, r := range s.rootsOf() {
		if out[r.rootField] == nil {
			out[r.rootField] = r.table
		}
	}
	return out
}

// rootFields are the names that a function takes: its own and, where it gives rows of a table, that of their aggregate.
func (f *Function) rootFields() []rootField {
	out := []rootField{{f.Field, f.Volatile}}
	if f.Returns.Table != nil && f.Returns.SetOf {
		out = append(out, rootField{f.Field + "_aggregate", f.Volatile})
	}
	return out
}

// spellRoots gives a name of its own to every root field whose default is taken.
func (s *Schema) spellRoots() {
	taken := map[rootField]bool{}
	for _, f := range s.Functions {
		for _, r := range f.rootFields() {
			taken[r] = true
		}
	}
	all := s.rootsOf()
	for _, r := range all {
		if *r.table.Roots.of(r.kind) != "" {
			taken[r.rootField] = true
		}
	}
	for _, r := range all {
		if *r.table.Roots.of(r.kind) != "" {
			continue
		}
		if taken[r.rootField] {
			r.name = freeName(r.name, func(n string) bool { return !taken[rootField{n, r.writes}] })
			r.table.SetRoot(r.kind, r.name)
		}
		taken[r.rootField] = true
	}
}
