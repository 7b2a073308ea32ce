package hasura

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// condition reads a boolean expression over a table's rows, as permissions have it. {} is always true.
func (l *layer) condition(t *schema.Table, n *node) (query.Expr, *refusal) {
	n.take()
	e, no := l.boolean(t, n, true)
	if no == nil && !l.s.PolicyExpressible(t, e) {
		no = refused(n.at, "the file can't say its condition: it is nested too deep")
	}
	return e, no
}

// boolean reads an object of conditions that all hold; root says that t is the permission's own table.
func (l *layer) boolean(t *schema.Table, n *node, root bool) (query.Expr, *refusal) {
	if n.kind != aObject {
		return nil, refused(n.at, "a condition should be an object, not %s", n.kind)
	}
	var terms []query.Expr
	for _, f := range n.fields {
		e, no := l.term(t, f, root)
		if no != nil {
			return nil, no
		}
		if e != query.Const(true) {
			terms = append(terms, e)
		}
	}
	switch len(terms) {
	case 0:
		return query.Const(true), nil
	case 1:
		return terms[0], nil
	}
	return &query.And{Of: terms}, nil
}

// term reads one key: _and, _or, _not, _exists, a column or a relationship. Hasura once wrote $ for the underscore.
func (l *layer) term(t *schema.Table, f *field, root bool) (query.Expr, *refusal) {
	switch underscored(f.key) {
	case "_and", "_or":
		return l.several(t, f, root)
	case "_not":
		e, no := l.boolean(t, f.value, root)
		if no != nil {
			return nil, no
		}
		return &query.Not{Of: e}, nil
	case "_exists":
		return l.exists(f)
	}
	if c, ok := t.Column(f.key); ok {
		return l.comparisons(t, c, f.value, root)
	}
	if i := slices.IndexFunc(t.Relations, func(r *schema.Relation) bool { return r.Name == f.key && f.key != "" }); i >= 0 {
		e, no := l.boolean(t.Relations[i].To, f.value, false)
		if no != nil {
			return nil, no
		}
		return &query.Exists{Relation: f.key, Where: e}, nil
	}
	return nil, refused(f.at, "its condition names %s, which is no column and no relationship of %s in the file", f.key, described(t))
}

func underscored(key string) string {
	if rest, ok := strings.CutPrefix(key, "$"); ok {
		return "_" + rest
	}
	return key
}

func (l *layer) several(t *schema.Table, f *field, root bool) (query.Expr, *refusal) {
	if f.value.kind != aList {
		return nil, refused(f.value.at, "%s should be a list, not %s", f.key, f.value.kind)
	}
	var of []query.Expr
	for _, v := range f.value.items {
		e, no := l.boolean(t, v, root)
		if no != nil {
			return nil, no
		}
		of = append(of, e)
	}
	switch and := underscored(f.key) == "_and"; {
	case len(of) == 0:
		return query.Const(and), nil
	case len(of) == 1:
		return of[0], nil
	case and:
		return &query.And{Of: of}, nil
	}
	return &query.Or{Of: of}, nil
}

// exists reads _exists: {_table, _where}.
func (l *layer) exists(f *field) (query.Expr, *refusal) {
	if f.value.kind != aObject {
		return nil, refused(f.value.at, "_exists should be an object, not %s", f.value.kind)
	}
	name, ok := objectName(f.value.get("_table"))
	where := f.value.get("_where")
	if !ok || where == nil {
		return nil, refused(f.value.at, "_exists should have _table and _where")
	}
	t, ok := l.s.TableNamed(name)
	if !ok {
		return nil, refused(f.value.at, "it looks in the table %s, which isn't tracked or isn't in the database", name)
	}
	e, no := l.boolean(t, where, false)
	if no != nil {
		return nil, no
	}
	return &query.Exists{Table: t.Name, Where: e}, nil
}

// An operator is what an operator of Hasura's is here.
type operator struct {
	op    query.Op
	not   bool
	other bool // with another column
}

