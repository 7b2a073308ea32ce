package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// resultColumns keeps the columns of a type with @result for the functions that give it.
func (p *parser) resultColumns(def *definition, columns []*Column) {
	if p.results == nil {
		p.results = map[string][]*Column{}
	}
	if len(columns) == 0 {
		p.wrong(def.Position, "write its columns: total: numeric", "the result %s has no columns", def.Name)
	}
	for _, c := range columns {
		if c.Generated != nil || c.Identity != NoIdentity || c.Storage != OwnStorage || c.Declared != "" {
			p.wrong(p.columnAt[c], "keep name: and type:", "a result's column has a name and a type, nothing else")
		}
	}
	p.results[def.Name] = columns
}

// function reads one field of Query or Mutation.
func (p *parser) function(f *ast.FieldDefinition, volatile bool) {
	ds := p.directives(f.Directives, onField)
	for name, found := range ds {
		if name != "function" && name != "allow" {
			p.wrong(found[0].Position, "take it out", "@%s can't stand on a function", name)
		}
	}
	if slices.ContainsFunc(p.out.Functions, func(o *Function) bool { return o.Field == f.Name }) {
		p.wrong(f.Position, `call this one something else, with @function(name: "`+f.Name+`")`, "the function %s is declared twice", f.Name)
		return
	}
	d, ok := one(ds, "function")
	if !ok {
		p.wrong(f.Position, "write @function; queries go into queries/"+f.Name+".sql", "%s doesn't say that it is a function of the database", f.Name)
	}
	out := &Function{
		Name: p.nameOf(d, f.Name), Field: f.Name, Comment: f.Description, Volatile: volatile, Stable: !volatile && !d.flag("immutable", false), Postgres: d.text("postgres"),
	}
	p.at[out] = f.Position
	p.computed(out, d)
	if volatile && d.has("immutable") {
		p.wrong(d.at("immutable"), "declare it in type Query", "%s is in Mutation, so it may write, and isn't immutable", f.Name)
	}
	p.settingsOf(out, d)
	names := map[string]bool{}
	for i, a := range f.Arguments {
		arg, ok := p.functionArg(out, a)
		if !ok {
			return
		}
		if arg.Name != "" && names[arg.Name] {
			p.wrong(a.Position, "give it another name", "%s has the argument %s twice", f.Name, arg.Name)
		}
		names[arg.Name] = true
		if arg.Variadic && i < len(f.Arguments)-1 {
			p.wrong(a.Position, "write it last", "%s is variadic, so nothing can follow it", a.Name)
		}
		if len(out.Args) > 0 && out.Args[len(out.Args)-1].Optional && !arg.Optional && !arg.Variadic {
			p.wrong(a.Position, "write @arg(optional: true)", "%s can't be demanded, since the argument before it is optional", a.Name)
		}
		out.Variadic = out.Variadic || arg.Variadic
		out.Args = append(out.Args, arg)
	}
	if len(out.Args) == 1 && out.Computed == out.Field { // as it would be called anyway
		out.Computed = ""
	}
	if !p.functionReturns(out, f.Type, d) {
		return
	}
	for _, a := range ds["allow"] {
		out.Policies = append(out.Policies, p.callPolicy(a))
	}
	p.out.Functions = append(p.out.Functions, out)
}

// computed reads the name that a function has as a field of its row.
func (p *parser) computed(out *Function, d directive) {
	if !d.has("computed") {
		return
	}
	name := d.text("computed")
	p.at[computedOf{out}] = d.at("computed")
	switch {
	case name == "":
		p.wrong(d.at("computed"), "write a name, or take computed: out", "a name is empty")
	case strings.HasPrefix(name, "__"):
		p.wrong(d.at("computed"), "begin it with something else", "GraphQL keeps names that begin with __ for itself")
	case SpellWord(name) != name:
		p.wrong(d.at("computed"), "write "+strconv.Quote(SpellWord(name)), "%s is no name in GraphQL, which has letters, digits and _", shortValue(d.args["computed"]))
	}
	out.Computed = name
}

