package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
)

// A context says what a where object can name.
type context int

const (
	inCheck  context = iota // checks and partial indexes: this row's columns and constants
	inPolicy                // relations and the actor's claims too
)

// A whereOp is an operator of the where form.
type whereOp struct {
	name string
	op   query.Op
	not  bool
	on   string // "text" for those of text only, "truth" of Boolean, "many" of jsonb and lists, "keys" of jsonb
}

var whereOps = []whereOp{
	{"_eq", query.Eq, false, ""}, {"_neq", query.Neq, false, ""}, {"_gt", query.Gt, false, ""}, {"_gte", query.Gte, false, ""},
	{"_lt", query.Lt, false, ""}, {"_lte", query.Lte, false, ""}, {"_in", query.In, false, ""}, {"_nin", query.In, true, ""},
	{"_like", query.Like, false, "text"}, {"_nlike", query.Like, true, "text"}, {"_ilike", query.ILike, false, "text"},
	{"_nilike", query.ILike, true, "text"}, {"_regex", query.Match, false, "text"}, {"_nregex", query.Match, true, "text"},
	{"_iregex", query.IMatch, false, "text"}, {"_niregex", query.IMatch, true, "text"}, {"_is_null", query.Is, false, ""},
	{"_is", query.Is, false, "truth"}, {"_is_distinct", query.IsDistinct, false, ""}, {"_contains", query.Contains, false, "many"},
	{"_contained_in", query.Contained, false, "many"}, {"_overlaps", query.Overlaps, false, "many"},
}

// policyOps are further ones that conditions of policies have: what checks and indexes can't be made of.
var policyOps = []whereOp{
	{"_similar", query.Similar, false, "text"}, {"_nsimilar", query.Similar, true, "text"}, {"_has_key", query.HasKey, false, "keys"},
	{"_has_keys_any", query.HasKeysAny, false, "keys"}, {"_has_keys_all", query.HasKeysAll, false, "keys"},
	{"_jsonb_path_exists", query.PathExists, false, "keys"}, {"_jsonb_path_match", query.PathMatch, false, "keys"},
}

// operators are those with a value that a context has.
func (c context) operators() []whereOp {
	if c == inPolicy {
		return slices.Concat(whereOps, policyOps)
	}
	return whereOps
}

// takesList says whether an operator takes a list, and takesText whether it takes a text that is no value of the column's type.
func takesList(o query.Op) bool {
	return o == query.In || o == query.HasKeysAny || o == query.HasKeysAll
}

func takesText(o query.Op) bool {
	switch o {
	case query.Like, query.ILike, query.Match, query.IMatch, query.Similar, query.HasKey, query.HasKeysAny, query.HasKeysAll,
		query.PathExists, query.PathMatch:
		return true
	}
	return false
}

// claimIn gives the name of a claim, in small letters: a text that begins with X-Hasura- stands for what is known of the actor.
func claimIn(text string) (string, bool) {
	claim := strings.ToLower(text)
	return claim, strings.HasPrefix(claim, "x-hasura-")
}

// columnOps compare with another column of the row.
var columnOps = []whereOp{
	{"_ceq", query.Eq, false, ""}, {"_cneq", query.Neq, false, ""}, {"_cgt", query.Gt, false, ""}, {"_cgte", query.Gte, false, ""},
	{"_clt", query.Lt, false, ""}, {"_clte", query.Lte, false, ""},
}

// whereDepthMax bounds how deep a where object nests.
const whereDepthMax = 32

// where reads a where object of the API as an expression over t; nil where it has a mistake.
func (p *parser) where(t *Table, v *ast.Value, in context) query.Expr { return p.whereAt(t, v, in, 0) }

func (p *parser) whereAt(t *Table, v *ast.Value, in context, depth int) query.Expr {
	if v.Kind != ast.ObjectValue {
		p.wrong(v.Position, "write {total: {_gte: 0}}", "a condition is an object in braces, not %s", shortValue(v))
		return nil
	}
	if depth > whereDepthMax {
		p.wrong(v.Position, "write it flatter, or in SQL: @check(postgres: \"…\")", "this condition is nested deeper than %d", whereDepthMax)
		return nil
	}
	var terms []query.Expr
	good := true
	for _, f := range v.Children {
		found, ok := p.term(t, f, in, depth)
		good = good && ok
		terms = append(terms, found...)
	}
	switch {
	case !good:
		return nil
	case len(terms) == 0:
		return query.Const(true)
	case len(terms) == 1:
		return terms[0]
	}
	return &query.And{Of: terms}
}

