package pgsql

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// filters writes what a select's rows must fulfil: its where, and the embeds that drop rows without related ones. Those
// that are spread do so by their join, where the select is joined to them.
func (b *builder) filters(s *plan.Select, joined bool) (conditions []string) {
	if s.Where != nil {
		conditions = append(conditions, b.expr(s.Where, s))
	}
	for i := range s.Outputs {
		if e := s.Outputs[i].Embed; e != nil && e.Inner && !(joined && e.Spread && !e.Hidden) {
			conditions = append(conditions, b.exists(e.Select, e.Relation, s))
		}
	}
	return conditions
}

// exists is true when a relation has rows for the parent's row, on the page that is asked for.
func (b *builder) exists(s *plan.Select, rel *schema.Relation, parent *plan.Select) string {
	if grouped(s) {
		rows, _ := b.rows(s, rel, parent, numbered)
		return "EXISTS (" + rows + ")"
	}
	from, conditions := b.source(s, rel, parent)
	return "EXISTS (SELECT 1 FROM " + from + where(append(conditions, b.filters(s, false)...)) + b.page(s) + ")"
}

// expr writes an expression over the rows of s, in parentheses where it has several parts.
func (b *builder) expr(e plan.Expr, s *plan.Select) string {
	switch e := e.(type) {
	case *plan.And:
		return b.list(e.Of, s, " AND ", "TRUE")
	case *plan.Or:
		return b.list(e.Of, s, " OR ", "FALSE")
	case *plan.Not:
		return "NOT (" + b.expr(e.Of, s) + ")"
	case plan.Const:
		if e {
			return "TRUE"
		}
		return "FALSE"
	case *plan.Compare:
		return b.compare(e)
	case *plan.Measure:
		return b.measure(e, s)
	case *plan.Exists:
		return b.exists(e.Select, e.Relation, s)
	case *plan.Embedded:
		found := b.exists(e.Embed.Select, e.Embed.Relation, s)
		if e.Null {
			return "NOT " + found
		}
		return found
	}
	b.broken("unknown expression %T", e)
	return ""
}

func (b *builder) list(of []plan.Expr, s *plan.Select, between, none string) string {
	if len(of) == 0 {
		return none
	}
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = b.expr(e, s)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, between) + ")"
}

// operators are those of PostgreSQL that take a value on their right.
var operators = map[query.Op]string{
	query.Eq: "=", query.Neq: "<>", query.Gt: ">", query.Gte: ">=", query.Lt: "<", query.Lte: "<=",
	query.Like: "LIKE", query.ILike: "ILIKE", query.Match: "~", query.IMatch: "~*", query.In: "=",
	query.IsDistinct: "IS DISTINCT FROM",
	query.Contains:   "@>", query.Contained: "<@", query.Overlaps: "&&",
	query.StrictLeft: "<<", query.StrictRight: ">>", query.NotRight: "&<", query.NotLeft: "&>", query.Adjacent: "-|-",
	query.Similar: "SIMILAR TO", query.HasKey: "?", query.HasKeysAny: "?|", query.HasKeysAll: "?&",
	query.PathExists: "@?", query.PathMatch: "@@", query.Labelled: "@",
}

var searches = map[query.Op]string{
	query.FTS: "to_tsquery", query.PLFTS: "plainto_tsquery", query.PHFTS: "phraseto_tsquery", query.WFTS: "websearch_to_tsquery",
}

var states = map[string]string{
	"null": "NULL", "not_null": "NOT NULL", "true": "TRUE", "false": "FALSE", "unknown": "UNKNOWN",
}

func (b *builder) compare(c *plan.Compare) string {
	left := b.operand(&c.Left)
	if c.AsText {
		left = "(" + left + ")::text"
	}
	return b.compared(left, c)
}