var operators = map[string]operator{
	"_eq": {op: query.Eq}, "_ne": {op: query.Neq}, "_neq": {op: query.Neq}, "_gt": {op: query.Gt}, "_gte": {op: query.Gte},
	"_lt": {op: query.Lt}, "_lte": {op: query.Lte}, "_in": {op: query.In}, "_nin": {op: query.In, not: true},
	"_like": {op: query.Like}, "_nlike": {op: query.Like, not: true}, "_ilike": {op: query.ILike}, "_nilike": {op: query.ILike, not: true},
	"_similar": {op: query.Similar}, "_nsimilar": {op: query.Similar, not: true}, "_regex": {op: query.Match},
	"_nregex": {op: query.Match, not: true}, "_iregex": {op: query.IMatch}, "_niregex": {op: query.IMatch, not: true},
	"_contains": {op: query.Contains}, "_contained_in": {op: query.Contained}, "_has_key": {op: query.HasKey},
	"_has_keys_any": {op: query.HasKeysAny}, "_has_keys_all": {op: query.HasKeysAll},
	"_jsonb_path_exists": {op: query.PathExists}, "_jsonb_path_match": {op: query.PathMatch},
	"_ceq": {op: query.Eq, other: true}, "_cne": {op: query.Neq, other: true}, "_cneq": {op: query.Neq, other: true},
	"_cgt": {op: query.Gt, other: true}, "_cgte": {op: query.Gte, other: true}, "_clt": {op: query.Lt, other: true},
	"_clte": {op: query.Lte, other: true},
}

// comparisons reads {_eq: …, _lt: …} over a column; a bare value is one to be equal to.
func (l *layer) comparisons(t *schema.Table, c *schema.Column, n *node, root bool) (query.Expr, *refusal) {
	if n.kind != aObject {
		return l.comparison(t, c, &field{key: "_eq", at: n.at, value: n}, root)
	}
	var all []query.Expr
	for _, f := range n.fields {
		e, no := l.comparison(t, c, f, root)
		if no != nil {
			return nil, no
		}
		all = append(all, e)
	}
	switch len(all) {
	case 0:
		return query.Const(true), nil
	case 1:
		return all[0], nil
	}
	return &query.And{Of: all}, nil
}

func (l *layer) comparison(t *schema.Table, c *schema.Column, f *field, root bool) (query.Expr, *refusal) {
	out := &query.Compare{Field: query.Field{Column: c.Name}}
	key := underscored(f.key)
	op, known := operators[key]
	var no *refusal
	switch {
	case key == "_is_null":
		if f.value.kind != aBool {
			return nil, refused(f.value.at, "_is_null should be true or false, not %s", f.value.kind)
		}
		out.Op, out.Value = query.Is, query.Text(map[string]string{"true": "null", "false": "not_null"}[f.value.text])
	case !known:
		return nil, refused(f.at, "its condition on %s has the operator %s, which the file has no word for", c.Name, f.key)
	case op.other:
		out.Op = op.op
		if out.Other, no = otherColumn(t, f, root); no != nil {
			return nil, no
		}
	case op.op == query.In, op.op == query.HasKeysAny, op.op == query.HasKeysAll:
		out.Op = op.op
		if out.Value, no = l.values(c, f.value, op.op == query.In); no != nil {
			return nil, no
		}
	case op.op == query.Eq, op.op == query.Neq, op.op == query.Gt, op.op == query.Gte, op.op == query.Lt, op.op == query.Lte,
		op.op == query.Contains, op.op == query.Contained:
		out.Op = op.op
		if out.Value, no = l.value(c, f.value); no != nil {
			return nil, no
		}
	default: // patterns, keys and paths are texts
		out.Op = op.op
		if out.Value, no = scalar(c, f.value); no != nil {
			return nil, no
		}
	}
	if !l.s.PolicyExpressible(t, out) {
		return nil, refused(f.at, "its condition on %s, %s: %s, can't be said of %s in the file", c.Name, f.key, f.value.json(), c.Type)
	}
	if op.not {
		return &query.Not{Of: out}, nil
	}
	return out, nil
}

