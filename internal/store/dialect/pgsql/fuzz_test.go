package pgsql_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// hostile are names that try to be more than a name, and values that try to be SQL.
var hostile = []string{
	`"`, `""`, `'`, `\`, `\'`, `a"b`, `x"; DROP TABLE t; --`, `x' OR '1'='1`, "a\x00b", `select`, `table`, `$1`, `$$`, `--`, `/*`, `*/`, `;`, `r`, `e1`, `t0`, `w`, `c`,
	"\n", "ü", strings.Repeat("x", 70), `%`, `(`, `)`, `,`, `.`, `*`, `"."`, `::text`, `row_to_json`, "pintail_row", " ",
}

// literals are the texts that the dialect itself writes.
var literals = []string{"[]", "null", "0", "-1", "", "pintail.inserted", "pintail.keys", "{}", "response.status", "response.headers"}

// check takes a statement apart by PostgreSQL's lexical rules and says what in it isn't the dialect's own: a text or a
// number that should be a parameter, a comment, a second statement, a name that nobody gave.
func check(t *testing.T, st *pgsql.Statement, names ...string) {
	t.Helper()
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "\x00", "")
	}
	sql := st.SQL
	if strings.Contains(sql, "\x00") {
		t.Fatal("a NUL")
	}
	depth := 0
	for i := 0; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '"' || c == '\'':
			var text strings.Builder
			for i++; ; i++ {
				if i >= len(sql) {
					t.Fatal("a text without an end")
				}
				if sql[i] == c {
					if i+1 >= len(sql) || sql[i+1] != c {
						break
					}
					i++
				}
				text.WriteByte(sql[i])
			}
			if c == '\'' && !slices.Contains(literals, text.String()) {
				t.Fatalf("the text %q stands in …%s", text.String(), sql[max(0, i-60):i])
			}
			if c == '"' && !known(text.String(), names) {
				t.Fatalf("the name %q stands in …%s", text.String(), sql[max(0, i-60):i])
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';' || strings.HasPrefix(sql[i:], "--") || strings.HasPrefix(sql[i:], "/*") || c == '\\' || c >= 0x80 || depth < 0:
			t.Fatalf("at %q after %s", sql[i:min(len(sql), i+20)], sql[max(0, i-60):i])
		case c == '$':
			n := 0
			for ; i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9'; i++ {
				n = n*10 + int(sql[i+1]-'0')
			}
			if n < 1 || n > len(st.Binds) {
				t.Fatalf("parameter $%d of %d after %s", n, len(st.Binds), sql[max(0, i-60):i])
			}
		}
	}
	if depth != 0 {
		t.Fatal("parentheses don't match")
	}
}

var ours = []string{"", "public", "text", "json", "jsonb", "tsvector", "id", "many", "one", "v", "pintail_row", "pintail_row_", "parent_id", "f"}

func known(name string, names []string) bool {
	return slices.Contains(ours, name) || slices.Contains(names, name)
}

