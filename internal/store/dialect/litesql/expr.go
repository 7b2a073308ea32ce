package litesql

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// expr is an expression of SQL's three-valued logic about a row of the occurrence at.
func (c *compiler) expr(e plan.Expr, at int) string {
	switch e := e.(type) {
	case *plan.And:
		return c.exprs(e.Of, at, " AND ", "1")
	case *plan.Or:
		return c.exprs(e.Of, at, " OR ", "0")
	case *plan.Not:
		return "NOT (" + c.expr(e.Of, at) + ")"
	case plan.Const:
		if e {
			return "1"
		}
		return "0"
	case *plan.Compare:
		return c.compare(e)
	case *plan.Exists:
		return c.related(e.Relation, e.Select, at, false)
	case *plan.Embedded:
		sql := c.related(e.Embed.Relation, e.Embed.Select, at, false)
		if e.Null {
			return "NOT " + sql
		}
		return sql
	}
	panic("litesql: unknown kind of expression")
}

func (c *compiler) exprs(of []plan.Expr, at int, sep, none string) string {
	if len(of) == 0 {
		return none
	}
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = c.expr(e, at)
	}
	return "(" + join(parts, sep) + ")"
}

var sqlOps = map[query.Op]string{
	query.Eq: "=", query.Neq: "<>", query.Gt: ">", query.Gte: ">=", query.Lt: "<", query.Lte: "<=", query.IsDistinct: "IS NOT",
}

func (c *compiler) compare(e *plan.Compare) string {
	switch e.Op {
	case query.Is:
		return c.is(e)
	case query.Like, query.ILike, query.Match, query.IMatch:
		return "pt_match(" + c.bind(Bind{As: Matcher, Arg: e.Arg, Op: e.Op, Any: e.Any}) + ", " + c.text(&e.Left) + ")"
	case query.Contains, query.Contained, query.Overlaps:
		if b := base(e.Left.Type); !e.Left.Type.Array && b != schema.JSONB {
			return c.fail(notYet("operators on ranges"))
		}
		return "pt_test(" + c.bind(Bind{As: Tester, Arg: e.Arg, Op: e.Op, Type: e.Left.Type}) + ", " + c.operand(&e.Left) + ")"
	case query.FTS, query.PLFTS, query.PHFTS, query.WFTS:
		return c.fail(notYet("full-text operators"))
	case query.StrictLeft, query.StrictRight, query.NotLeft, query.NotRight, query.Adjacent:
		return c.fail(notYet("operators on ranges"))
	}
	ordered := e.Op == query.Gt || e.Op == query.Gte || e.Op == query.Lt || e.Op == query.Lte
	x := c.compared(&e.Left, ordered)
	if e.Op == query.In || e.Op == query.Eq && e.Any == query.Any {
		list := c.list(x, e.Arg)
		if base(x.typ) == schema.Bytea && !x.typ.Array {
			x.sql = hexed(x.sql)
		}
		return x.sql + x.collate + " IN (SELECT value FROM json_each(" + list + "))"
	}
	op, ok := sqlOps[e.Op]
	if !ok {
		panic("litesql: unknown operator " + string(e.Op))
	}
	if e.Other != nil {
		y := c.compared(e.Other, ordered)
		return x.sql + x.collate + " " + op + " " + y.sql
	}
	if e.Any != query.One {
		return c.quantified(e, x, op)
	}
	return x.sql + x.collate + " " + op + " " + c.value(x, e.Arg)
}

// hexed is how byte strings are held against a list of them, which JSON can't carry. hex itself makes ” of null.
func hexed(sql string) string { return "CASE WHEN " + sql + " IS NOT NULL THEN hex(" + sql + ") END" }

// quantified holds x against each of a list. Where x is null and the list is not empty, nothing is known.
func (c *compiler) quantified(e *plan.Compare, x comparable, op string) string {
	list := c.list(x, e.Arg)
	if base(x.typ) == schema.Bytea && !x.typ.Array {
		x.sql = hexed(x.sql)
	}
	var found string
	if e.Any == query.Any {
		found = "EXISTS (SELECT 1 FROM json_each(" + list + ") AS v WHERE " + x.sql + x.collate + " " + op + " v.value)"
	} else {
		found = "NOT EXISTS (SELECT 1 FROM json_each(" + list + ") AS v WHERE NOT (" + x.sql + x.collate + " " + op + " v.value))"
	}
	return "CASE WHEN " + x.sql + " IS NULL AND json_array_length(" + list + ") > 0 THEN NULL ELSE " + found + " END"
}

// is tells null, not_null, true, false and unknown.
func (c *compiler) is(e *plan.Compare) string {
	switch e.Is {
	case "null":
		return c.operand(&e.Left) + " IS NULL"
	case "not_null":
		return c.operand(&e.Left) + " IS NOT NULL"
	}
	x := c.compared(&e.Left, false)
	switch e.Is {
	case "true":
		return x.sql + " IS TRUE"
	case "false":
		return x.sql + " IS FALSE"
	case "unknown":
		return x.sql + " IS NULL"
	}
	panic("litesql: unknown operand of is: " + e.Is)
}
