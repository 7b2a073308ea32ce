package plan

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func (r *resolver) call(q *query.Call) error {
	r.in = r.schemaOf(q.Function)
	f, err := r.function(q)
	if err != nil {
		return err
	}
	if q.End.MaxAffected != nil && !f.Returns.SetOf {
		return fault.New(fault.MaxAffectedRPC,
			"Function must return SETOF or TABLE when max-affected preference is used with handling=strict").WithStatus(400)
	}
	writes := f.Volatile || f.Query != nil && f.Query.Writes
	inv := &Invocation{Function: f, Body: -1, ReadOnly: q.ReadOnly || !writes, Scalar: scalar(f)}
	inv.Raw = q.Result != nil && writesItself(f, q.Result.Form.Media)
	r.plan.Op, r.plan.Call, r.plan.End = Call, inv, q.End
	r.callArgs(q, f, inv)
	if f.Returns.Void {
		return nil
	}
	sel := q.Result
	if sel == nil {
		sel = &query.Select{Items: []query.Item{&query.Output{Star: true}}}
	}
	r.plan.Rows, err = r.rows(sel, called(f, sel))
	return err
}

// writesItself says whether what a function gives is the answer in a media type as it is.
func writesItself(f *schema.Function, media string) bool { return media != "" && f.Media() == media }

// called is the node of a call's rows. PostgreSQL's messages name it by PostgREST's alias.
func called(f *schema.Function, q *query.Select) *node {
	n := &node{source: Source{Called: f}, row: row{name: f.Name.Name}, label: "pgrst_call"}
	switch {
	case f.Returns.Table != nil:
		n.row = tableRow(f.Returns.Table)
	case len(f.Returns.Out) > 0:
		n.row.columns = f.Returns.Out
	case f.Returns.Type.Composite != nil && !f.Returns.Type.Array:
		n.row.columns = f.Returns.Type.Composite.Columns
	}
	if slices.ContainsFunc(q.Items, func(i query.Item) bool { o, ok := i.(*query.Output); return ok && o.Star }) {
		n.label = n.row.name
	}
	return n
}

// scalar says whether a function gives bare values rather than rows. A record without declared columns is one value.
func scalar(f *schema.Function) bool {
	r := f.Returns
	return r.Table == nil && len(r.Out) == 0 && (r.Type.Composite == nil || r.Type.Array)
}

// function picks the overload whose parameters the argument names fit; where none does, the one with a single unnamed
// parameter that takes the whole body (PostgREST's findProc).
func (r *resolver) function(q *query.Call) (*schema.Function, error) {
	all := r.schema.FunctionsNamed(q.Function)
	if !r.exposed(q.Function) {
		all = nil
	}
	names := argNames(q)
	var fits, raw []*schema.Function
	for _, f := range all {
		switch {
		case accepts(f, names, q):
			fits = append(fits, f)
		case takesBody(f, q):
			raw = append(raw, f)
		}
	}
	if len(fits) == 0 {
		fits = raw
	}
	switch len(fits) {
	case 0:
		return nil, r.noFunction(q, names, all)
	case 1:
		return fits[0], nil
	}
	return nil, r.ambiguousFunction(fits)
}

