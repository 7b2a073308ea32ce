package schema

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// Expressible says whether an expression over t can stand in the file as a where object.
func Expressible(t *Table, e query.Expr) bool {
	switch e := e.(type) {
	case *query.And:
		return !slices.ContainsFunc(e.Of, func(x query.Expr) bool { return !Expressible(t, x) })
	case *query.Or:
		return !slices.ContainsFunc(e.Of, func(x query.Expr) bool { return !Expressible(t, x) })
	case *query.Not:
		return Expressible(t, e.Of)
	case query.Const:
		return true
	case *query.Compare:
		c, ok := t.Column(e.Field.Column)
		if !ok || len(e.Field.Path) > 0 || e.Any != query.One || e.Lang != "" || e.Value.Null {
			return false
		}
		ops := whereOps
		if e.Other != "" {
			if _, ok := t.Column(e.Other); !ok {
				return false
			}
			ops = columnOps
		}
		i := slices.IndexFunc(ops, func(o whereOp) bool { return o.op == e.Op && !o.not })
		if i < 0 || misused(ops[i], c.Type) != "" || e.Op == query.In != e.Value.IsList {
			return false
		}
		if e.Other != "" || e.Op == query.Is || ops[i].on == "text" {
			return true
		}
		for _, text := range append(slices.Clone(e.Value.List), e.Value.Text) {
			if (text != "" || !e.Value.IsList) && checkLiteral(text, c.Type) != "" {
				return false
			}
		}
		return true
	case *query.Exists:
		i := slices.IndexFunc(t.Relations, func(r *Relation) bool { return r.Name == e.Relation })
		return e.Hint == "" && i >= 0 && Expressible(t.Relations[i].To, e.Where)
	}
	return false
}

// where writes an expression as a where object.
func (w *printer) where(t *Table, e query.Expr) string {
	if and, ok := e.(*query.And); ok && len(and.Of) > 1 {
		if flat, ok := w.flat(t, and.Of); ok {
			return flat
		}
	}
	return "{" + w.term(t, e) + "}"
}

// flat writes terms over different columns as one object, and terms that follow each other over one column as one key.
func (w *printer) flat(t *Table, of []query.Expr) (string, bool) {
	var keys []string
	var inside []args
	for _, e := range of {
		key, op, ok := w.comparison(t, e)
		if !ok {
			return "", false
		}
		name, _, _ := strings.Cut(op, ":")
		i := slices.Index(keys, key)
		switch {
		case i < 0:
			keys, inside = append(keys, key), append(inside, args{op})
		case i == len(keys)-1 && !slices.ContainsFunc(inside[i], func(o string) bool { return strings.HasPrefix(o, name+":") }):
			inside[i] = append(inside[i], op)
		default:
			return "", false
		}
	}
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k + ": {" + strings.Join(inside[i], ", ") + "}"
	}
	return "{" + strings.Join(parts, ", ") + "}", true
}

// term writes one key of a where object.
func (w *printer) term(t *Table, e query.Expr) string {
	if key, op, ok := w.comparison(t, e); ok {
		return key + ": {" + op + "}"
	}
	list := func(name string, of []query.Expr) string {
		parts := make([]string, len(of))
		for i, x := range of {
			parts[i] = w.where(t, x)
		}
		return name + ": [" + strings.Join(parts, ", ") + "]"
	}
	switch e := e.(type) {
	case *query.And:
		return list("_and", e.Of)
	case *query.Or:
		return list("_or", e.Of)
	case *query.Not:
		return "_not: " + w.where(t, e.Of)
	case query.Const:
		if e {
			return ""
		}
		return "_or: []"
	case *query.Exists:
		for _, r := range t.Relations {
			if r.Name == e.Relation {
				return r.Name + ": " + w.where(r.To, e.Where)
			}
		}
	}
	panic("schema: an expression that the file can't say reached Print; Expressible tells them")
}

// comparison writes a comparison as a column and an operator with its operand.
func (w *printer) comparison(t *Table, e query.Expr) (column, op string, ok bool) {
	not := false
	if n, is := e.(*query.Not); is {
		e, not = n.Of, true
	}
	c, is := e.(*query.Compare)
	if !is {
		return "", "", false
	}
	ops := whereOps
	if c.Other != "" {
		ops = columnOps
	}
	truth := c.Op == query.Is && c.Value.Text != "null" && c.Value.Text != "not_null"
	i := slices.IndexFunc(ops, func(o whereOp) bool { return o.op == c.Op && o.not == not && (o.on == "truth") == truth })
	if i < 0 {
		return "", "", false
	}
	col, found := t.Column(c.Field.Column)
	if !found {
		panic("schema: " + t.Type + " has no column " + c.Field.Column)
	}
	return col.Field, ops[i].name + ": " + w.operandOf(t, c, col), true
}

func (w *printer) operandOf(t *Table, c *query.Compare, col *Column) string {
	switch {
	case c.Other != "":
		if o, ok := t.Column(c.Other); ok {
			return quote(o.Field)
		}
		panic("schema: " + t.Type + " has no column " + c.Other)
	case c.Op == query.Is:
		switch c.Value.Text {
		case "null":
			return "true"
		case "not_null":
			return "false"
		}
		return quote(c.Value.Text)
	case c.Value.IsList:
		parts := make([]string, len(c.Value.List))
		for i, v := range c.Value.List {
			parts[i] = literal(v, col.Type)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case c.Op == query.Like || c.Op == query.ILike || c.Op == query.Match || c.Op == query.IMatch:
		return quote(c.Value.Text)
	}
	return operand(c.Value, col.Type)
}

// operand writes a constant or a claim.
func operand(v query.Value, t Type) string {
	if v.Claim != "" {
		return quote(v.Claim)
	}
	return literal(v.Text, t)
}

// exprColumns adds the columns that an expression names, each once, in order.
func exprColumns(e query.Expr, to []string) []string {
	add := func(name string) {
		if name != "" && !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	switch e := e.(type) {
	case *query.And:
		for _, x := range e.Of {
			to = exprColumns(x, to)
		}
	case *query.Or:
		for _, x := range e.Of {
			to = exprColumns(x, to)
		}
	case *query.Not:
		to = exprColumns(e.Of, to)
	case *query.Compare:
		add(e.Field.Column)
		add(e.Other)
	}
	return to
}