// plans are plans that put a name into every place where one can stand.
func plans(name, value string) []*plan.Plan {
	text, integer := schema.Type{Base: schema.Text, Name: "text"}, schema.Type{Base: schema.Int8, Name: "bigint"}
	domain := &schema.Domain{Name: schema.Name{Schema: name, Name: name}, Base: text,
		ToJSON: `"` + strings.ReplaceAll(name, `"`, `""`) + `"`, FromJSON: name, FromText: name}
	odd := schema.Type{Name: name, Schema: name, Modifier: name, Domain: domain}
	n := schema.Name{Schema: name, Name: name}
	t := &schema.Table{Name: n, Columns: []*schema.Column{
		{Name: "id", Type: integer, Identity: schema.ByDefault}, {Name: name, Type: text, Default: &schema.Default{Value: &value}},
		{Name: "parent_id", Type: integer}, {Name: name + "2", Type: odd},
	}}
	for _, c := range t.Columns {
		c.Table = t
	}
	t.Primary = &schema.Key{Columns: t.Columns[:1]}
	f := &schema.Function{Name: n, Args: []schema.Arg{{Name: name, Type: text}}, Returns: schema.Returns{Table: t, SetOf: true}, Settings: map[string]string{name: value}}
	rel := &schema.Relation{From: t, To: t, Many: true, Columns: t.Columns[:1], References: t.Columns[1:2]}
	up := &schema.Relation{From: t, To: t, Columns: t.Columns[2:3], References: t.Columns[:1]}
	through := &schema.Relation{From: t, To: t, Many: true, Columns: t.Columns[:1], References: t.Columns[1:2],
		Through: &schema.Through{Table: t, Columns: t.Columns[2:3], References: t.Columns[:1]}}
	computed := &schema.Relation{From: t, To: t, Computed: f}
	sel := func(source plan.Source, alias int) *plan.Select {
		s := &plan.Select{Source: source, Alias: alias}
		for i, c := range t.Columns {
			s.Outputs = append(s.Outputs, plan.Output{Key: c.Name, Value: &plan.Operand{Alias: alias, Column: c, Type: c.Type}})
			s.Order = append(s.Order, plan.Order{Value: plan.Operand{Alias: alias, Column: c, Type: c.Type, Path: []plan.Step{{Arg: i}, {Arg: i, Text: true}}}})
		}
		cast := schema.Type{Name: name, Modifier: name}
		s.Outputs = append(s.Outputs, plan.Output{Key: name, Cast: &cast, Value: &plan.Operand{Alias: alias, Computed: f, Type: text}})
		return s
	}
	where := func(alias int) plan.Expr {
		var of []plan.Expr
		for _, c := range t.Columns {
			left := plan.Operand{Alias: alias, Column: c, Type: c.Type}
			of = append(of, &plan.Compare{Left: left, Op: query.FTS, Lang: value}, &plan.Compare{Left: left, Op: query.In, Arg: 1},
				&plan.Compare{Left: left, Op: query.Eq, Other: &left}, &plan.Not{Of: &plan.Compare{Left: left, Op: query.Like, Any: query.All, Arg: 2}})
		}
		return &plan.Or{Of: of}
	}
	full := func(source plan.Source) *plan.Select {
		s := sel(source, 0)
		for i, r := range []*schema.Relation{rel, up, through, computed} {
			alias := 10 * (i + 1)
			e := &plan.Embed{Relation: r, Select: sel(plan.Source{Table: t}, alias), Inner: i%2 == 0}
			e.Select.Where = where(alias)
			spread := &plan.Embed{Relation: r, Select: sel(plan.Source{Table: t}, alias+1), Spread: true, Inner: i%2 == 1}
			s.Outputs = append(s.Outputs, plan.Output{Key: name, Embed: e}, plan.Output{Embed: spread})
		}
		return s
	}
	read := full(plan.Source{Table: t})
	read.Where = where(0)
	one := 3
	read.Limit, read.Count = &one, query.EstimatedCount
	write := func() *plan.Write {
		return &plan.Write{Table: t, Columns: t.Columns, Alias: 5, Default: true, Where: where(5), Conflict: &plan.Conflict{Update: t.Columns, Columns: t.Columns[1:]}}
	}
	back := full(plan.Source{Written: t})
	csv := sel(plan.Source{Table: t}, 0)
	csv.Form.CSV = true
	named := &plan.Conflict{Constraint: name, Update: t.Columns}
	constraint := write()
	constraint.Conflict = named
	arg := plan.CallArg{Param: &f.Args[0], Values: []int{0}}

	// What GraphQL asks for.
	operand := func(alias, i int) plan.Operand {
		return plan.Operand{Alias: alias, Column: t.Columns[i], Type: t.Columns[i].Type}
	}
	hop := func(r *schema.Relation, alias int) plan.Hop {
		return plan.Hop{Relation: r, Select: &plan.Select{Source: plan.Source{Table: t}, Alias: alias, Where: where(alias)}}
	}
	value1, value3 := operand(60, 1), operand(60, 3)
	nest := []plan.Output{
		{Key: name, Nest: []plan.Output{
			{Key: name, Value: &value1, Aggregate: query.Max}, {Key: name + "2", Aggregate: query.Count},
			{Key: name, Value: &value1, More: []plan.Operand{value3}, Distinct: true, Aggregate: query.Count},
			{Key: name, Nest: []plan.Output{{Key: name, Value: &value3, Aggregate: query.Stddev}}}, {Key: name, Nest: []plan.Output{}},
		}},
		{Key: name, Literal: &value},
	}
	measure := func(r *schema.Relation, alias int) *plan.Measure {
		h := hop(r, alias)
		return &plan.Measure{Relation: r, Select: h.Select, Aggregate: query.Count, Values: []plan.Operand{operand(alias, 1), operand(alias, 2)}, Distinct: true, Op: query.Gt, Arg: 1}
	}
	summary := func(source plan.Source) *plan.Select {
		return &plan.Select{
			Source: source, Alias: 60, Summary: true, Outputs: append(nest, plan.Output{Key: name, Nodes: full(plan.Source{Table: t})}),
			Where: &plan.And{Of: []plan.Expr{where(60), measure(rel, 61), measure(through, 62)}}, Distinct: []plan.Operand{value1}, Limit: &one,
			Order: []plan.Order{{Value: value1}, {Value: operand(63, 1), Via: []plan.Hop{hop(up, 64), hop(up, 63)}}, {Via: []plan.Hop{hop(rel, 65)}, Aggregate: query.Count, Counts: true}},
		}
	}
	groups := &plan.Select{
		Source: plan.Source{Table: t}, Alias: 60, Grouped: true, Group: []plan.Operand{value1, value3}, Outputs: nest,
		Having: &plan.Measure{Aggregate: query.Max, Values: []plan.Operand{value1}, Op: query.Eq, Arg: 1},
		Order:  []plan.Order{{Aggregate: query.Sum, Value: value3}, {Value: value1}},
	}
	distinct := full(plan.Source{Table: t})
	distinct.Distinct, distinct.Order = []plan.Operand{operand(0, 1)}, []plan.Order{{Value: operand(0, 1)}}
	within := sel(plan.Source{Table: t}, 0)
	within.Outputs = append(within.Outputs, plan.Output{Key: name, Embed: &plan.Embed{Relation: rel, Select: summary(plan.Source{Table: t})}})
	text2 := &plan.Compare{Left: operand(0, 1), Op: query.Similar, AsText: true, Arg: 1}
	within.Where = &plan.And{Of: []plan.Expr{text2, &plan.Compare{Left: operand(0, 1), Op: query.HasKeysAny, Arg: 1}, &plan.Compare{Left: operand(0, 1), Op: query.PathExists, Arg: 1}}}
	nested := write()
	nested.Where, nested.Conflict.Where = nil, &plan.And{Of: []plan.Expr{where(5), &plan.Exists{Relation: rel, Select: hop(rel, 71).Select}}}
	child := &plan.Write{Table: t, Columns: t.Columns, Alias: 70, Default: true}
	nested.Nested = []plan.Nested{
		{Relation: up, Write: child, Before: true, Taking: t.Columns[2:3], Giving: t.Columns[:1]},
		{Relation: rel, Write: child, Taking: t.Columns[1:2], Giving: t.Columns[1:2]},
	}
	alter := write()
	alter.Columns, alter.Conflict, alter.Where = nil, nil, measure(through, 72)
	for _, how := range []query.Alteration{query.Increment, query.Append, query.Prepend, query.DeleteKey, query.DeleteElem, query.DeleteAtPath} {
		alter.Alter = append(alter.Alter, plan.Alter{Column: t.Columns[1], How: how, Arg: 1})
	}
	call := &plan.Plan{Op: plan.Call, Call: &plan.Invocation{Function: f, Body: -1, Args: []plan.CallArg{arg}, ReadOnly: true}, Rows: full(plan.Source{Called: f})}
	reads := []*plan.Plan{{Op: plan.Read, Rows: summary(plan.Source{Table: t})}, {Op: plan.Read, Rows: groups}, call, call}
	writes := []*plan.Plan{{Op: plan.Insert, Write: nested, Rows: back}, {Op: plan.Update, Write: alter, Rows: back}, {Op: plan.Read, Rows: within}}
	return []*plan.Plan{
		{Op: plan.Sequence, Steps: reads}, {Op: plan.Sequence, Steps: writes}, {Op: plan.Read, Rows: distinct}, {Op: plan.Read, Rows: within},

		{Op: plan.Read, Rows: read}, {Op: plan.Read, Rows: csv},
		{Op: plan.Insert, Write: write(), Rows: back, Key: t.Columns[:2]}, {Op: plan.Insert, Write: constraint},
		{Op: plan.Update, Write: write(), Rows: back}, {Op: plan.Delete, Write: write(), Rows: back},
		{Op: plan.Call, Call: &plan.Invocation{Function: f, Body: -1, Args: []plan.CallArg{arg}}, Rows: full(plan.Source{Called: f})},
		{Op: plan.Call, Call: &plan.Invocation{Function: f, Body: 0, Object: true, Args: []plan.CallArg{arg}}, Rows: sel(plan.Source{Called: f}, 0)},
		{Op: plan.Call, Call: &plan.Invocation{Function: f, Body: 0, Scalar: true}},
	}
}

