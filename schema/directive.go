package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A place is where a directive can stand.
type place string

const (
	onSchema   place = "extend schema"
	onObject   place = "a type"
	onField    place = "a field"
	onEnum     place = "an enum"
	onValue    place = "an enum's value"
	onScalar   place = "a scalar"
	onArgument place = "an argument"
)

// A kind is what a directive's argument takes.
type kind string

const (
	aString  kind = "a string in quotes"
	aBool    kind = "true or false"
	anInt    kind = "a whole number"
	aWord    kind = "a word" // one of argument.words
	words    kind = "a list of words"
	strs     kind = "a list of strings"
	anObject kind = "an object in braces"
	objects  kind = "a list of objects"
	aLiteral kind = "a string, a number, true or false"
	columns  kind = "a list of column names"
	either   kind = "a string, or an object in braces"
)

type argument struct {
	name  string
	kind  kind
	words []string
}

type directiveRule struct {
	name    string
	on      []place
	repeats bool
	args    []argument
}

var (
	engines   = []argument{{name: "postgres", kind: aString}, {name: "sqlite", kind: aString}}
	named     = []argument{{name: "name", kind: aString}, {name: "schema", kind: aString}}
	deferring = []argument{{name: "deferrable", kind: aBool}, {name: "deferred", kind: aBool}}
	actions   = []string{"NO_ACTION", "RESTRICT", "CASCADE", "SET_NULL", "SET_DEFAULT"}
	keyRule   = slices.Concat([]argument{{name: "columns", kind: strs}, {name: "name", kind: aString}}, deferring)
	keyed     = slices.Concat([]argument{
		{name: "columns", kind: strs}, {name: "references", kind: strs}, {name: "name", kind: aString},
		{name: "on_delete", kind: aWord, words: actions}, {name: "on_update", kind: aWord, words: actions},
	}, deferring)
)