// otherColumn reads "column", ["column"] or ["$", "column"]; $ is the permission's own table.
func otherColumn(t *schema.Table, f *field, root bool) (string, *refusal) {
	path := []*node{f.value}
	if f.value.kind == aList {
		path = f.value.items
	}
	for _, p := range path {
		if p.kind != aText {
			return "", refused(p.at, "%s should name a column, not %s", f.key, p.kind)
		}
	}
	switch {
	case len(path) == 2 && path[0].text == "$" && root:
		path = path[1:]
	case len(path) == 2 && path[0].text == "$":
		return "", refused(f.value.at, "it compares with a column of the row that it began at, and the file compares columns of one row")
	case len(path) != 1:
		return "", refused(f.value.at, "%s: %s names no column of the row", f.key, f.value.json())
	}
	if _, ok := t.Column(path[0].text); !ok {
		return "", refused(path[0].at, "it compares with the column %s, which %s doesn't have", path[0].text, described(t))
	}
	return path[0].text, nil
}

// claim gives a session variable's name, in small letters.
func claim(n *node) (string, bool) {
	name := strings.ToLower(n.text)
	return name, n.kind == aText && strings.HasPrefix(name, "x-hasura-")
}

// value reads a constant of a column's type, or a session variable.
func (l *layer) value(c *schema.Column, n *node) (query.Value, *refusal) {
	if name, is := claim(n); is {
		return query.Value{Claim: name}, nil
	}
	t := c.Type.Underlying()
	switch {
	case n.kind == aNull:
		return query.Value{}, refused(n.at, "it has null as a value of %s, which the file can't say", c.Name)
	case t.Array && n.kind == aList:
		text, ok := arrayText(n)
		if !ok {
			return query.Value{}, refused(n.at, "its list for %s has something other than plain values", c.Name)
		}
		return query.Text(text), nil
	case !t.Array && (t.Base == schema.JSON || t.Base == schema.JSONB):
		return query.Text(n.json()), nil
	}
	return scalar(c, n)
}

// scalar reads a text, number or truth value, or a session variable.
func scalar(c *schema.Column, n *node) (query.Value, *refusal) {
	if name, is := claim(n); is {
		return query.Value{Claim: name}, nil
	}
	switch n.kind {
	case aText, aNumber, aBool:
		return query.Text(n.text), nil
	}
	return query.Value{}, refused(n.at, "it has %s as a value of %s, not a plain one", n.kind, c.Name)
}

// values reads a list, or a session variable that holds one.
func (l *layer) values(c *schema.Column, n *node, ofColumn bool) (query.Value, *refusal) {
	if name, is := claim(n); is {
		return query.Value{Claim: name}, nil
	}
	if n.kind != aList {
		return query.Value{}, refused(n.at, "it has %s for %s where a list should stand", n.kind, c.Name)
	}
	list := []string{}
	for _, item := range n.items {
		read := scalar
		if ofColumn {
			read = l.value
		}
		v, no := read(c, item)
		if no != nil {
			return query.Value{}, no
		}
		if v.Claim != "" {
			return query.Value{}, refused(item.at, "it has a session variable in a list; the file has one in place of the whole list")
		}
		list = append(list, v.Text)
	}
	return query.List(list), nil
}

// arrayText writes a list as PostgreSQL writes an array.
func arrayText(n *node) (string, bool) {
	parts := make([]string, len(n.items))
	for i, v := range n.items {
		switch v.kind {
		case aNull:
			parts[i] = "NULL"
		case aText, aNumber, aBool:
			parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.text) + `"`
		case aList:
			text, ok := arrayText(v)
			if !ok {
				return "", false
			}
			parts[i] = text
		default:
			return "", false
		}
	}
	return "{" + strings.Join(parts, ",") + "}", true
}