// term reads one key of a where object: _and, _or, _not, a column or a relation.
func (p *parser) term(t *Table, f *ast.ChildValue, in context, depth int) ([]query.Expr, bool) {
	one := func(e query.Expr) ([]query.Expr, bool) { return []query.Expr{e}, e != nil }
	switch f.Name {
	case "_and", "_or":
		if f.Value.Kind != ast.ListValue {
			p.wrong(f.Value.Position, "write "+f.Name+": [{…}, {…}]", "%s takes a list of conditions", f.Name)
			return nil, false
		}
		var of []query.Expr
		for _, c := range f.Value.Children {
			e := p.whereAt(t, c.Value, in, depth+1)
			if e == nil {
				return nil, false
			}
			of = append(of, e)
		}
		if f.Name == "_and" {
			return one(&query.And{Of: of})
		}
		if len(of) == 0 {
			return one(query.Const(false))
		}
		return one(&query.Or{Of: of})
	case "_not":
		e := p.whereAt(t, f.Value, in, depth+1)
		if e == nil {
			return nil, false
		}
		return one(&query.Not{Of: e})
	case "_exists":
		if in != inPolicy {
			p.wrong(f.Position, "name a column of "+t.Type, "this condition sees one row only, so it can't look whether others exist")
			return nil, false
		}
		return one(p.existsIn(f.Value, depth))
	}
	if c := t.fieldNamed(f.Name); c != nil {
		return p.comparisons(t, c, f.Value, in)
	}
	if i := slices.IndexFunc(t.Relations, func(r *Relation) bool { return r.Name == f.Name }); i >= 0 && in == inPolicy {
		e := p.whereAt(t.Relations[i].To, f.Value, in, depth+1)
		if e == nil {
			return nil, false
		}
		return one(&query.Exists{Relation: f.Name, Where: e})
	}
	if def := p.objects[t]; def != nil && in == inCheck && slices.ContainsFunc(def.Fields, func(x *ast.FieldDefinition) bool { return x.Name == f.Name }) {
		p.wrong(f.Position, "name a column of "+t.Type, "%s is a relation, and this condition sees one row only", f.Name)
		return nil, false
	}
	names := append(fieldNames(t), "_and", "_or", "_not")
	if in == inPolicy {
		for _, r := range t.Relations {
			if r.Name != "" {
				names = append(names, r.Name)
			}
		}
	}
	instead := p.suggestColumn(t, f.Name)
	if n := nearest(f.Name, names); n != "" {
		instead = "write " + n
	}
	p.wrong(f.Position, instead, "%s has no column %s", t.Type, f.Name)
	return nil, false
}

// existsIn reads _exists: {_table: "staff", _where: {…}}; nil where it has a mistake.
func (p *parser) existsIn(v *ast.Value, depth int) query.Expr {
	const form = `write _exists: {_table: "staff", _where: {user_id: {_eq: "X-Hasura-User-Id"}}}`
	var table, where *ast.Value
	for _, f := range v.Children {
		switch {
		case v.Kind == ast.ObjectValue && f.Name == "_table" && f.Value.Kind == ast.StringValue:
			table = f.Value
		case v.Kind == ast.ObjectValue && f.Name == "_where":
			where = f.Value
		default:
			p.wrong(f.Value.Position, form, "_exists takes the name of a type with @table, and a condition")
			return nil
		}
	}
	if table == nil || where == nil {
		p.wrong(v.Position, form, "_exists takes the name of a type with @table, and a condition")
		return nil
	}
	in := p.tableNamed(table.Raw)
	if in == nil {
		p.wrong(table.Position, p.suggestTable(table.Raw), "_exists looks in %q, which is no table", table.Raw)
		return nil
	}
	e := p.whereAt(in, where, inPolicy, depth+1)
	if e == nil {
		return nil
	}
	return &query.Exists{Table: in.Name, Where: e}
}