// directives are all that a schema file knows.
var directives = []directiveRule{
	{name: "database", on: []place{onSchema}, args: []argument{
		{name: "title", kind: aString}, {name: "comment", kind: aString}, {name: "default", kind: aString}, {name: "exposed", kind: strs},
		{name: "search_path", kind: strs}, {name: "engine", kind: aWord, words: []string{"POSTGRES", "SQLITE"}},
	}},
	{name: "table", on: []place{onObject}, args: slices.Concat(named, []argument{
		{name: "strict", kind: aBool}, {name: "without_rowid", kind: aBool}, {name: "enum", kind: aBool},
	})},
	{name: "view", on: []place{onObject}, args: slices.Concat(named, engines, []argument{
		{name: "materialized", kind: aBool}, {name: "insertable", kind: aBool}, {name: "updatable", kind: aBool}, {name: "deletable", kind: aBool},
	})},
	{name: "composite", on: []place{onObject}, args: named},
	{name: "result", on: []place{onObject}},
	{name: "primary", on: []place{onObject}, args: keyRule},
	{name: "unique", on: []place{onObject, onField}, repeats: true, args: slices.Concat(keyRule, []argument{
		{name: "nulls", kind: aWord, words: []string{"DISTINCT", "NOT_DISTINCT"}},
	})},
	{name: "check", on: []place{onObject}, repeats: true, args: slices.Concat([]argument{{name: "where", kind: anObject}, {name: "name", kind: aString}}, engines)},
	{name: "index", on: []place{onObject, onField}, repeats: true, args: slices.Concat([]argument{
		{name: "columns", kind: columns}, {name: "name", kind: aString}, {name: "unique", kind: aBool}, {name: "where", kind: anObject},
		{name: "method", kind: aString}, {name: "include", kind: strs},
	}, engines)},
	{name: "foreign", on: []place{onObject}, repeats: true, args: slices.Concat([]argument{{name: "to", kind: aString}}, keyed)},
	{name: "root", on: []place{onObject}, args: rootArguments()},
	{name: "cache", on: []place{onObject}, args: []argument{{name: "off", kind: aBool}}},
	{name: "renamed", on: []place{onObject, onField, onEnum, onValue}, args: []argument{{name: "from", kind: aString}}},
	{name: "allow", on: []place{onObject, onField}, repeats: true, args: []argument{
		{name: "role", kind: aString}, {name: "to", kind: words, words: []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CALL"}},
		{name: "where", kind: anObject}, {name: "check", kind: anObject}, {name: "columns", kind: strs}, {name: "set", kind: anObject},
		{name: "limit", kind: anInt}, {name: "aggregate", kind: aBool}, {name: "backend_only", kind: aBool},
		{name: "query_root_fields", kind: words, words: []string{"SELECT", "SELECT_BY_PK", "SELECT_AGGREGATE", "SELECT_GROUP"}},
		{name: "subscription_root_fields", kind: words, words: []string{"SELECT", "SELECT_BY_PK", "SELECT_AGGREGATE", "SELECT_STREAM"}},
	}},
	{name: "id", on: []place{onField}},
	{name: "default", on: []place{onField}, args: slices.Concat([]argument{{name: "value", kind: aLiteral}, {name: "now", kind: aBool}, {name: "uuid", kind: aBool}}, engines)},
	{name: "column", on: []place{onField}, args: []argument{
		{name: "name", kind: aString}, {name: "type", kind: aString}, {name: "collate", kind: aString}, {name: "generated", kind: either},
		{name: "identity", kind: aWord, words: []string{"ALWAYS", "BY_DEFAULT"}},
		{name: "storage", kind: aWord, words: []string{"NATIVE", "INTEGER", "REAL", "TEXT", "UNIX", "UNIXMILLI", "JULIAN"}},
		{name: "declared", kind: aString},
	}},
	{name: "relation", on: []place{onField}, args: slices.Concat(keyed, []argument{
		{name: "constraint", kind: aBool}, {name: "of", kind: aString}, {name: "through", kind: aString}, {name: "from", kind: aString}, {name: "to", kind: aString},
	})},
	{name: "inverse", on: []place{onField}, args: []argument{{name: "of", kind: aString}}},
	{name: "type", on: []place{onEnum, onScalar}, args: named},
	{name: "value", on: []place{onValue}, args: []argument{{name: "name", kind: aString}}},
	{name: "domain", on: []place{onScalar}, args: slices.Concat(named, []argument{
		{name: "type", kind: aString}, {name: "not_null", kind: aBool}, {name: "default", kind: aString}, {name: "checks", kind: objects},
		{name: "to_json", kind: aString}, {name: "from_json", kind: aString}, {name: "from_text", kind: aString},
	})},
	{name: "handler", on: []place{onScalar}, repeats: true, args: []argument{
		{name: "aggregate", kind: aString}, {name: "schema", kind: aString}, {name: "of", kind: aString},
	}},
	{name: "function", on: []place{onField}, args: slices.Concat(named, []argument{
		{name: "array", kind: aBool}, {name: "type", kind: aString}, {name: "one", kind: aBool}, {name: "immutable", kind: aBool},
		{name: "computed", kind: aString}, {name: "settings", kind: strs}, {name: "postgres", kind: aString},
	})},
	{name: "arg", on: []place{onArgument}, args: []argument{
		{name: "name", kind: aString}, {name: "type", kind: aString}, {name: "optional", kind: aBool}, {name: "variadic", kind: aBool},
	}},
}

// rootArguments are the kinds of root fields.
func rootArguments() []argument {
	out := make([]argument, len(rootKinds))
	for i, k := range rootKinds {
		out[i] = argument{name: string(k.kind), kind: aString}
	}
	return out
}

// later are directives that the file may hold one day.
var later = map[string]string{
	"document": "documents aren't built yet: @document parses, but a file that uses it can't be served",
	"edge":     "edges aren't built yet: @edge parses, but a file that uses it can't be served",
}

// A directive is one that was found to be well formed.
type directive struct {
	*ast.Directive
	args map[string]*ast.Value
}

// directives checks the directives at one place and gives the good ones, by name in the order of the file.
func (p *parser) directives(found ast.DirectiveList, at place) map[string][]directive {
	out := map[string][]directive{}
	for _, d := range found {
		if sentence, ok := later[d.Name]; ok {
			p.wrong(d.Position, "take @"+d.Name+" out, and write the type with @table", "%s", sentence)
			out[d.Name] = append(out[d.Name], directive{Directive: d})
			continue
		}
		i := slices.IndexFunc(directives, func(r directiveRule) bool { return r.name == d.Name })
		if i < 0 {
			p.wrong(d.Position, p.suggestDirective(d.Name, at), "there is no directive @%s", d.Name)
			continue
		}
		rule := &directives[i]
		if !slices.Contains(rule.on, at) {
			p.wrong(d.Position, "@"+d.Name+" belongs to "+list(placeNames(rule.on), "or"), "@%s can't stand on %s", d.Name, at)
			continue
		}
		if len(out[d.Name]) > 0 && !rule.repeats {
			p.wrong(d.Position, "write one @"+d.Name+" with all its arguments", "@%s stands here twice", d.Name)
			continue
		}
		out[d.Name] = append(out[d.Name], directive{d, p.arguments(d, rule)})
	}
	return out
}

func placeNames(on []place) []string {
	names := make([]string, len(on))
	for i, p := range on {
		names[i] = string(p)
	}
	return names
}

func (p *parser) suggestDirective(name string, at place) string {
	var names []string
	for _, r := range directives {
		if slices.Contains(r.on, at) {
			names = append(names, r.name)
		}
	}
	if n := nearest(name, names); n != "" {
		return "write @" + n
	}
	for i := range names {
		names[i] = "@" + names[i]
	}
	return "on " + string(at) + " stand " + list(names, "and")
}

// arguments checks the arguments of one directive; those that are wrong are left out.
func (p *parser) arguments(d *ast.Directive, rule *directiveRule) map[string]*ast.Value {
	args := map[string]*ast.Value{}
	for _, a := range d.Arguments {
		i := slices.IndexFunc(rule.args, func(r argument) bool { return r.name == a.Name })
		if i < 0 {
			var names []string
			for _, r := range rule.args {
				names = append(names, r.name)
			}
			instead := "it takes " + list(names, "and")
			if n := nearest(a.Name, names); n != "" {
				instead = "write " + n
			}
			p.wrong(a.Position, instead, "@%s has no argument %s", d.Name, a.Name)
			p.spoilt[d.Position] = true
			continue
		}
		if _, twice := args[a.Name]; twice {
			p.wrong(a.Position, "keep one of them", "@%s has the argument %s twice", d.Name, a.Name)
			continue
		}
		if p.fits(a.Value, &rule.args[i], "@"+d.Name) {
			args[a.Name] = a.Value
		} else {
			p.spoilt[d.Position] = true
		}
	}
	return args
}

// fits holds a value against what an argument takes.
func (p *parser) fits(v *ast.Value, a *argument, of string) bool {
	text := func(v *ast.Value) bool { return v.Kind == ast.StringValue || v.Kind == ast.BlockValue }
	every := func(ok func(*ast.Value) bool) bool {
		return v.Kind == ast.ListValue && !slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return !ok(c.Value) })
	}
	ok := false
	switch a.kind {
	case aString:
		ok = text(v)
	case aBool:
		ok = v.Kind == ast.BooleanValue
	case anInt:
		ok = v.Kind == ast.IntValue
	case aWord:
		return p.word(v, a, of)
	case words:
		if every(func(v *ast.Value) bool { return v.Kind == ast.EnumValue || text(v) }) {
			for _, c := range v.Children {
				if !p.word(c.Value, a, of) {
					return false
				}
			}
			return true
		}
	case strs:
		ok = every(text)
	case anObject:
		ok = v.Kind == ast.ObjectValue
	case objects:
		ok = every(func(v *ast.Value) bool { return v.Kind == ast.ObjectValue })
	case aLiteral:
		ok = v.Kind != ast.ListValue && v.Kind != ast.ObjectValue && v.Kind != ast.NullValue
	case columns:
		ok = every(func(v *ast.Value) bool { return v.Kind == ast.ObjectValue || text(v) })
	case either:
		ok = text(v) || v.Kind == ast.ObjectValue
	}
	if !ok {
		p.wrong(v.Position, exampleOf(a), "%s: %s takes %s", of, a.name, a.kind)
	}
	return ok
}