// A computedOf is where computed: of a function stands, among what mistakes speak of.
type computedOf struct{ of *Function }

func (p *parser) settingsOf(out *Function, d directive) {
	for _, v := range d.list("settings") {
		key, value, ok := strings.Cut(v.Raw, "=")
		if !ok || key == "" {
			p.wrong(v.Position, `write "statement_timeout=5s"`, "%q is no setting", v.Raw)
			continue
		}
		if out.Settings == nil {
			out.Settings = map[string]string{}
		}
		out.Settings[key] = value
	}
}

func (p *parser) functionArg(f *Function, a *ast.ArgumentDefinition) (Arg, bool) {
	ds := p.directives(a.Directives, onArgument)
	d, _ := one(ds, "arg")
	out := Arg{Name: a.Name, Field: a.Name, Comment: a.Description, Optional: d.flag("optional", false), Variadic: d.flag("variadic", false)}
	if d.has("name") {
		out.Name = d.text("name")
	}
	if slices.ContainsFunc(f.Args, func(o Arg) bool { return o.Field == a.Name }) {
		p.wrong(a.Position, `call it something else, with @arg(name: "`+a.Name+`")`, "%s has the argument %s twice", f.Field, a.Name)
	}
	t, ok := p.typeRef(a.Type, d.args["type"])
	if !ok {
		return out, false
	}
	out.Type = t
	switch {
	case a.Type.NonNull:
		p.wrong(a.Type.Position, "take the ! away", "a database's function takes null for any argument, so %s can't refuse it", a.Name)
	case a.DefaultValue != nil:
		p.wrong(a.DefaultValue.Position, "write @arg(optional: true)", "the default of %s is the database's to know", a.Name)
	case out.Variadic && !t.Array:
		p.wrong(a.Type.Position, "write ["+a.Type.Name()+"]", "%s is variadic, so it is a list", a.Name)
	}
	return out, true
}

// functionReturns reads what a function gives: a list is rows, unless array: says that it is one value.
func (p *parser) functionReturns(f *Function, t *ast.Type, d directive) bool {
	r := &f.Returns
	array := d.flag("array", false)
	if t.Elem != nil && !array {
		r.SetOf = true
		t = t.Elem
	}
	if r.One = d.flag("one", false); r.One && !r.SetOf {
		p.wrong(d.at("one"), "write ["+t.Name()+"!]!", "one: says that a set of rows has at most one, but %s gives no set", f.Field)
	}
	if array && t.Elem == nil {
		p.wrong(d.at("array"), "write ["+t.Name()+"]", "array: says that the list is one value, but %s gives no list", f.Field)
	}
	name := t.Name()
	def := p.defs[name]
	switch {
	case t.Elem == nil && (name == "void" || name == "record"):
		r.Void, r.Record = name == "void", name == "record"
		if r.Void && r.SetOf {
			p.wrong(t.Position, "write void", "there are no rows of nothing")
		}
	case t.Elem == nil && def != nil && def.table != nil:
		r.Table = def.table
	case def != nil && def.result:
		if t.Elem != nil {
			p.wrong(t.Position, "take array: out", "%s is a row, and rows are no array", name)
		}
		r.Out, r.Field = p.results[name], name
		p.used = append(p.used, name)
	default:
		got, ok := p.typeRef(t, d.args["type"])
		if !ok {
			return false
		}
		r.Type = got
	}
	return true
}