// names are what may stand in quotes when everything is called name: the parts of a dotted function name too.
func namesOf(name string) []string {
	names := append([]string{name, name + "2"}, strings.Split(name, ".")...)
	for i := 0; i < len(name); i++ { // a type's or a function's name is read as one that may be quoted already, and as it stands where its quotes don't end
		for j := i + 1; j <= len(name); j++ {
			names = append(names, name[i:j], strings.ReplaceAll(name[i:j], `""`, `"`))
		}
	}
	return names
}

func try(t *testing.T, name, value string) {
	if len(name) > 100 {
		return
	}
	for i, p := range plans(name, value) {
		st, err := pgsql.Compile(p, pgsql.Options{Default: "public"})
		if err != nil {
			t.Fatalf("plan %d: %v", i, err)
		}
		whole(t, &st, namesOf(name)...)
	}
}

// whole checks a statement and all that belong to it.
func whole(t *testing.T, st *pgsql.Statement, names ...string) {
	t.Helper()
	check(t, st, names...)
	if strings.Contains(st.SQL, "5ecret") {
		t.Fatal("a value stands in the SQL")
	}
	for _, more := range slices.Concat([]*pgsql.Statement{st.Estimate, st.Answer}, st.Nested, st.Steps) {
		if more != nil {
			whole(t, more, names...)
		}
	}
}

func TestNoNameAndNoValueEscapes(t *testing.T) {
	for _, name := range hostile {
		try(t, name, "5ecret"+name)
	}
}

func FuzzCompile(f *testing.F) {
	for _, name := range hostile {
		f.Add(name, name)
	}
	f.Fuzz(func(t *testing.T, name, value string) { try(t, name, "5ecret"+value) })
}

// FuzzArray holds the array form against what PostgreSQL would read.
func FuzzArray(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		st := pgsql.Statement{Binds: []pgsql.Bind{{Arg: 0}}}
		params, _ := st.AppendTo(nil, nil, query.Args{query.List([]string{a, b})})
		if got := readArray(string(params[0])); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q and %q became %s, which reads %q", a, b, params[0], got)
		}
	})
}

// readArray reads an array of quoted elements as array_in does.
func readArray(s string) (out []string) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	var element strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && quoted:
			out = append(out, element.String())
			element.Reset()
			quoted = false
		case s[i] == '"':
			quoted = true
		case s[i] == '\\' && quoted:
			i++
			element.WriteByte(s[i])
		case quoted:
			element.WriteByte(s[i])
		}
	}
	return out
}
