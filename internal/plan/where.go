package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// expr resolves a filter on the rows of n.
func (r *resolver) expr(n *node, e query.Expr) (Expr, error) {
	switch e := e.(type) {
	case nil:
		return nil, nil
	case *query.And:
		of, err := r.exprs(n, e.Of)
		return &And{Of: of}, err
	case *query.Or:
		of, err := r.exprs(n, e.Of)
		return &Or{Of: of}, err
	case *query.Not:
		of, err := r.expr(n, e.Of)
		return &Not{Of: of}, err
	case query.Const:
		return Const(e), nil
	case *query.Compare:
		return r.compare(n, e)
	case *query.Embedded:
		c := n.child(e.Name)
		if c == nil {
			return nil, notEmbedded(e.Name)
		}
		return &Embedded{Embed: c.made, Null: e.Null}, nil
	case *query.Exists:
		return r.exists(n, e)
	case *query.Measure:
		return r.measure(n, e)
	}
	return nil, fault.New(fault.Internal, "plan: unknown kind of expression")
}

func (r *resolver) exprs(n *node, of []query.Expr) ([]Expr, error) {
	all := make([]Expr, 0, len(of))
	for _, e := range of {
		x, err := r.expr(n, e)
		if err != nil {
			return nil, err
		}
		if x != nil {
			all = append(all, x)
		}
	}
	return all, nil
}

func (r *resolver) exists(n *node, e *query.Exists) (Expr, error) {
	rel, err := r.relation(n.row, e.Relation, e.Hint)
	if err != nil {
		return nil, err
	}
	in := r.related(n, rel)
	if in.out.Where, err = r.expr(in, e.Where); err != nil {
		return nil, err
	}
	return &Exists{Relation: rel, Select: in.out}, nil
}

// measure resolves a condition on an aggregate: of related rows, or without a relation of the group.
func (r *resolver) measure(n *node, q *query.Measure) (Expr, error) {
	m := &Measure{Aggregate: q.Aggregate, Distinct: q.Distinct, Op: q.Op, Any: q.Any}
	in := n
	if q.Relation != "" {
		rel, err := r.relation(n.row, q.Relation, q.Hint)
		if err != nil {
			return nil, err
		}
		in = r.related(n, rel)
		if in.out.Where, err = r.expr(in, q.Where); err != nil {
			return nil, err
		}
		m.Relation, m.Select = rel, in.out
	} else if !n.inHaving {
		return nil, fault.New(fault.Internal, "plan: a condition on an aggregate of the rows themselves")
	}
	var err error
	if m.Values, err = r.fields(in, q.Fields); err != nil {
		return nil, err
	}
	m.Type = typeBigint
	if len(m.Values) > 0 {
		if m.Type, err = aggregated(q.Aggregate, m.Values[0].Type); err != nil {
			return nil, err
		}
	}
	c := &query.Compare{Op: q.Op, Any: q.Any, Value: q.Value}
	if err := allowed(c, m.Type); err != nil {
		return nil, err
	}
	if q.Op == query.Is {
		m.Is = q.Value.Text
	} else {
		m.Arg = r.arg(&q.Value, param(c, m.Type))
	}
	return m, nil
}

// having resolves a condition on groups: what it compares must have one value in each.
func (r *resolver) having(n *node) (Expr, error) {
	if n.query.Having == nil {
		return nil, nil
	}
	n.inHaving = true
	defer func() { n.inHaving = false }()
	return r.expr(n, n.query.Having)
}

func (r *resolver) compare(n *node, q *query.Compare) (Expr, error) {
	left, err := r.field(n, &q.Field)
	if err != nil {
		return nil, err
	}
	if n.inHaving && !n.groupedBy(left) {
		return nil, ungrouped(n, Order{Value: left})
	}
	c := &Compare{Left: left, Op: q.Op, Any: q.Any, Lang: q.Lang, AsText: q.AsText}
	of := left.Type
	if q.AsText {
		of = typeText
	}
	if err := allowed(q, of); err != nil {
		return nil, err
	}
	switch {
	case q.Op == query.Is:
		c.Is = q.Value.Text
	case q.Other != "":
		other, err := r.field(n, &query.Field{Column: q.Other})
		if err != nil {
			return nil, err
		}
		c.Other = &other
	default:
		c.Arg = r.arg(&q.Value, param(q, of))
	}
	return c, nil
}