// word checks one of a closed set of words; quotes and small letters are forgiven.
func (p *parser) word(v *ast.Value, a *argument, of string) bool {
	raw := strings.ReplaceAll(strings.ToUpper(v.Raw), " ", "_")
	if v.Kind != ast.ListValue && v.Kind != ast.ObjectValue && slices.Contains(a.words, raw) {
		return true
	}
	instead := "write " + list(a.words, "or")
	if n := nearest(raw, a.words); n != "" {
		instead = "write " + n
	}
	p.wrong(v.Position, instead, "%s: %s knows no %s", of, a.name, shortValue(v))
	return false
}

// exampleOf shows how an argument is written.
func exampleOf(a *argument) string {
	example := map[kind]string{
		aString: `"…"`, aBool: "true", anInt: "100", strs: `["a", "b"]`, columns: `["a", "-b"]`, anObject: "{…}", objects: "[{…}]",
		aLiteral: `"…"`, words: "[" + strings.Join(a.words, ", ") + "]", either: `"…"`,
	}
	if a.name == "where" || a.name == "check" {
		return "write " + a.name + ": {total: {_gte: 0}}"
	}
	return "write " + a.name + ": " + example[a.kind]
}

// shortValue shows a value in a sentence.
func shortValue(v *ast.Value) string {
	s := v.String()
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return s
}

func (d directive) has(name string) bool { return d.args[name] != nil }

// text gives a string argument, empty where it is absent.
func (d directive) text(name string) string {
	if v := d.args[name]; v != nil {
		return v.Raw
	}
	return ""
}

// word gives a word as SQL spells it: SET_NULL is SET NULL.
func (d directive) word(name string) string {
	return strings.ReplaceAll(strings.ToUpper(d.text(name)), "_", " ")
}

// flag gives a truth value, or what holds where it is absent.
func (d directive) flag(name string, absent bool) bool {
	if v := d.args[name]; v != nil {
		return v.Raw == "true"
	}
	return absent
}

// at is where an argument's value stands, or the directive itself.
func (d directive) at(name string) *ast.Position {
	if v := d.args[name]; v != nil {
		return v.Position
	}
	return d.Position
}

// list gives a list of strings with their positions.
func (d directive) list(name string) []*ast.Value {
	v := d.args[name]
	if v == nil {
		return nil
	}
	out := make([]*ast.Value, len(v.Children))
	for i, c := range v.Children {
		out[i] = c.Value
	}
	return out
}

// one gives the only directive of a name.
func one(ds map[string][]directive, name string) (directive, bool) {
	if len(ds[name]) == 0 {
		return directive{}, false
	}
	return ds[name][0], true
}
