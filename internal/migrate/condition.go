package migrate

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// parseCondition reads a check or an index's predicate, as an engine writes it, into the API's where form; nil where it
// can't be said so. It reads comparisons of columns with constants and with each other, and what joins them; a
// function, arithmetic, a cast that changes a column's value or anything else makes it give up.
func parseCondition(sql string, t *schema.Table, e Engine) query.Expr {
	p := &conditionParser{toks: slices.DeleteFunc(tokensOf(sql, e), func(t token) bool { return t.kind == commentToken }), t: t, e: e, ok: true}
	out := p.or()
	if !p.ok || p.at != len(p.toks) || out == nil {
		return nil
	}
	return out
}

type conditionParser struct {
	toks []token
	at   int
	t    *schema.Table
	e    Engine
	ok   bool
}

func (p *conditionParser) fail() query.Expr {
	p.ok = false
	return nil
}

func (p *conditionParser) peek() token {
	if p.at < len(p.toks) {
		return p.toks[p.at]
	}
	return token{kind: punctToken}
}

func (p *conditionParser) punct(s string) bool {
	if t := p.peek(); t.kind == punctToken && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *conditionParser) word(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.toks) || p.toks[p.at+i].kind != wordToken || !strings.EqualFold(p.toks[p.at+i].text, w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *conditionParser) or() query.Expr {
	parts := []query.Expr{p.and()}
	for p.ok && p.word("OR") {
		parts = append(parts, p.and())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return &query.Or{Of: parts}
}

func (p *conditionParser) and() query.Expr {
	parts := []query.Expr{p.not()}
	for p.ok && p.word("AND") {
		parts = append(parts, p.not())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return &query.And{Of: parts}
}

func (p *conditionParser) not() query.Expr {
	if p.word("NOT") {
		return &query.Not{Of: p.not()}
	}
	return p.primary()
}

// primary is a comparison, or an expression in parentheses.
func (p *conditionParser) primary() query.Expr {
	start := p.at
	if p.punct("(") {
		inner := p.or()
		if p.ok && p.punct(")") && !p.operatorFollows() {
			return inner
		}
		p.at, p.ok = start, true // parentheses around an operand
	}
	return p.comparison()
}

func (p *conditionParser) operatorFollows() bool {
	t := p.peek()
	switch {
	case t.kind == punctToken:
		return t.text != "" && t.text != ")"
	case t.kind == wordToken:
		return !strings.EqualFold(t.text, "AND") && !strings.EqualFold(t.text, "OR")
	}
	return false
}

// An operand is a column or a constant.
type conditionOperand struct {
	column *schema.Column
	text   string // of a constant
	number bool
	null   bool
	list   []conditionOperand
}

var operators = map[string]query.Op{
	"=": query.Eq, "==": query.Eq, "<>": query.Neq, "!=": query.Neq, "<": query.Lt, "<=": query.Lte, ">": query.Gt, ">=": query.Gte,
	"~~": query.Like, "~~*": query.ILike, "~": query.Match,
}

// mirrored are the operators to use when the constant stood on the left.
var mirrored = map[query.Op]query.Op{
	query.Eq: query.Eq, query.Neq: query.Neq, query.Lt: query.Gt, query.Lte: query.Gte, query.Gt: query.Lt, query.Gte: query.Lte,
}

func (p *conditionParser) comparison() query.Expr {
	left, ok := p.operand()
	if !ok {
		return p.fail()
	}
	if left.column == nil {
		return p.constantFirst(left)
	}
	c := left.column
	is := func(what string) query.Expr {
		return &query.Compare{Field: query.Field{Column: c.Name}, Op: query.Is, Value: query.Text(what)}
	}
	switch {
	case p.word("IS", "NOT", "NULL"), p.word("NOTNULL"):
		return is("not_null")
	case p.word("IS", "NULL"), p.word("ISNULL"):
		return is("null")
	case p.word("IS", "NOT", "TRUE"):
		return &query.Not{Of: is("true")}
	case p.word("IS", "TRUE"):
		return is("true")
	case p.word("IS", "NOT", "FALSE"):
		return &query.Not{Of: is("false")}
	case p.word("IS", "FALSE"):
		return is("false")
	case p.word("IS", "DISTINCT", "FROM"):
		return p.with(c, query.IsDistinct, false)
	case p.word("NOT", "IN"):
		return p.in(c, true)
	case p.word("IN"):
		return p.in(c, false)
	case p.word("BETWEEN"):
		low := p.with(c, query.Gte, false)
		if !p.word("AND") {
			return p.fail()
		}
		return &query.And{Of: []query.Expr{low, p.with(c, query.Lte, false)}}
	case p.e == Postgres && p.word("NOT", "LIKE"):
		return &query.Not{Of: p.with(c, query.Like, false)}
	case p.e == Postgres && p.word("LIKE"):
		return p.with(c, query.Like, false)
	case p.e == SQLite && p.word("GLOB"):
		return p.glob(c)
	case p.e == SQLite && p.word("LIKE"):
		return p.liteLike(c)
	}
	t := p.peek()
	if t.kind == punctToken {
		switch {
		case p.punct("!~~"):
			return &query.Not{Of: p.with(c, query.Like, false)}
		case operators[t.text] != "":
			p.at++
			if t.text == "~" && p.punct("*") {
				return p.with(c, query.IMatch, false)
			}
			return p.with(c, operators[t.text], true)
		}
	}
	if c.Type.Base == schema.Bool && !c.Type.Array {
		return &query.Compare{Field: query.Field{Column: c.Name}, Op: query.Eq, Value: query.Text("true")}
	}
	return p.fail()
}

// constantFirst reads 0 < price.
func (p *conditionParser) constantFirst(left conditionOperand) query.Expr {
	op := operators[p.peek().text]
	turned, ok := mirrored[op]
	if p.peek().kind != punctToken || !ok {
		return p.fail()
	}
	p.at++
	right, ok := p.operand()
	if !ok || right.column == nil || left.list != nil {
		return p.fail()
	}
	text, ok := p.valueFor(right.column, left)
	if !ok {
		return p.fail()
	}
	return &query.Compare{Field: query.Field{Column: right.column.Name}, Op: turned, Value: query.Text(text)}
}

// with reads what a column is compared with.
func (p *conditionParser) with(c *schema.Column, op query.Op, columns bool) query.Expr {
	all := false
	if op == query.Eq && p.word("ANY") || op == query.Neq && p.word("ALL") {
		all = true
	}
	right, ok := p.operand()
	switch {
	case !ok || all != (right.list != nil):
		return p.fail()
	case right.column != nil && (!columns || right.column.Type.Base != c.Type.Base || right.column.Type.Array || mirrored[op] == ""):
		return p.fail()
	case right.column != nil:
		return &query.Compare{Field: query.Field{Column: c.Name}, Op: op, Other: right.column.Name}
	case right.list != nil:
		in := p.listOf(c, right.list)
		if op == query.Neq && in != nil {
			return &query.Not{Of: in}
		}
		return in
	}
	text, ok := p.valueFor(c, right)
	if !ok {
		return p.fail()
	}
	if op == query.Like || op == query.ILike || op == query.Match || op == query.IMatch {
		if c.Type.Kind() != schema.Text {
			return p.fail()
		}
	}
	return &query.Compare{Field: query.Field{Column: c.Name}, Op: op, Value: query.Text(text)}
}

func (p *conditionParser) in(c *schema.Column, not bool) query.Expr {
	if !p.punct("(") {
		return p.fail()
	}
	var list []conditionOperand
	for {
		o, ok := p.operand()
		if !ok || o.column != nil {
			return p.fail()
		}
		list = append(list, o)
		if !p.punct(",") {
			break
		}
	}
	if !p.punct(")") {
		return p.fail()
	}
	in := p.listOf(c, list)
	if not && in != nil {
		return &query.Not{Of: in}
	}
	return in
}

func (p *conditionParser) listOf(c *schema.Column, list []conditionOperand) query.Expr {
	var texts []string
	for _, o := range list {
		text, ok := p.valueFor(c, o)
		if !ok {
			return p.fail()
		}
		texts = append(texts, text)
	}
	return &query.Compare{Field: query.Field{Column: c.Name}, Op: query.In, Value: query.List(texts)}
}

// valueFor is a constant as a value of a column's type.
func (p *conditionParser) valueFor(c *schema.Column, o conditionOperand) (string, bool) {
	if o.null || o.list != nil || c.Type.Array || c.Type.Domain != nil {
		return "", false
	}
	base := c.Type.Base
	switch base {
	case schema.Unknown, schema.CompositeBase, schema.JSON, schema.JSONB, schema.Bytea:
		return "", false
	}
	if p.e == SQLite && base == schema.Bool && o.number {
		return map[string]string{"0": "false", "1": "true"}[o.text], o.text == "0" || o.text == "1"
	}
	if p.e == SQLite && o.number && (base == schema.Text || base == schema.EnumBase || isTime(c.Type)) {
		return "", false
	}
	_, err := value.Parse(c.Type, o.text)
	return o.text, err == nil
}

// glob reads back what a pattern of LIKE was turned into.
func (p *conditionParser) glob(c *schema.Column) query.Expr {
	o, ok := p.operand()
	if !ok || o.column != nil || o.number || o.list != nil {
		return p.fail()
	}
	var b strings.Builder
	for s := o.text; s != ""; {
		switch {
		case strings.HasPrefix(s, "[*]"), strings.HasPrefix(s, "[?]"), strings.HasPrefix(s, "[[]"):
			b.WriteByte(s[1])
			s = s[3:]
			continue
		case s[0] == '[':
			return p.fail()
		case s[0] == '*':
			b.WriteByte('%')
		case s[0] == '?':
			b.WriteByte('_')
		case s[0] == '%', s[0] == '_', s[0] == '\\':
			b.WriteByte('\\')
			b.WriteByte(s[0])
		default:
			b.WriteByte(s[0])
		}
		s = s[1:]
	}
	return &query.Compare{Field: query.Field{Column: c.Name}, Op: query.Like, Value: query.Text(b.String())}
}

// liteLike reads SQLite's LIKE, which folds case.
func (p *conditionParser) liteLike(c *schema.Column) query.Expr {
	out := p.with(c, query.ILike, false)
	if p.word("ESCAPE") {
		if t := p.peek(); t.kind == stringToken && t.text == `\` {
			p.at++
			return out
		}
		return p.fail()
	}
	if compare, ok := out.(*query.Compare); ok && strings.Contains(compare.Value.Text, `\`) {
		return p.fail() // there the backslash is a plain character
	}
	return out
}

// operand reads a column or a constant, in any number of parentheses and with PostgreSQL's casts.
func (p *conditionParser) operand() (conditionOperand, bool) {
	o, ok := p.bare()
	for ok && p.punct("::") {
		typ, okType := p.castType()
		if !okType {
			return o, false
		}
		// A column may be cast to text where it is text already; a constant takes the column's type anyway.
		if o.column != nil && !(typ == "text" && o.column.Type.Base == schema.Text && o.column.Type.Name != "bpchar" && o.column.Type.Name != "character") {
			return o, false
		}
	}
	return o, ok
}

func (p *conditionParser) bare() (conditionOperand, bool) {
	t := p.peek()
	switch {
	case p.punct("("):
		o, ok := p.operand()
		return o, ok && p.punct(")")
	case p.punct("-"):
		n := p.peek()
		p.at++
		return conditionOperand{text: "-" + n.text, number: true}, n.kind == numberToken
	case t.kind == stringToken:
		p.at++
		return conditionOperand{text: t.text}, true
	case t.kind == numberToken:
		p.at++
		return conditionOperand{text: t.text, number: true}, !strings.HasPrefix(strings.ToLower(t.text), "0x")
	case p.word("ARRAY"):
		return p.array()
	case p.word("true"), p.word("false"):
		return conditionOperand{text: strings.ToLower(t.text)}, true
	case p.word("NULL"):
		return conditionOperand{null: true}, true
	case t.kind == wordToken || t.kind == nameToken:
		p.at++
		if p.peek().kind == punctToken && (p.peek().text == "(" || p.peek().text == ".") {
			return conditionOperand{}, false
		}
		name := t.text
		if t.kind == wordToken && p.e == Postgres {
			name = strings.ToLower(name)
		}
		for _, c := range p.t.Columns {
			if c.Name == name || p.e == SQLite && strings.EqualFold(c.Name, name) {
				return conditionOperand{column: c}, true
			}
		}
	}
	return conditionOperand{}, false
}

func (p *conditionParser) array() (conditionOperand, bool) {
	if !p.punct("[") {
		return conditionOperand{}, false
	}
	out := conditionOperand{list: []conditionOperand{}}
	for {
		o, ok := p.operand()
		if !ok || o.column != nil {
			return out, false
		}
		out.list = append(out.list, o)
		if !p.punct(",") {
			return out, p.punct("]")
		}
	}
}

// castType takes a type's name after a double colon.
func (p *conditionParser) castType() (string, bool) {
	var words []string
	for {
		t := p.peek()
		switch {
		case t.kind == wordToken && len(words) > 0 && (operatorWord(t.text)):
			return strings.Join(words, " "), true
		case t.kind == wordToken, t.kind == nameToken && len(words) == 0:
			p.at++
			words = append(words, strings.ToLower(t.text))
			if p.punct(".") {
				words = nil
			}
		case t.kind == punctToken && t.text == "(" && len(words) > 0:
			for p.at < len(p.toks) && !p.punct(")") {
				p.at++
			}
		case t.kind == punctToken && t.text == "[":
			p.at++
			if !p.punct("]") {
				return "", false
			}
			return strings.Join(words, " ") + "[]", len(words) > 0
		default:
			return strings.Join(words, " "), len(words) > 0
		}
	}
}

func operatorWord(w string) bool {
	switch strings.ToUpper(w) {
	case "AND", "OR", "IS", "IN", "NOT", "BETWEEN", "LIKE":
		return true
	}
	return false
}
