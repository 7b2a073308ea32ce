package migrate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// typeWords are names of types that need no quotes and must not have any.
var typeWords = regexp.MustCompile(`^[a-z_][a-z0-9_ ]*$|^"char"$|^"bit"$`)

var plainNumber = regexp.MustCompile(`^-?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$`)

// condition writes a where expression as SQL for a definition: a check or an index's predicate. Values stand in it as
// quoted literals. An error says what the engine can't do.
func condition(e query.Expr, t *schema.Table, engine Engine, s *schema.Schema) (string, error) {
	c := &conditionWriter{t: t, engine: engine, pg: &pgWriter{s: s}}
	sql := c.expr(e)
	return sql, c.err
}

type conditionWriter struct {
	t      *schema.Table
	engine Engine
	pg     *pgWriter
	err    error
}

func (c *conditionWriter) fail(format string, args ...any) string {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	return "NULL"
}

func (c *conditionWriter) expr(e query.Expr) string {
	switch e := e.(type) {
	case *query.And:
		return c.join(e.Of, " AND ", "true")
	case *query.Or:
		return c.join(e.Of, " OR ", "false")
	case *query.Not:
		return "NOT (" + c.expr(e.Of) + ")"
	case query.Const:
		if e {
			return c.constant("true")
		}
		return c.constant("false")
	case *query.Compare:
		return c.compare(e)
	}
	return c.fail("a definition can't look at other tables")
}

func (c *conditionWriter) constant(s string) string {
	if c.engine == SQLite {
		return map[string]string{"true": "1", "false": "0"}[s]
	}
	return s
}

func (c *conditionWriter) join(of []query.Expr, sep, empty string) string {
	if len(of) == 0 {
		return c.constant(empty)
	}
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = "(" + c.expr(e) + ")"
	}
	return strings.Join(parts, sep)
}

var comparison = map[query.Op]string{query.Eq: "=", query.Neq: "<>", query.Gt: ">", query.Gte: ">=", query.Lt: "<", query.Lte: "<="}

func (c *conditionWriter) compare(e *query.Compare) string {
	col, ok := c.t.Column(e.Field.Column)
	if !ok {
		return c.fail("there is no column %q", e.Field.Column)
	}
	left, typ := identifier(col.Name), col.Type
	for _, step := range e.Field.Path {
		arrow, key := " -> ", literal(step.Key)
		typ = schema.Type{Base: schema.JSONB, Name: "jsonb"}
		if step.Text {
			arrow, typ = " ->> ", schema.Type{Base: schema.Text, Name: "text"}
		}
		if _, err := strconv.Atoi(step.Key); err == nil && step.Index && !step.Quoted {
			key = step.Key
		}
		left += arrow + key
	}
	if len(e.Field.Path) > 0 {
		left = "(" + left + ")"
	}
	if e.Op == query.Is {
		return c.is(left, e.Value.Text)
	}
	if e.Other != "" {
		other, ok := c.t.Column(e.Other)
		op, known := comparison[e.Op]
		if !ok || !known {
			return c.fail("columns %q and %q can't be compared so", e.Field.Column, e.Other)
		}
		return c.ranked(left, typ, e.Op) + " " + op + " " + c.ranked(identifier(other.Name), other.Type, e.Op)
	}
	of := func(text string) string { return c.literal(typ, col, text) }
	if c.engine == SQLite && typ.Enum != nil && !typ.Array && isOrdered(e.Op) {
		left = c.ranked(left, typ, e.Op)
		of = func(text string) string { return rank(typ.Enum, text) }
	}
	switch e.Op {
	case query.In:
		if len(e.Value.List) == 0 {
			return c.constant("false")
		}
		items := make([]string, len(e.Value.List))
		for i, v := range e.Value.List {
			items[i] = of(v)
		}
		return left + " IN (" + strings.Join(items, ", ") + ")"
	case query.IsDistinct:
		if c.engine == SQLite {
			return left + " IS NOT " + of(e.Value.Text)
		}
		return left + " IS DISTINCT FROM " + of(e.Value.Text)
	case query.Like, query.ILike, query.Match, query.IMatch:
		return c.pattern(left, e.Op, e.Value.Text)
	}
	if op, ok := comparison[e.Op]; ok {
		if e.Any != query.One {
			return c.quantified(left, op, e, of)
		}
		return left + " " + op + " " + of(e.Value.Text)
	}
	if op, ok := map[query.Op]string{query.Contains: "@>", query.Contained: "<@", query.Overlaps: "&&", query.StrictLeft: "<<",
		query.StrictRight: ">>", query.NotRight: "&<", query.NotLeft: "&>", query.Adjacent: "-|-"}[e.Op]; ok && c.engine == Postgres {
		return left + " " + op + " " + of(e.Value.Text)
	}
	return c.fail("the operator %q can't stand in a definition here", e.Op)
}