// callPolicy reads an @allow on a function.
func (p *parser) callPolicy(d directive) *Policy {
	out := &Policy{Role: d.text("role")}
	p.roleOf(out, d)
	for _, a := range []string{"where", "check", "columns", "set", "limit", "aggregate", "backend_only", "query_root_fields", "subscription_root_fields"} {
		if d.has(a) {
			p.wrong(d.at(a), "take it out; what its rows show is the table's to say", "%s: can't stand on a function", a)
		}
	}
	if len(out.To) == 0 {
		out.To = []Operation{CallIt}
	}
	if !slices.Equal(out.To, []Operation{CallIt}) {
		p.wrong(d.at("to"), "write to: [CALL]", "a function can be called, nothing else")
	}
	return out
}

// roleOf reads role: and to:.
func (p *parser) roleOf(out *Policy, d directive) {
	if out.Role == "" {
		p.wrong(d.Position, `write @allow(role: "…", …)`, "@allow doesn't say whom")
	}
	if out.Role == "admin" {
		p.wrong(d.at("role"), "take it out", "the admin may do everything already")
	}
	for _, v := range d.list("to") {
		op := Operation(strings.ToUpper(v.Raw))
		if slices.Contains(out.To, op) {
			p.wrong(v.Position, "take it out", "@allow names %s twice", op)
		}
		out.To = append(out.To, op)
	}
}

// policies reads a table's @allow, when relations can be named.
func (p *parser) policies(def *definition) {
	for _, d := range def.directives["allow"] {
		def.table.Policies = append(def.table.Policies, p.policy(def.table, d))
	}
}

func (p *parser) policy(t *Table, d directive) *Policy {
	out := &Policy{Role: d.text("role"), Aggregate: d.flag("aggregate", false), BackendOnly: d.flag("backend_only", false)}
	p.roleOf(out, d)
	if len(out.To) == 0 {
		p.wrong(d.Position, "write to: [SELECT]", "@allow doesn't say what")
	}
	if slices.Contains(out.To, CallIt) {
		p.wrong(d.at("to"), "write SELECT, INSERT, UPDATE or DELETE", "a table can't be called")
	}
	if w := d.args["where"]; w != nil {
		out.Where = p.where(t, w, inPolicy)
	}
	if w := d.args["check"]; w != nil {
		out.Check = p.where(t, w, inPolicy)
	}
	if d.has("columns") {
		if out.Columns = p.columnList(t, d, "columns"); out.Columns == nil {
			out.Columns = []*Column{}
		}
	}
	if v := d.args["set"]; v != nil {
		out.Set = p.presets(t, v)
	}
	out.QueryRoots, out.SubscriptionRoots = p.policyRoots(out, d, "query_root_fields"), p.policyRoots(out, d, "subscription_root_fields")
	if v := d.args["limit"]; v != nil {
		n, err := strconv.Atoi(v.Raw)
		if err != nil || n < 1 {
			p.wrong(v.Position, "write limit: 100", "limit: is a number of rows, at least 1")
		}
		out.Limit = &n
	}
	return out
}

// presets reads set: {column: value}.
func (p *parser) presets(t *Table, v *ast.Value) []Preset {
	var out []Preset
	for _, f := range v.Children {
		name := *f.Value
		name.Raw, name.Position = f.Name, f.Position
		c := p.columnNamed(t, &name, "@allow")
		if c == nil {
			continue
		}
		if value, ok := p.operand(c, f.Value, inPolicy); ok {
			out = append(out, Preset{Column: c, Value: value})
		}
	}
	return out
}

// policyRoots reads the root fields that a policy opens; nil where it doesn't say.
func (p *parser) policyRoots(of *Policy, d directive, arg string) []RootKind {
	if !d.has(arg) {
		return nil
	}
	if !slices.Contains(of.To, SelectRows) {
		p.wrong(d.at(arg), "take it out, or write to: [SELECT]", "%s: is about SELECT", arg)
	}
	out := []RootKind{}
	for _, v := range d.list(arg) {
		kind := RootKind(strings.ToLower(v.Raw))
		if slices.Contains(out, kind) {
			p.wrong(v.Position, "take it out", "%s: names %s twice", arg, v.Raw)
		}
		out = append(out, kind)
	}
	return out
}
