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
	case *plan.Measure:
		return c.measure(e, at)
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
	left := c.expression(&e.Left)
	if e.AsText {
		left = c.asText(left)
	}
	if e.Other != nil {
		ordered := isOrdering(e.Op)
		x, y := c.compared(left, ordered), c.compared(c.expression(e.Other), ordered)
		return x.sql + x.collate + " " + operator(e.Op) + " " + y.sql
	}
	return c.held(left, test{op: e.Op, any: e.Any, arg: e.Arg, is: e.Is})
}

// measure holds an aggregate of related rows, or of the group, against an argument.
func (c *compiler) measure(e *plan.Measure, at int) string {
	sql, form := c.aggregated(e.Aggregate, e.Distinct, e.Values, nil)
	if e.Relation != nil {
		from, on := c.ties(e.Relation, e.Select, at)
		where := append([]string{on}, c.conditions(e.Select)...)
		sql = "(SELECT " + sql + " FROM " + from + " WHERE " + join(where, " AND ") + ")"
	}
	return c.held(expression{sql: sql, typ: form.Type, storage: form.Storage}, test{op: e.Op, any: e.Any, arg: e.Arg, is: e.Is})
}

// A test holds an expression against an argument, or says what it is (null, true, …).
type test struct {
	op  query.Op
	any query.Quantifier
	arg int
	is  string
}

// isLtree says whether a type is the extension's of labels.
func isLtree(t schema.Type) bool {
	t = t.Underlying()
	return t.Name == "ltree" && t.Base == schema.Unknown && !t.Array
}

func isOrdering(op query.Op) bool {
	return op == query.Gt || op == query.Gte || op == query.Lt || op == query.Lte
}

func operator(op query.Op) string {
	sql, ok := sqlOps[op]
	if !ok {
		panic("litesql: unknown operator " + string(op))
	}
	return sql
}

func (c *compiler) held(left expression, t test) string {
	if t.op == query.Labelled || t.op == query.Match && isLtree(left.typ) { // an lquery is no regular expression
		return c.fail(notYet("operators of ltree"))
	}
	switch t.op {
	case query.Is:
		return c.is(left, t.is)
	case query.Like, query.ILike, query.Match, query.IMatch, query.Similar:
		return "pt_match(" + c.bind(Bind{As: Matcher, Arg: t.arg, Op: t.op, Any: t.any}) + ", " + c.text(left) + ")"
	case query.HasKey, query.HasKeysAny, query.HasKeysAll:
		return "pt_test(" + c.bind(Bind{As: Tester, Arg: t.arg, Op: t.op, Type: left.typ}) + ", " + left.sql + ")"
	case query.Contains, query.Contained, query.Overlaps:
		if b := left.typ.Kind(); !left.typ.Array && b != schema.JSONB {
			return c.fail(notYet("operators on ranges"))
		}
		return "pt_test(" + c.bind(Bind{As: Tester, Arg: t.arg, Op: t.op, Type: left.typ}) + ", " + left.sql + ")"
	case query.FTS, query.PLFTS, query.PHFTS, query.WFTS:
		return c.fail(notYet("full-text operators"))
	case query.StrictLeft, query.StrictRight, query.NotLeft, query.NotRight, query.Adjacent:
		return c.fail(notYet("operators on ranges"))
	case query.PathExists, query.PathMatch:
		return c.fail(notYet("SQL/JSON paths"))
	}
	x := c.compared(left, isOrdering(t.op))
	if t.op == query.In || t.op == query.Eq && t.any == query.Any {
		list := c.list(x, t.arg)
		if x.typ.Kind() == schema.Bytea && !x.typ.Array {
			x.sql = hexed(x.sql)
		}
		return x.sql + x.collate + " IN (SELECT value FROM json_each(" + list + "))"
	}
	if t.any != query.One {
		return c.quantified(t, x)
	}
	return x.sql + x.collate + " " + operator(t.op) + " " + c.value(x, t.arg)
}

// hexed is how byte strings are held against a list of them, which JSON can't carry. hex itself makes ” of null.
func hexed(sql string) string { return "CASE WHEN " + sql + " IS NOT NULL THEN hex(" + sql + ") END" }

// quantified holds x against each of a list. Where x is null and the list is not empty, nothing is known.
func (c *compiler) quantified(t test, x comparable) string {
	op, list := operator(t.op), c.list(x, t.arg)
	if x.typ.Kind() == schema.Bytea && !x.typ.Array {
		x.sql = hexed(x.sql)
	}
	var found string
	if t.any == query.Any {
		found = "EXISTS (SELECT 1 FROM json_each(" + list + ") AS v WHERE " + x.sql + x.collate + " " + op + " v.value)"
	} else {
		found = "NOT EXISTS (SELECT 1 FROM json_each(" + list + ") AS v WHERE NOT (" + x.sql + x.collate + " " + op + " v.value))"
	}
	return "CASE WHEN " + x.sql + " IS NULL AND json_array_length(" + list + ") > 0 THEN NULL ELSE " + found + " END"
}

// is tells null, not_null, true, false and unknown.
func (c *compiler) is(left expression, what string) string {
	switch what {
	case "null":
		return left.sql + " IS NULL"
	case "not_null":
		return left.sql + " IS NOT NULL"
	}
	x := c.compared(left, false)
	switch what {
	case "true":
		return x.sql + " IS TRUE"
	case "false":
		return x.sql + " IS FALSE"
	case "unknown":
		return x.sql + " IS NULL"
	}
	panic("litesql: unknown operand of is: " + what)
}
