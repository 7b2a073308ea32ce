package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
)

// comparisons reads {_gte: 0, _lt: 10} over one column.
func (p *parser) comparisons(t *Table, c *Column, v *ast.Value, in context) ([]query.Expr, bool) {
	if v.Kind != ast.ObjectValue {
		p.wrong(v.Position, "write "+c.Field+": {_eq: "+shortValue(v)+"}", "%s needs an operator", c.Field)
		return nil, false
	}
	if len(v.Children) == 0 {
		p.wrong(v.Position, "write "+c.Field+": {_is_null: false}, or take it out", "nothing is asked of %s", c.Field)
		return nil, false
	}
	var out []query.Expr
	for _, f := range v.Children {
		e, ok := p.comparison(t, c, f, in)
		if !ok {
			return nil, false
		}
		out = append(out, e)
	}
	return out, true
}

// comparison reads one operator with its value; false where there is a mistake.
func (p *parser) comparison(t *Table, c *Column, f *ast.ChildValue, in context) (query.Expr, bool) {
	if i := slices.IndexFunc(columnOps, func(o whereOp) bool { return o.name == f.Name }); i >= 0 {
		return p.columnComparison(t, c, f, columnOps[i].op)
	}
	ops := in.operators()
	i := slices.IndexFunc(ops, func(o whereOp) bool { return o.name == f.Name })
	if i < 0 {
		p.noOperator(f, slices.Concat(ops, columnOps))
		return nil, false
	}
	op := ops[i]
	if why := misused(op, c.Type); why != "" {
		p.wrong(f.Position, "take another operator, or check it in SQL: @check(postgres: \"…\")", "%s is %s, and %s %s", c.Field, c.Type, op.name, why)
		return nil, false
	}
	v, ok := p.compared(c, op, f.Value, in)
	var out query.Expr = &query.Compare{Field: query.Field{Column: c.Name}, Op: op.op, Value: v}
	if op.not {
		out = &query.Not{Of: out}
	}
	return out, ok
}

// columnComparison reads what names another column of the row: "column", or as Hasura writes it ["$", "column"] and ["column"].
func (p *parser) columnComparison(t *Table, c *Column, f *ast.ChildValue, op query.Op) (query.Expr, bool) {
	v := f.Value
	if v.Kind == ast.ListValue && len(v.Children) > 0 {
		v = v.Children[len(v.Children)-1].Value
	}
	other := p.columnNamed(t, v, f.Name)
	if other == nil {
		return nil, false
	}
	if !comparable(c.Type, other.Type) {
		p.wrong(v.Position, "compare columns of one type", "%s is %s, but %s is %s", c.Field, c.Type, other.Field, other.Type)
		return nil, false
	}
	return &query.Compare{Field: query.Field{Column: c.Name}, Op: op, Other: other.Name}, true
}

// noOperator reports a key that is none of the operators, with the one that was meant or what there is.
func (p *parser) noOperator(f *ast.ChildValue, ops []whereOp) {
	names := make([]string, len(ops))
	for i, o := range ops {
		names[i] = o.name
	}
	instead := "the operators are " + list(names[:8], "and") + ", and more in docs/schema.md"
	if n := nearest(f.Name, names); n != "" {
		instead = "write " + n
	} else if slices.Contains(names, "_"+f.Name) {
		instead = "write _" + f.Name
	}
	p.wrong(f.Position, instead, "there is no operator %s", f.Name)
}

// compared reads the value that an operator holds a column against; false where there is a mistake.
func (p *parser) compared(c *Column, op whereOp, v *ast.Value, in context) (query.Value, bool) {
	switch {
	case op.name == "_is_null":
		return p.isNull(v)
	case op.op == query.Is:
		return p.truth(v)
	case takesList(op.op):
		return p.listOperand(c, op, v, in)
	case takesText(op.op):
		return p.textOperand(op, v, in)
	}
	return p.operand(c, v, in)
}

