package hasura

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A computed is a computed field and the function behind it.
type computed struct {
	*table
	name string
	*schema.Function
}

// computedFields keeps the functions of computed fields, which take the row before all else.
func (l *layer) computedFields() {
	for _, t := range l.tracked {
		for _, entry := range t.entry.objects("computed_fields") {
			l.computedField(t, entry)
		}
	}
}

func (l *layer) computedField(t *table, entry *node) {
	def := entry.object("definition")
	field := entry.string("name")
	object := "computed field " + field + " of " + described(t.Table)
	name, ok := objectName(def.get("function"))
	if !ok || field == "" {
		entry.doc.wrong(entry.at, "a computed field should have a name, and a definition with a function")
		return
	}
	refuse := func(why string) {
		entry.take()
		for _, f := range l.s.FunctionsNamed(name) {
			l.told[f] = true
		}
		l.report(entry.at, object, "not in the file", why)
	}
	row := def.string("table_argument")
	found := l.s.FunctionsNamed(name)
	i := slices.IndexFunc(found, func(f *schema.Function) bool {
		return len(f.Args) > 0 && l.s.RowType(f.Args[0].Type) == t.Table && (row == "" || row == f.Args[0].Name)
	})
	switch {
	case def.string("session_argument") != "":
		refuse("its function " + name.String() + " takes the session's variables, which the file's computed fields don't")
	case len(found) == 0:
		refuse("there is no function " + name.String() + " in the database")
	case i < 0:
		refuse("its function " + name.String() + " doesn't take the row as its first argument")
	case !l.served(found[i]):
		refuse("its function " + name.String() + " gives rows of a table that isn't tracked")
	case !spellable(field) || l.fields[t.Table][field] || l.isComputed(t, field):
		refuse("GraphQL can't spell its name, or the table has another field of that name")
	default:
		f := found[i]
		if j := slices.IndexFunc(l.computed, func(c computed) bool { return c.Function == f }); j >= 0 {
			refuse("its function is the computed field " + l.computed[j].name + " already, and a function is one field")
			return
		}
		f.Computed = field
		nameArguments(f.Args[1:])
		if c := entry.string("comment"); c != "" {
			f.Comment = c
		}
		l.computed = append(l.computed, computed{t, field, f})
	}
}

func (l *layer) isComputed(t *table, field string) bool {
	return slices.ContainsFunc(l.computed, func(c computed) bool { return c.table == t && c.name == field })
}

// served says whether all tables of a function are in the file.
func (l *layer) served(f *schema.Function) bool {
	return f.Returns.Table == nil || slices.Contains(l.s.Tables, f.Returns.Table)
}

// functions keeps tracked functions and those of computed fields, and takes the others out.
func (l *layer) functions() {
	keep := map[*schema.Function]bool{}
	for _, c := range l.computed {
		keep[c.Function] = true
	}
	for _, entry := range l.source.objects("functions") {
		if f := l.function(entry); f != nil {
			if keep[f] && f.Computed == "" {
				entry.doc.wrong(entry.at, "the function %s is tracked twice", f.Name)
			}
			keep[f] = true
		}
	}
	for _, f := range l.s.Functions {
		if !keep[f] && !l.told[f] {
			l.reports = append(l.reports, migrate.Report{
				Object: "function " + f.Name.String(), What: "not tracked", Why: "it isn't in the file, so no API serves it; what the file's tables need of it must be in the database",
			})
		}
	}
	l.s.Functions = slices.DeleteFunc(l.s.Functions, func(f *schema.Function) bool { return !keep[f] })
	tracked := map[*schema.Table]bool{}
	for _, t := range l.s.Tables {
		tracked[t] = true
	}
	for _, f := range l.s.Functions {
		for i := range f.Args {
			forget(&f.Args[i].Type, tracked)
		}
		for _, c := range f.Returns.Out {
			forget(&c.Type, tracked)
		}
		forget(&f.Returns.Type, tracked)
	}
}