// param says how the value of a comparison with an operand of type t is read.
func param(q *query.Compare, t schema.Type) Param {
	switch q.Op {
	case query.Like, query.ILike, query.Match, query.IMatch, query.FTS, query.PLFTS, query.PHFTS, query.WFTS:
		if q.Any != query.One {
			return Param{Use: Items, Type: typeText}
		}
		return Param{Use: Pattern, Type: typeText}
	case query.Similar, query.PathExists, query.PathMatch, query.HasKey, query.Labelled:
		return Param{Use: Pattern, Type: typeText}
	case query.HasKeysAny, query.HasKeysAll:
		return Param{Use: Items, Type: typeText}
	case query.In:
		return Param{Use: Items, Type: t}
	case query.Contains, query.Contained, query.Overlaps,
		query.StrictLeft, query.StrictRight, query.NotLeft, query.NotRight, query.Adjacent:
		if p := t.Underlying(); q.Any == query.One && (p.Array || p.Base == schema.Unknown) {
			return Param{Use: Array, Type: t}
		}
	}
	if q.Any != query.One {
		return Param{Use: Items, Type: t}
	}
	return Param{Use: Literal, Type: t}
}

// symbols are PostgreSQL's operators, for its messages.
var symbols = map[query.Op]string{
	query.Eq: "=", query.Neq: "<>", query.Gt: ">", query.Gte: ">=", query.Lt: "<", query.Lte: "<=",
	query.Like: "~~", query.ILike: "~~*", query.Match: "~", query.IMatch: "~*", query.In: "=", query.IsDistinct: "=",
	query.Contains: "@>", query.Contained: "<@", query.Overlaps: "&&", query.StrictLeft: "<<", query.StrictRight: ">>",
	query.NotRight: "&<", query.NotLeft: "&>", query.Adjacent: "-|-",
	query.Similar: "~", query.HasKey: "?", query.HasKeysAny: "?|", query.HasKeysAll: "?&", query.PathExists: "@?", query.PathMatch: "@@",
	query.Labelled: "@",
}

// allowed refuses an operator that PostgreSQL doesn't have for a type, with its message, so that both engines
// answer alike. Of a type that Pintail only passes through, PostgreSQL decides, but only among the operators that there are.
func allowed(q *query.Compare, t schema.Type) error {
	if !q.Op.Valid() {
		return fault.Newf(fault.BadQueryString, "\"%s\" is not an operator", string(q.Op)).WithStatus(400)
	}
	base := t.Underlying()
	if base.Base == schema.Unknown && !base.Array {
		return nil
	}
	is := func(bases ...schema.Base) bool { return !base.Array && slices.Contains(bases, base.Base) }
	switch q.Op {
	case query.Is:
		if q.Value.Text != "null" && q.Value.Text != "not_null" && !is(schema.Bool) {
			return fault.Newf(fault.DatatypeMismatch, "argument of IS %s must be type boolean, not type %s",
				map[string]string{"true": "TRUE", "false": "FALSE", "unknown": "UNKNOWN"}[q.Value.Text], display(t)).WithStatus(400)
		}
		return nil
	case query.FTS, query.PLFTS, query.PHFTS, query.WFTS:
		if !is(schema.Text, schema.JSON, schema.JSONB) {
			arg := display(t)
			if q.Lang != "" {
				arg = "unknown, " + arg
			}
			return fault.Newf(fault.UndefinedFunction, "function to_tsvector(%s) does not exist", arg).WithStatus(404).
				WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
		}
		return nil
	case query.Eq, query.Neq, query.Gt, query.Gte, query.Lt, query.Lte, query.In, query.IsDistinct:
		if !is(schema.JSON) {
			return nil
		}
	case query.Like:
		if is(schema.Text, schema.Bytea) {
			return nil
		}
	case query.ILike, query.Match, query.IMatch, query.Similar:
		if is(schema.Text) {
			return nil
		}
	case query.HasKey, query.HasKeysAny, query.HasKeysAll, query.PathExists, query.PathMatch:
		if is(schema.JSONB) {
			return nil
		}
	case query.Contains, query.Contained:
		if base.Array || is(schema.JSONB) {
			return nil
		}
	case query.Overlaps:
		if base.Array {
			return nil
		}
	}
	return fault.Newf(fault.UndefinedFunction, "operator does not exist: %s %s unknown", display(t), symbols[q.Op]).WithStatus(404).
		WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}
