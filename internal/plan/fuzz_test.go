package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// FuzzResolve makes a query of any kind from bytes, of names that exist, nearly exist and don't, and holds every plan
// against what stores rely on: no panic, only faults, every argument known, occurrences numbered once.
func FuzzResolve(f *testing.F) {
	f.Add([]byte{0}, true)
	f.Add([]byte("select, embed, where and order"), false)
	f.Add([]byte{0, 3, 2, 1, 9, 8, 7, 200, 100, 50, 25, 12, 6, 3, 1, 0, 255, 254, 13, 77, 31, 5, 5, 5, 5}, true)
	f.Add([]byte{1, 1, 4, 0, 2, 9, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, true)
	f.Add([]byte{4, 3, 1, 0, 1, 1, 1, 9, 40, 41, 42}, true)
	s := testSchema()
	f.Fuzz(func(t *testing.T, seed []byte, aggregates bool) {
		q := (&maker{bytes: seed, budget: 200}).query()
		shape, args := query.Parameterize(q, nil)
		p, err := Resolve(q, s, Options{Aggregates: aggregates})
		if err != nil {
			var known *fault.Fault
			if !errors.As(err, &known) || known.Code == fault.Internal {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		if len(p.Params) > len(args) {
			t.Fatalf("%d params for %d arguments", len(p.Params), len(args))
		}
		if label := Label(p); label == "" || len(label) > labelMax {
			t.Fatalf("a label of %d bytes: %q", len(label), label)
		}
		text := Dump(p)
		again, err := Resolve(q, s, Options{Aggregates: aggregates})
		if err != nil || Dump(again) != text {
			t.Fatalf("the same query twice, two plans:\n%s", text)
		}
		if second, _ := query.Parameterize(q, nil); string(second) != string(shape) {
			t.Fatal("planning changes the query")
		}
		checkTemplate(t, q, string(shape), text, s, aggregates)
		seen := map[int]bool{}
		for _, p := range append([]*Plan{p}, p.Steps...) {
			if p.Rows != nil {
				checkSelect(t, p.Rows, seen, len(args))
			}
			if p.Op == Sequence && (p.Rows != nil || p.Write != nil || p.Call != nil) {
				t.Fatal("a sequence with something of its own")
			}
		}
	})
}

// checkTemplate builds the query again from its template: it must have the same shape, and the same plan.
func checkTemplate(t *testing.T, q query.Query, shape, plan string, s *schema.Schema, aggregates bool) {
	template, err := query.Encode(q)
	if err != nil && strings.Contains(err.Error(), `"median" is no aggregate`) {
		return // where it is never looked at, as beside a star; the dialects don't know it either
	}
	if err != nil {
		t.Fatalf("a query that can be planned can't be encoded: %v", err)
	}
	again, err := query.Decode(template)
	if err != nil {
		t.Fatalf("%v\n%s", err, template)
	}
	if got, _ := query.Parameterize(again, nil); string(got) != shape {
		t.Fatalf("a template of another shape:\n%s", template)
	}
	if p, err := Resolve(again, s, Options{Aggregates: aggregates}); err != nil || Dump(p) != plan {
		t.Fatalf("the template has another plan, %v:\n%s", err, template)
	}
}

func checkSelect(t *testing.T, s *Select, seen map[int]bool, args int) {
	if seen[s.Alias] {
		t.Fatalf("t%d twice", s.Alias)
	}
	seen[s.Alias] = true
	checkOutputs(t, s.Outputs, seen, args)
	for _, o := range append(slices.Clone(s.Distinct), s.Group...) {
		checkOperand(t, o, args)
	}
	for _, o := range s.Order {
		for _, hop := range o.Via {
			checkSelect(t, hop.Select, seen, args)
		}
		if o.Counts {
			continue
		}
		checkOperand(t, o.Value, args)
		if !seen[o.Value.Alias] {
			t.Fatalf("an order by t%d, which isn't there", o.Value.Alias)
		}
	}
}

func checkOutputs(t *testing.T, outputs []Output, seen map[int]bool, args int) {
	for _, o := range outputs {
		for _, more := range o.More {
			checkOperand(t, more, args)
		}
		switch {
		case o.Embed != nil:
			checkSelect(t, o.Embed.Select, seen, args)
		case o.Nodes != nil:
			checkSelect(t, o.Nodes, seen, args)
		case o.Nest != nil:
			checkOutputs(t, o.Nest, seen, args)
		case o.Value != nil:
			checkOperand(t, *o.Value, args)
		case o.Aggregate != query.Count && o.Literal == nil:
			t.Fatalf("%q is nothing", o.Key)
		}
	}
}

func checkOperand(t *testing.T, o Operand, args int) {
	if (o.Column == nil) == (o.Computed == nil) {
		t.Fatal("an operand is a column or computed")
	}
	for _, s := range o.Path {
		if s.Arg < 0 || s.Arg >= args {
			t.Fatalf("$%d of %d", s.Arg, args)
		}
	}
}

// A maker turns bytes into a query. When they are used up it makes the smallest of everything.
type maker struct {
	bytes  []byte
	budget int // nodes still to make
}

func (m *maker) n(below int) int {
	if len(m.bytes) == 0 {
		return 0
	}
	b := m.bytes[0]
	m.bytes = m.bytes[1:]
	return int(b) % below
}

func (m *maker) flip() bool { return m.n(2) == 1 }

func (m *maker) pick(of ...string) string { return of[m.n(len(of))] }

func (m *maker) tableName() schema.Name {
	return named(m.pick("client", "project", "task", "worker", "assignment", "plan_of", "agent", "department", "project_view",
		"log", "counter", "hidden", "projct", ""))
}

func (m *maker) column() string {
	return m.pick("id", "name", "client_id", "data", "doc", "tags", "hours", "budget", "project_id", "code", "line", "spot",
		"initials", "twice", "nam", "", "*")
}

func (m *maker) columns() []string {
	var all []string
	for range m.n(4) {
		all = append(all, m.column())
	}
	return all
}

func (m *maker) field() query.Field {
	f := query.Field{Column: m.column()}
	for range m.n(3) {
		f.Path = append(f.Path, query.Step{Key: m.pick("a", "0", "-1", ""), Index: m.flip(), Text: m.flip()})
	}
	return f
}

func (m *maker) value() query.Value {
	switch m.n(4) {
	case 1:
		return query.List([]string{"1", "x"})
	case 2:
		return query.Value{Null: true}
	case 3:
		return query.Value{Claim: "user"}
	}
	return query.Text(m.pick("1", "x", "{}", "null", "true"))
}

func (m *maker) query() query.Query {
	if m.n(6) != 5 {
		return m.one()
	}
	q := &query.Sequence{Rollback: m.flip()}
	for range m.n(4) {
		q.Of = append(q.Of, m.one())
	}
	return q
}

// insert makes rows that go in, and with them, depth permitting, those of related tables.
func (m *maker) insert(depth int) *query.Insert {
	q := &query.Insert{Columns: m.columns(), Rows: m.value(), Default: m.flip()}
	if m.flip() {
		q.Conflict = &query.Conflict{Ignore: m.flip(), Columns: m.columns(), Constraint: m.pick("", "counter_code_key", "x"), Update: m.columns()}
		if m.flip() {
			q.Conflict.Where = m.expr(0)
		}
	}
	if depth < 3 && m.n(3) == 2 {
		q.Nested = append(q.Nested, query.Nested{Relation: m.pick("client", "project", "task", "parent_id", "worker", "nope"), Insert: m.insert(depth + 1), Parents: m.value()})
	}
	return q
}

func (m *maker) one() query.Query {
	end := query.End{Keys: m.flip(), Single: m.flip()}
	if m.n(5) == 4 {
		n := int64(3)
		end.MaxAffected = &n
	}
	switch m.n(5) {
	case 1:
		q := m.insert(0)
		q.Into, q.End = m.tableName(), end
		if m.flip() {
			q.Returning = m.sel(0)
		}
		if m.flip() {
			q.Put = m.expr(0)
		}
		return q
	case 2:
		q := &query.Update{Table: m.tableName(), Columns: m.columns(), Row: m.value(), End: end}
		q.Where = m.expr(0)
		for range m.n(3) {
			q.Alter = append(q.Alter, query.Alter{Column: m.column(), How: query.Alteration(m.pick("inc", "append", "prepend", "delete_key", "delete_elem", "delete_at_path")), Value: m.value()})
		}
		if m.flip() {
			q.Returning = m.sel(0)
		}
		return q
	case 3:
		return &query.Delete{From: m.tableName(), Where: m.expr(0), Returning: m.sel(0), End: end}
	case 4:
		q := &query.Call{Function: named(m.pick("add", "over", "raw", "sum_all", "projects_of", "stats", "wipe", "ad", "")),
			BodyType: m.pick("", "application/json", "text/plain", "text/xml"), ReadOnly: m.flip(), End: end}
		for range m.n(3) {
			q.Args = append(q.Args, m.arg())
		}
		if m.flip() {
			v := m.value()
			q.Body, q.Columns = &v, []string{m.pick("a", "b", "v", "")}
		}
		if m.flip() {
			q.Result = m.sel(0)
		}
		return q
	}
	s := m.sel(0)
	s.From = m.tableName()
	return s
}

func (m *maker) output() *query.Output {
	o := &query.Output{Star: m.n(4) == 3, Field: m.field(), Alias: m.pick("", "", "x"), Cast: m.pick("", "", "text", "int[]", "no(", "mood")}
	if m.n(3) == 2 {
		m.aggregate(o)
	}
	if m.n(9) == 8 {
		o.Field.Column, o.Args = "greeting", []query.Arg{m.arg(), m.arg()}
	}
	return o
}

func (m *maker) arg() query.Arg {
	return query.Arg{Name: m.pick("a", "b", "v", "client", "word", ""), Place: m.n(4) - 1, Value: m.value()}
}

func (m *maker) aggregate(o *query.Output) {
	o.Aggregate = query.Aggregate(m.pick("count", "sum", "avg", "min", "max", "median", "stddev", "var_pop", "bool_and"))
	o.AggregateCast = m.pick("", "text", "()")
	if o.Distinct = m.flip(); o.Aggregate == query.Count && m.flip() {
		o.More = []query.Field{m.field()}
	}
}

// nest makes an object of values, or of aggregates only.
func (m *maker) nest(aggregates bool) *query.Nest {
	n := &query.Nest{Key: "nest", Items: []query.Item{&query.Literal{Key: "t", Text: "x"}}}
	for range m.n(3) {
		o := m.output()
		if aggregates && o.Aggregate == "" {
			m.aggregate(o)
		}
		n.Items = append(n.Items, o)
	}
	if m.n(4) == 3 {
		n.Items = append(n.Items, m.nest(aggregates))
	}
	return n
}

func (m *maker) fields() (all []query.Field) {
	for range 1 + m.n(2) {
		all = append(all, m.field())
	}
	return all
}

// sel makes a Select: of rows, or now and then of groups or about rows.
func (m *maker) sel(depth int) *query.Select {
	s := m.rows(depth)
	switch m.n(6) {
	case 5:
		items := s.Items
		s.Summary, s.Items = true, []query.Item{m.nest(true)}
		if m.flip() {
			s.Items = append(s.Items, &query.Nodes{Key: "nodes", Items: items})
		}
	case 4:
		s.Group = m.fields()
		s.Items = []query.Item{m.nest(m.flip())}
		if m.flip() {
			s.Having = &query.Measure{Aggregate: query.Aggregate(m.pick("count", "sum", "max")), Fields: m.fields(), Distinct: m.flip(), Op: "gt", Value: m.value()}
		}
		if m.flip() {
			s.Order = append(s.Order, query.Order{Aggregate: query.Aggregate(m.pick("count", "sum", "min")), Field: m.field()})
		}
	case 3:
		s.Distinct = m.fields()
	}
	return s
}

func (m *maker) rows(depth int) *query.Select {
	s := &query.Select{}
	for range m.n(5) {
		if m.budget--; m.budget < 0 {
			break
		}
		if m.n(3) == 2 && depth < 8 {
			s.Items = append(s.Items, m.embed(depth))
			continue
		}
		switch m.n(8) {
		case 7:
			s.Items = append(s.Items, m.nest(false))
		case 6:
			s.Items = append(s.Items, &query.Literal{Key: "l", Text: "x"})
		default:
			s.Items = append(s.Items, m.output())
		}
	}
	if m.flip() {
		s.Where = m.expr(0)
	}
	for range m.n(3) {
		o := query.Order{Relation: m.pick("", "", "client", "project", "x"), Field: m.field()}
		for range m.n(4) {
			o.Via = append(o.Via, query.Hop{Relation: m.pick("client", "project", "task", "worker")})
		}
		if len(o.Via) > 0 && m.flip() {
			o.Aggregate = query.Aggregate(m.pick("count", "sum", "max"))
		}
		s.Order = append(s.Order, o)
	}
	if m.flip() {
		s.Page.Limit = query.Int(3)
	}
	return s
}

func (m *maker) embed(depth int) *query.Embed {
	e := &query.Embed{
		Target: m.pick("client", "project", "task", "worker", "assignment", "plan_of", "department", "agent", "client_id",
			"parent_id", "newest_task", "old_tasks", "tasks_like", "project_client_id_fkey", "nope", ""),
		Hint: m.pick("", "", "", "parent_id", "assignment", "nope"), Alias: m.pick("", "", "x"), Spread: m.flip(),
	}
	if m.flip() {
		e.Join = query.JoinInner
	}
	if m.n(5) == 4 {
		e.Args = []query.Arg{m.arg()}
	}
	if m.n(9) != 8 {
		e.Select = m.sel(depth + 1)
	}
	return e
}

func (m *maker) expr(depth int) query.Expr {
	if m.budget--; m.budget < 0 || depth > 6 {
		return query.Const(true)
	}
	switch m.n(10) {
	case 9:
		return &query.Measure{Relation: m.pick("client", "project", "task", "worker", "nope"), Where: m.expr(depth + 1), Distinct: m.flip(),
			Aggregate: query.Aggregate(m.pick("count", "sum", "max", "median")), Fields: m.fields()[:m.n(2)], Op: query.Op(m.pick("gt", "in", "is", "like")), Value: m.value()}
	case 1:
		return &query.And{Of: []query.Expr{m.expr(depth + 1), m.expr(depth + 1)}}
	case 2:
		return &query.Or{Of: []query.Expr{m.expr(depth + 1), m.expr(depth + 1)}}
	case 3:
		return &query.Not{Of: m.expr(depth + 1)}
	case 4:
		return &query.Embedded{Name: m.pick("client", "x", "project"), Null: m.flip()}
	case 5:
		return &query.Exists{Relation: m.pick("client", "project", "task", "nope"), Where: m.expr(depth + 1)}
	case 6:
		return &query.And{}
	}
	c := &query.Compare{AsText: m.n(5) == 4, Field: m.field(), Value: m.value(), Any: query.Quantifier(m.pick("", "", "any", "all")), Other: m.pick("", "", "", "id")}
	c.Op = query.Op(m.pick("eq", "neq", "like", "match", "in", "is", "fts", "cs", "cd", "ov", "sl", "adj", "isdistinct", "similar", "haskey", "haskeyany", "no"))
	return c
}