// function reads a tracked function; nil where it isn't kept.
func (l *layer) function(entry *node) *schema.Function {
	name, ok := objectName(entry.get("function"))
	if !ok {
		entry.doc.wrong(entry.at, "a tracked function has no name: function should be a text, or an object with schema and name")
		return nil
	}
	object := "function " + name.String()
	found := l.s.FunctionsNamed(name)
	if len(found) != 1 || !l.served(found[0]) {
		why := "there is no such function in the database"
		if len(found) > 1 {
			why = fmt.Sprintf("there are %d functions of that name, and the metadata doesn't say which", len(found))
		} else if len(found) == 1 {
			why = "it gives rows of " + described(found[0].Returns.Table) + ", which isn't tracked"
		}
		entry.take()
		for _, f := range found {
			l.told[f] = true
		}
		l.report(entry.at, object, "not in the file", why)
		return nil
	}
	f := found[0]
	nameArguments(f.Args)
	conf := entry.object("configuration")
	l.functionName(f, entry, name)
	if c := entry.string("comment"); c != "" {
		f.Comment = c
	}
	if as := conf.string("exposed_as"); as == "query" && f.Volatile || as == "mutation" && !f.Volatile {
		root := map[bool]string{true: "Mutation", false: "Query"}[f.Volatile]
		l.report(conf.get("exposed_as").at, object, "exposed_as "+as, "it is a field of "+root+" here, as the database says "+map[bool]string{true: "VOLATILE", false: "STABLE or IMMUTABLE"}[f.Volatile]+" of it")
	}
	if arg := conf.string("session_argument"); arg != "" {
		entry.get("permissions").take()
		l.reports = append(l.reports, migrate.Report{
			Object: conf.get("session_argument").at.String() + ": " + object, What: "session_argument " + arg, Loud: true,
			Why: "Hasura fills it in, and Pintail lets the client send it: its permissions are left out; give no role the right to call it while it trusts that argument",
		})
		return f
	}
	for _, p := range entry.objects("permissions") {
		role := p.string("role")
		if !l.mayHave(p, role, "permission to call "+object) {
			continue
		}
		if !slices.ContainsFunc(f.Policies, func(o *schema.Policy) bool { return o.Role == role }) {
			f.Policies = append(f.Policies, &schema.Policy{Role: role, To: []schema.Operation{schema.CallIt}})
		}
	}
	if len(f.Policies) == 0 && !f.Volatile && f.Returns.Table != nil {
		l.report(entry.at, object, "no permissions", "Hasura lets every role call it that may select from "+described(f.Returns.Table)+
			" (unless HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS is false); here nobody but the admin may: write @allow(role: \"…\", to: [CALL]) on it")
	}
	return f
}

// nameArguments gives arguments without a name Hasura's, which counts them alone: not those with a name, nor the row of a computed field.
func nameArguments(args []schema.Arg) {
	n := 0
	for i := range args {
		if args[i].Name == "" {
			n++
			args[i].Field = "arg_" + strconv.Itoa(n)
		}
	}
}

// functionName gives a function's field Hasura's name.
func (l *layer) functionName(f *schema.Function, entry *node, name schema.Name) {
	conf := entry.object("configuration")
	custom := conf.object("custom_root_fields")
	want := name.Name
	if name.Schema != "public" {
		want = name.Schema + "_" + name.Name
	}
	if c := conf.string("custom_name"); c != "" {
		want = c
	}
	object := "function " + name.String()
	aggregate, _ := l.customName(custom, "function_aggregate", object)
	if c, _ := l.customName(custom, "function", object); c != "" {
		want = c
	}
	affix := l.source.object("customization").object("root_fields")
	want = affix.string("prefix") + want + affix.string("suffix")
	if aggregate != "" && aggregate != want+"_aggregate" {
		l.report(custom.at, object, "the name "+aggregate+" for its aggregate", "it is "+want+"_aggregate here")
	}
	free := spellable(want)
	roots := []rootName{{want, f.Volatile}}
	if f.Returns.Table != nil && f.Returns.SetOf {
		roots = append(roots, rootName{want + "_aggregate", f.Volatile})
	}
	for _, root := range roots {
		free = free && l.roots[root] == ""
	}
	for _, t := range l.tracked { // a table's default names, which Spell would give
		for _, kind := range rootKinds {
			for _, root := range roots {
				free = free && (root != rootName{(&schema.Table{Type: t.name, Roots: t.Roots}).RootName(kind), kind.Writes()})
			}
		}
	}
	if !free {
		l.report(entry.at, object, "the name "+want, "something else has that name in GraphQL, or it can't be spelled there; the field has another one")
		return
	}
	for _, root := range roots {
		l.roots[root] = object
	}
	f.Field = want
}

// mayHave says whether a role can have a policy.
func (l *layer) mayHave(entry *node, role, object string) bool {
	switch {
	case role == "":
		entry.doc.wrong(entry.at, "a permission has no role")
		return false
	case role == "admin":
		entry.take()
		l.report(entry.at, object, "for the role admin", "the admin may do everything already")
		return false
	}
	return true
}