func isOrdered(op query.Op) bool {
	return op == query.Gt || op == query.Gte || op == query.Lt || op == query.Lte
}

// quantified writes any and all of a list as or and and.
func (c *conditionWriter) quantified(left, op string, e *query.Compare, of func(string) string) string {
	sep, empty := " OR ", "false"
	if e.Any == query.All {
		sep, empty = " AND ", "true"
	}
	if len(e.Value.List) == 0 {
		return c.constant(empty)
	}
	parts := make([]string, len(e.Value.List))
	for i, v := range e.Value.List {
		parts[i] = left + " " + op + " " + of(v)
	}
	return "(" + strings.Join(parts, sep) + ")"
}

func (c *conditionWriter) is(left, what string) string {
	switch strings.ToLower(what) {
	case "null":
		return left + " IS NULL"
	case "not_null":
		return left + " IS NOT NULL"
	case "true":
		return left + " IS TRUE"
	case "false":
		return left + " IS FALSE"
	case "unknown":
		return left + " IS NULL"
	}
	return c.fail("is takes null, not_null, true, false or unknown")
}

// pattern writes LIKE and regular expressions. SQLite's LIKE folds case, its GLOB doesn't.
func (c *conditionWriter) pattern(left string, op query.Op, text string) string {
	if c.engine == Postgres {
		return left + " " + map[query.Op]string{query.Like: "LIKE", query.ILike: "ILIKE", query.Match: "~", query.IMatch: "~*"}[op] + " " + literal(text)
	}
	switch op {
	case query.Like:
		return left + " GLOB " + literal(glob(text))
	case query.ILike:
		return left + " LIKE " + literal(text) + ` ESCAPE '\'`
	}
	return c.fail("SQLite has no regular expressions in definitions")
}

// glob turns a pattern of LIKE into one of GLOB.
func glob(like string) string {
	var b strings.Builder
	plain := func(r rune) {
		if strings.ContainsRune("*?[", r) {
			b.WriteString("[" + string(r) + "]")
			return
		}
		b.WriteRune(r)
	}
	escaped := false
	for _, r := range like {
		switch {
		case escaped:
			plain(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			b.WriteByte('*')
		case r == '_':
			b.WriteByte('?')
		default:
			plain(r)
		}
	}
	return b.String()
}

// ranked makes an enum comparable by its declaration's order on SQLite, where its labels are texts.
func (c *conditionWriter) ranked(left string, t schema.Type, op query.Op) string {
	if c.engine != SQLite || t.Enum == nil || t.Array || !isOrdered(op) {
		return left
	}
	sql := "CASE " + left
	for i, v := range t.Enum.Values {
		sql += " WHEN " + literal(v.Value) + " THEN " + strconv.Itoa(i)
	}
	return sql + " END"
}

func rank(e *schema.Enum, label string) string {
	for i, v := range e.Values {
		if v.Value == label {
			return strconv.Itoa(i)
		}
	}
	return "NULL"
}

// literal writes a value of a column's type.
func (c *conditionWriter) literal(t schema.Type, col *schema.Column, text string) string {
	if c.engine == Postgres {
		if _, err := value.Parse(t, text); err != nil {
			return c.fail("%v", err)
		}
		t.Modifier = ""
		return literal(text) + "::" + c.pg.typeName(t)
	}
	t.Modifier = "" // what is compared with is not rounded to what the column holds
	sql, err := liteLiteral(t, col.Storage, text)
	if err != nil {
		return c.fail("%v", err)
	}
	return sql
}

// liteLiteral writes a value as SQLite stores it.
func liteLiteral(t schema.Type, how schema.Storage, text string) (string, error) {
	if how != schema.OwnStorage {
		t.Modifier = "" // a foreign column's value stands there as it was written
	}
	v, err := value.Parse(t, text)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		if plainNumber.MatchString(text) {
			return text, nil
		}
		return literal(text), nil
	case []byte:
		return fmt.Sprintf("X'%X'", v), nil
	case []any:
		return literal(string(value.AppendJSON(nil, t, v, nil))), nil
	case string:
		switch {
		case t.Base == schema.JSONB && how == schema.OwnStorage && !t.Array:
			return "jsonb(" + literal(v) + ")", nil
		case t.Base == schema.Numeric && (how == schema.StoreReal || how == schema.StoreInteger || how == schema.StoreNative):
			return v, nil
		case how != schema.OwnStorage:
			return literal(text), nil
		}
		return literal(v), nil
	}
	return "", fmt.Errorf("no literal for %T", v)
}
