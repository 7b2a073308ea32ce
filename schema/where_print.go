package schema

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// Expressible says whether an expression over t can stand in the file as a where object of a check or an index.
func Expressible(t *Table, e query.Expr) bool { return expressible(nil, t, e, 0) }

// PolicyExpressible says whether an expression over t can stand in the file as a where object of a policy.
func (s *Schema) PolicyExpressible(t *Table, e query.Expr) bool { return expressible(s, t, e, 0) }

// expressible is about policies where s isn't nil.
func expressible(s *Schema, t *Table, e query.Expr, depth int) bool {
	every := func(of []query.Expr) bool {
		return !slices.ContainsFunc(of, func(x query.Expr) bool { return !expressible(s, t, x, depth+1) })
	}
	if depth > whereDepthMax {
		return false
	}
	switch e := e.(type) {
	case *query.And:
		return every(e.Of)
	case *query.Or:
		return every(e.Of)
	case *query.Not:
		return expressible(s, t, e.Of, depth+1)
	case query.Const:
		return true
	case *query.Compare:
		return comparisonExpressible(t, e, s != nil)
	case *query.Exists:
		if e.Relation == "" {
			if s == nil {
				return false
			}
			in, ok := s.TableNamed(e.Table)
			return ok && expressible(s, in, e.Where, depth+1)
		}
		i := slices.IndexFunc(t.Relations, func(r *Relation) bool { return r.Name == e.Relation })
		return e.Hint == "" && i >= 0 && expressible(s, t.Relations[i].To, e.Where, depth+1)
	}
	return false
}

func comparisonExpressible(t *Table, e *query.Compare, policy bool) bool {
	c, ok := t.Column(e.Field.Column)
	if !ok || len(e.Field.Path) > 0 || e.AsText || e.Any != query.One || e.Lang != "" || e.Value.Null {
		return false
	}
	ops := inCheck.operators()
	if policy {
		ops = inPolicy.operators()
	}
	if e.Other != "" {
		other, ok := t.Column(e.Other)
		if !ok || !comparable(c.Type, other.Type) {
			return false
		}
		ops = columnOps
	}
	i := slices.IndexFunc(ops, func(o whereOp) bool { return o.op == e.Op && !o.not })
	if i < 0 || misused(ops[i], c.Type) != "" {
		return false
	}
	if e.Other != "" || e.Op == query.Is {
		return true
	}
	if e.Value.Claim != "" {
		return policy
	}
	if takesList(e.Op) != e.Value.IsList {
		return false
	}
	if policy { // what would be read as a claim can't be said as a constant
		for _, text := range append(slices.Clone(e.Value.List), e.Value.Text) {
			if _, claim := claimIn(text); claim {
				return false
			}
		}
	}
	if takesText(e.Op) {
		return true
	}
	for _, text := range append(slices.Clone(e.Value.List), e.Value.Text) {
		if (text != "" || !e.Value.IsList) && checkLiteral(text, c.Type) != "" {
			return false
		}
	}
	return true
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
		if in, ok := w.s.TableNamed(e.Table); e.Relation == "" && ok {
			return "_exists: {_table: " + quote(in.Type) + ", _where: " + w.where(in, e.Where) + "}"
		}
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
	ops := inPolicy.operators()
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
	case c.Value.Claim != "":
		return quote(c.Value.Claim)
	case c.Value.IsList:
		parts := make([]string, len(c.Value.List))
		for i, v := range c.Value.List {
			parts[i] = literal(v, col.Type)
			if takesText(c.Op) {
				parts[i] = quote(v)
			}
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case takesText(c.Op):
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
