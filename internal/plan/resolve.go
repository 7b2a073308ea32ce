package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// embedDepthMax is how deep embeds nest where Options don't say (design, "Limits").
const embedDepthMax = 5

// Resolve plans q, which went through query.Parameterize, against s. Faults are those of names that aren't there
// (PGRST2xx, 42703), of what may not be combined, and of limits. The order in which faults are looked for is
// PostgREST's: tables, relations, related orders, aggregates, and columns at the end.
func Resolve(q query.Query, s *schema.Schema, o Options) (*Plan, error) {
	if o.EmbedDepthMax == 0 {
		o.EmbedDepthMax = embedDepthMax
	}
	r := &resolver{schema: s, options: o, plan: &Plan{}}
	if err := r.query(q); err != nil {
		return nil, err
	}
	r.finish(r.plan)
	return r.plan, nil
}

// finish gives a plan what is known once all of it is resolved.
func (r *resolver) finish(p *Plan) {
	slices.Sort(r.claims)
	p.Facts = facts(p, slices.Compact(r.claims))
	p.Params = r.params
	for _, step := range p.Steps {
		step.Params = r.params
	}
}

// A resolver makes one plan.
type resolver struct {
	schema  *schema.Schema
	options Options
	plan    *Plan
	aliases int    // occurrences numbered so far
	in      string // PostgreSQL schema that the request is about
	claims  []string
	params  []Param
}

func (r *resolver) query(q query.Query) error {
	switch q := q.(type) {
	case *query.Select:
		return r.read(q)
	case *query.Insert:
		return r.insert(q)
	case *query.Update:
		return r.update(q)
	case *query.Delete:
		return r.delete(q)
	case *query.Call:
		return r.call(q)
	case *query.Sequence:
		return r.sequence(q)
	}
	return fault.New(fault.Internal, "plan: unknown kind of query")
}

// sequence resolves each member to a plan of its own; occurrences are numbered through, and they share the arguments.
func (r *resolver) sequence(q *query.Sequence) error {
	whole := r.plan
	whole.Op, whole.End.Rollback = Sequence, q.Rollback
	for _, of := range q.Of {
		if _, ok := of.(*query.Sequence); ok {
			return fault.New(fault.Internal, "plan: a sequence in a sequence")
		}
		r.plan = &Plan{}
		if err := r.query(of); err != nil {
			return err
		}
		r.plan.Facts = facts(r.plan, nil)
		whole.Steps = append(whole.Steps, r.plan)
	}
	r.plan = whole
	return nil
}

func (r *resolver) read(q *query.Select) error {
	t, err := r.table(q.From)
	if err != nil {
		return err
	}
	r.plan.Op = Read
	r.plan.Rows, err = r.rows(q, &node{source: Source{Table: t}, row: tableRow(t), label: t.Name.Name})
	return err
}

// rows resolves the outermost Select; root says where its rows come from.
func (r *resolver) rows(q *query.Select, root *node) (*Select, error) {
	root.query = q
	root.alias = r.alias()
	if err := r.grow(root); err != nil {
		return nil, err
	}
	if err := r.checkOrders(root); err != nil {
		return nil, err
	}
	if err := r.checkAggregates(root); err != nil {
		return nil, err
	}
	if err := r.handler(root); err != nil {
		return nil, err
	}
	return root.out, r.fill(root)
}

// handler finds the aggregate that writes the rows in the media type that is asked for, where the function doesn't do so itself. One of
// a table takes its rows as they are, so that nothing else may be selected.
func (r *resolver) handler(root *node) error {
	media := root.query.Form.Media
	if f := root.source.Called; media == "" || f != nil && writesItself(f, media) {
		return nil
	}
	of := root.row.table
	if !root.query.Whole() {
		of = nil
	}
	if root.out.Handler = r.schema.Handler(of, media); root.out.Handler == nil { // of another overload, or the schema changed
		return fault.New(fault.BadMediaType, "None of these media types are available: "+media)
	}
	return nil
}

// Table finds an exposed table or view of s; its fault suggests another name.
func Table(n schema.Name, s *schema.Schema) (*schema.Table, error) {
	return (&resolver{schema: s}).table(n)
}

// table finds an exposed table or view.
func (r *resolver) table(n schema.Name) (*schema.Table, error) {
	r.in = r.schemaOf(n)
	t, ok := r.schema.TableNamed(n)
	if !ok || !r.exposed(t.Name) {
		return nil, r.noTable(n)
	}
	return t, nil
}

// schemaOf gives the PostgreSQL schema of a name, also where it is the default one.
func (r *resolver) schemaOf(n schema.Name) string {
	if n.Schema == "" {
		return r.schema.Default
	}
	return n.Schema
}

// exposed says whether a name's schema is served. A Schema made by hand without Exposed serves its default one.
func (r *resolver) exposed(n schema.Name) bool {
	in := r.schemaOf(n)
	return in == r.schema.Default && len(r.schema.Exposed) == 0 || slices.Contains(r.schema.Exposed, in)
}

// alias numbers one more occurrence of a table.
func (r *resolver) alias() int {
	r.aliases++
	return r.aliases - 1
}

// arg says what the plan knows of v, and gives its place.
func (r *resolver) arg(v *query.Value, p Param) int {
	if v.Claim != "" {
		r.claims = append(r.claims, v.Claim)
	}
	return r.place(v.Arg, p)
}

func (r *resolver) place(i int, p Param) int {
	for len(r.params) <= i {
		r.params = append(r.params, Param{})
	}
	r.params[i] = p
	return i
}