func (p *parser) isNull(v *ast.Value) (query.Value, bool) {
	if v.Kind != ast.BooleanValue {
		p.wrong(v.Position, "write _is_null: true", "_is_null takes true or false")
		return query.Value{}, false
	}
	if v.Raw == "true" {
		return query.Text("null"), true
	}
	return query.Text("not_null"), true
}

func (p *parser) truth(v *ast.Value) (query.Value, bool) {
	word := strings.ToLower(v.Raw)
	if word != "true" && word != "false" && word != "unknown" {
		p.wrong(v.Position, "write _is: true", "_is takes true, false or \"unknown\"")
		return query.Value{}, false
	}
	return query.Text(word), true
}

// listOperand reads a list of the column's values, or for operators of jsonb of keys.
func (p *parser) listOperand(c *Column, op whereOp, v *ast.Value, in context) (query.Value, bool) {
	if claim, is := claimIn(v.Raw); is && in == inPolicy && v.Kind == ast.StringValue {
		return query.Value{Claim: claim}, true
	}
	if v.Kind != ast.ListValue {
		p.wrong(v.Position, "write "+op.name+": ["+shortValue(v)+"]", "%s takes a list", op.name)
		return query.Value{}, false
	}
	list, ok := []string{}, true
	for _, item := range v.Children {
		switch {
		case op.op == query.In:
			one, good := p.operand(c, item.Value, inCheck)
			ok = ok && good
			list = append(list, one.Text)
		case item.Value.Kind != ast.StringValue:
			p.wrong(item.Value.Position, `write "a"`, "%s takes a list of keys in quotes", op.name)
			ok = false
		default:
			list = append(list, item.Value.Raw)
		}
	}
	return query.List(list), ok
}

// textOperand reads a pattern, a key or a path: a text whatever the column's type is.
func (p *parser) textOperand(op whereOp, v *ast.Value, in context) (query.Value, bool) {
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		what, example := "a pattern", `"a%"`
		if op.on == "keys" {
			what, example = "a text", `"a"`
		}
		p.wrong(v.Position, "write "+op.name+": "+example, "%s takes %s in quotes", op.name, what)
		return query.Value{}, false
	}
	if claim, is := claimIn(v.Raw); is && in == inPolicy {
		return query.Value{Claim: claim}, true
	}
	return query.Text(v.Raw), true
}

// misused says why an operator makes no sense on a type; empty where it does.
func misused(op whereOp, t Type) string {
	t = t.Underlying()
	switch {
	case t.Base == Unknown && !t.Array:
		return ""
	case op.on == "text" && (t.Base != Text || t.Array):
		return "is for text"
	case op.on == "truth" && (t.Base != Bool || t.Array):
		return "is for Boolean"
	case op.on == "keys" && (t.Base != JSONB || t.Array):
		return "is for jsonb"
	case op.on == "many" && t.Base != JSONB && !t.Array:
		return "is for jsonb and lists"
	case t.Base == JSON && !t.Array && op.op != query.Is:
		return "can't compare json; jsonb can be compared"
	}
	return ""
}

// operand reads a constant of a column's type or, in a policy, a claim: a string that begins with X-Hasura-.
func (p *parser) operand(c *Column, v *ast.Value, in context) (query.Value, bool) {
	switch v.Kind {
	case ast.NullValue:
		p.wrong(v.Position, "write _is_null: true", "nothing is equal to null")
		return query.Value{}, false
	case ast.ListValue, ast.ObjectValue, ast.Variable:
		p.wrong(v.Position, "write "+exampleLiteral(c.Type), "%s is no value of type %s", shortValue(v), c.Type)
		return query.Value{}, false
	}
	if claim, is := claimIn(v.Raw); is {
		if in == inPolicy {
			return query.Value{Claim: claim}, true
		}
		p.wrong(v.Position, "compare with a constant; who asks is for @allow", "this condition doesn't know who asks")
		return query.Value{}, false
	}
	if why := checkLiteral(v.Raw, c.Type); why != "" {
		p.wrong(v.Position, "write "+exampleLiteral(c.Type), "%s for %s %s", shortValue(v), c.Field, why)
		return query.Value{}, false
	}
	return query.Text(v.Raw), true
}