// argNames are the names of the arguments, sorted, each once.
func argNames(q *query.Call) []string {
	names := slices.Clone(q.Columns)
	for i := range q.Args {
		names = append(names, q.Args[i].Key())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// accepts says whether a function can be called with what is given: all that are required, and none that it doesn't have.
func accepts(f *schema.Function, names []string, q *query.Call) bool {
	if len(f.Args) == 0 {
		return len(names) == 0 && (q.ReadOnly || !bare(q))
	}
	args := slices.Clone(q.Args)
	for _, name := range q.Columns {
		args = append(args, query.Arg{Name: name})
	}
	return takes(f, 0, args)
}

// takes says whether a function can be called with these arguments for its parameters from the one at from on (behind the row, of
// a function of the row): all that are required, and none that it doesn't have. One without a name is given by its place, and
// PostgreSQL's positional notation has no gaps: all before it are given too.
func takes(f *schema.Function, from int, args []query.Arg) bool {
	found, gap := 0, false
	for i := from; i < len(f.Args); i++ {
		here := 0
		for j := range args {
			if means(&args[j], f, i) {
				here++
			}
		}
		if here == 0 && !f.Args[i].Optional || here > 0 && gap && f.Args[i].Name == "" {
			return false
		}
		found, gap = found+here, gap || here == 0
	}
	return found == len(args)
}

// means says whether an argument is for the parameter at i.
func means(a *query.Arg, f *schema.Function, i int) bool {
	if a.Place > 0 {
		return a.Place == i+1
	}
	return f.Args[i].Name != "" && a.Name == f.Args[i].Name
}

// bare says whether the body is of a type that only a single unnamed parameter takes.
func bare(q *query.Call) bool {
	return q.BodyType == "text/plain" || q.BodyType == "text/xml" || q.BodyType == "application/octet-stream"
}

// isJSON says whether the body, there or not, counts as JSON.
func isJSON(q *query.Call) bool { return q.BodyType == "" || q.BodyType == "application/json" }

// takesBody says whether a function has a single unnamed parameter of the type that takes this body.
func takesBody(f *schema.Function, q *query.Call) bool {
	if q.ReadOnly || len(f.Args) != 1 || f.Args[0].Name != "" || f.Args[0].Type.Array {
		return false
	}
	switch f.Args[0].Type.Name {
	case "json", "jsonb":
		return isJSON(q)
	case "text":
		return q.BodyType == "text/plain"
	case "xml":
		return q.BodyType == "text/xml"
	case "bytea":
		return q.BodyType == "application/octet-stream"
	}
	return false
}

// callArgs says where the arguments come from.
func (r *resolver) callArgs(q *query.Call, f *schema.Function, inv *Invocation) {
	if len(f.Args) == 1 && f.Args[0].Name == "" && q.Body != nil {
		inv.Body = r.arg(q.Body, Param{Use: Body, Type: f.Args[0].Type})
		return
	}
	if q.Body == nil {
		inv.Args = r.given(f, q.Args)
		return
	}
	inv.Body, inv.Object, inv.Array = r.arg(q.Body, Param{Use: Body, Type: typeJSON}), true, q.Array
	for i := range f.Args {
		if p := &f.Args[i]; slices.Contains(q.Columns, p.Name) {
			inv.Args = append(inv.Args, CallArg{Param: p})
		}
	}
}

// given resolves the arguments that came by themselves, in the order of the function's parameters.
func (r *resolver) given(f *schema.Function, args []query.Arg) []CallArg {
	var list []CallArg
	for i := range f.Args {
		p := &f.Args[i]
		a := CallArg{Param: p}
		for j := range args {
			v := &args[j]
			if !means(v, f, i) {
				continue
			}
			t := p.Type
			if p.Variadic {
				t = element(t)
			} else {
				a.Values = nil // the last one counts
			}
			a.Values = append(a.Values, r.arg(&v.Value, Param{Use: Body, Type: t}))
		}
		if len(a.Values) > 0 {
			list = append(list, a)
		}
	}
	return list
}

// noFunction is PGRST202.
func (r *resolver) noFunction(q *query.Call, names []string, overloads []*schema.Function) error {
	name := r.schemaOf(q.Function) + "." + q.Function.Name
	body := !q.ReadOnly && bare(q)
	with, searched := "("+strings.Join(names, ", ")+")", " with parameter "
	if len(names) > 1 {
		searched = " with parameters "
	}
	searched += strings.Join(names, ", ")
	if len(names) == 0 {
		with, searched = " without parameters", " without parameters"
	}
	switch {
	case body:
		with = ""
		searched = " with a single unnamed " + map[string]string{
			"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytea",
		}[q.BodyType] + " parameter"
	case !q.ReadOnly && isJSON(q):
		searched += " or with a single unnamed json/jsonb parameter"
	}
	f := fault.Newf(fault.NoFunction, "Could not find the function %s%s in the schema cache", name, with).WithStatus(404).
		WithDetails("Searched for the function %s%s, but no matches were found in the schema cache.", name, searched)
	if better := r.nearFunction(q, names, overloads); better != "" && !body {
		f.WithHint("Perhaps you meant to call the function %s.%s", r.schemaOf(q.Function), better)
	}
	return f
}

// nearFunction suggests another function's name or, where there are functions of that name, their parameters.
func (r *resolver) nearFunction(q *query.Call, names []string, overloads []*schema.Function) string {
	var all []string
	if len(overloads) == 0 {
		for _, f := range r.schema.Functions {
			if r.schemaOf(f.Name) == r.in && r.exposed(f.Name) {
				all = append(all, f.Name.Name)
			}
		}
		better, _ := near(all, q.Function.Name, 0.75)
		return better
	}
	for _, f := range overloads {
		var params []string
		for _, a := range f.Args {
			params = append(params, a.Name)
		}
		slices.Sort(params)
		all = append(all, "("+strings.Join(params, ", ")+")")
	}
	better, _ := near(all, "("+strings.Join(names, ", ")+")", 0.33)
	if better == "" {
		return ""
	}
	return q.Function.Name + better
}

// ambiguousFunction is PGRST203.
func (r *resolver) ambiguousFunction(fits []*schema.Function) error {
	var all []string
	for _, f := range fits {
		var params []string
		for _, a := range f.Args {
			params = append(params, a.Name+" => "+a.Type.String())
		}
		all = append(all, r.schemaOf(f.Name)+"."+f.Name.Name+"("+strings.Join(params, ", ")+")")
	}
	return fault.Newf(fault.AmbiguousFunction, "Could not choose the best candidate function between: %s", strings.Join(all, ", ")).
		WithStatus(300).
		WithHint("Try renaming the parameters or the function itself in the database so function overloading can be resolved")
}

// Given are the arguments in the body, where it is an object of them.
func (c *Invocation) Given(args query.Args) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	body := []byte(args[c.Body].Text)
	if c.Array {
		var all []json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil || len(all) == 0 {
			return nil, err
		}
		body = all[0]
	}
	err := json.Unmarshal(body, &object)
	return object, err
}

// Check refuses a null for an argument of a named query that says it is never null. Both engines would bind it: a LIMIT of null is
// none on PostgreSQL, and an error on SQLite.
func (c *Invocation) Check(args query.Args) error {
	if c.Function.Query == nil || !slices.ContainsFunc(c.Args, func(a CallArg) bool { return a.Param.NotNull }) {
		return nil
	}
	var object map[string]json.RawMessage
	if c.Object && c.Body >= 0 {
		var err error
		if object, err = c.Given(args); err != nil {
			return nil // whoever binds it says what is wrong
		}
	}
	for i := range c.Args {
		a := &c.Args[i]
		if !a.Param.NotNull {
			continue
		}
		null := slices.ContainsFunc(a.Values, func(at int) bool { return args[at].Null })
		if object != nil {
			null = string(object[a.Param.Name]) == "null"
		}
		if null {
			return fault.Newf(fault.NullElement, "the argument %q of %s can't be null", a.Param.Name, c.Function.Name.Name)
		}
	}
	return nil
}