// compared holds a left side against what c says.
func (b *builder) compared(left string, c *plan.Compare) string {
	if c.Op == query.Is {
		state, ok := states[c.Is]
		if !ok {
			b.broken("unknown state %q", c.Is)
		}
		return left + " IS " + state
	}
	if search, ok := searches[c.Op]; ok {
		lang := ""
		if c.Lang != "" {
			lang = b.constant(c.Lang, "::regconfig") + ", "
		}
		if !isTSVector(c.Left.Type) {
			left = "to_tsvector(" + lang + left + ")"
		}
		return left + " @@ " + search + "(" + lang + b.arg(c.Arg, "") + ")"
	}
	op, ok := operators[c.Op]
	if !ok {
		b.broken("unknown operator %q", c.Op)
	}
	if b.options.Fold != "" && (c.Op == query.ILike || c.Op == query.IMatch) && folds(&c.Left) {
		left += " COLLATE pg_catalog." + ident(b.options.Fold)
	}
	if c.Other != nil {
		return left + " " + op + " " + b.operand(c.Other)
	}
	parse := ""
	if d := c.Left.Type.Domain; d != nil && !c.AsText && d.FromText != "" && len(c.Left.Path) == 0 && parsed(c.Op) {
		parse = function(d.FromText)
	}
	switch {
	case c.Op == query.In || c.Any == query.Any:
		return left + " " + op + " ANY (" + b.values(c, parse) + ")"
	case c.Any == query.All:
		return left + " " + op + " ALL (" + b.values(c, parse) + ")"
	case c.Any != query.One:
		b.broken("unknown quantifier %q", c.Any)
	case parse != "":
		return left + " " + op + " " + parse + "(" + b.arg(c.Arg, "") + ")"
	}
	return left + " " + op + " " + b.arg(c.Arg, "")
}

// folds says whether the letters of an operand would have no other case outside of ASCII, which SQLite gives them all: it sorts by
// COLLATE "C", or comes out of JSON. A column with an index for patterns keeps its own collation, since the index has it too.
func folds(o *plan.Operand) bool {
	if len(o.Path) > 0 {
		return o.Path[len(o.Path)-1].Text
	}
	c := o.Column
	if c == nil || c.Collate != "" || c.Type.Array || c.Type.Domain != nil || c.Type.Base != schema.Text || c.Type.Name == "citext" {
		return false
	}
	return c.Table == nil || !slices.ContainsFunc(c.Table.Indexes, func(x *schema.Index) bool {
		return strings.Contains(x.Postgres, "trgm") || slices.ContainsFunc(x.Columns, func(k schema.IndexColumn) bool {
			return k.Column == c && strings.Contains(k.Class, "trgm")
		})
	})
}

// parsed says whether an operator's value goes through a domain's cast from text.
func parsed(op query.Op) bool {
	switch op {
	case query.Like, query.ILike, query.Match, query.IMatch, query.IsDistinct:
		return false
	}
	return true
}

// values writes an array parameter, each element through a domain's cast where it has one. Of arrays PostgreSQL has no arrays: each
// element is the text of one, which Statement.Check has read before.
func (b *builder) values(c *plan.Compare, parse string) string {
	t := c.Left.Type
	switch {
	case parse != "":
		return "SELECT " + parse + "(unnest(" + b.arg(c.Arg, "::text[]") + "))"
	case isArray(t) && !c.AsText:
		b.out.Arrays = append(b.out.Arrays, Arrays{Arg: c.Arg, Type: t})
		return "SELECT unnest(" + b.arg(c.Arg, "::text[]") + ")::" + b.typeName(t.Underlying()) // a domain would check what it never holds
	}
	return b.arg(c.Arg, "")
}

// rowOf is the row that a function of the row is called with.
func (b *builder) rowOf(o *plan.Operand) string {
	if s := b.selects[o.Alias]; s != nil {
		return b.wholeRow(s)
	}
	return b.alias(o.Alias) + ".*"
}

func isTSVector(t schema.Type) bool {
	t = t.Underlying()
	return t.Name == "tsvector" && !t.Array
}

func isArray(t schema.Type) bool { return t.Underlying().Array }

// operand writes a column, a function of the row, or a place inside either.
func (b *builder) operand(o *plan.Operand) string {
	var sql string
	base := o.Type
	switch {
	case o.Computed != nil:
		sql = b.qualified(o.Computed.Name) + "(" + b.notation(b.rowOf(o), o.Args) + ")"
		base = o.Computed.Returns.Type
	case o.Column != nil:
		if s := b.selects[o.Alias]; s != nil && s.Source.Written != nil {
			b.need(o.Column)
		}
		sql = b.alias(o.Alias) + "." + ident(o.Column.Name)
		base = o.Column.Type
	default:
		b.broken("an operand without column and function")
	}
	if len(o.Path) == 0 {
		return sql
	}
	if base.Array || base.Base != schema.JSON && base.Base != schema.JSONB {
		sql = "to_jsonb(" + sql + ")"
	}
	for _, step := range o.Path {
		if step.Text {
			sql += "->>"
		} else {
			sql += "->"
		}
		if step.Index {
			sql += b.arg(step.Arg, "::integer")
		} else {
			sql += b.arg(step.Arg, "::text")
		}
	}
	return "(" + sql + ")"
}
