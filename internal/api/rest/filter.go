package rest

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// filter parses the value of a filter parameter, [not.]operator.value, for field f of the rows of sel (nil where an embed's
// name means nothing). isArg is true for a value without operator, where the reader takes those for arguments.
func (p *reader) filter(f query.Field, value string, sel *query.Select) (e query.Expr, isArg bool, err error) {
	c := scanner{s: value}
	if p.argsAllowed && !startsOperation(value) {
		return nil, true, nil
	}
	e, ok, err := p.operation(&c, f, sel, false)
	if err == nil && !ok {
		err = p.why(whyFilter, value)
	}
	return e, false, err
}

// startsOperation says whether a value is a filter rather than an argument of a function that is called with GET. As in
// PostgREST, what begins with not., in. or is. is one even where the rest is malformed.
func startsOperation(value string) bool {
	c := scanner{s: value}
	if c.word("not.") || c.word("in.") || c.word("is.") || c.word("isdistinct.") {
		return true
	}
	_, _, _, ok := c.operator()
	return ok
}

// operation parses [not.]operator.value. Inside a logic tree a value ends at a comma or a parenthesis.
func (p *reader) operation(c *scanner, f query.Field, sel *query.Select, inTree bool) (query.Expr, bool, error) {
	negated := c.word("not.")
	cmp, ok, err := p.comparison(c, f, inTree)
	if !ok || err != nil {
		return nil, ok, err
	}
	if err := p.checkPath(f); err != nil {
		return nil, true, err
	}
	if err := p.count(1); err != nil {
		return nil, true, err
	}
	if sel != nil && cmp.Op == query.Is && cmp.Value.Text == "null" && len(f.Path) == 0 && embedKeyed(sel, f.Column) {
		return &query.Embedded{Name: f.Column, Null: !negated}, true, nil
	}
	if negated {
		return &query.Not{Of: cmp}, true, p.count(1)
	}
	return cmp, true, nil
}

// checkPath refuses an index that is no integer and an arrow behind ->>, whose result is text and no JSON, in PostgreSQL's
// words.
func (p *reader) checkPath(f query.Field) error {
	if len(f.Path) > p.limits.PathMax {
		return tooDeepPath(p.limits.PathMax)
	}
	for _, step := range f.Path {
		if _, err := strconv.ParseInt(step.Key, 10, 32); err != nil && step.Index {
			return fault.Newf(fault.OutOfRange, "value \"%s\" is out of range for type integer", step.Key).WithStatus(400)
		}
	}
	for _, step := range f.Path[:max(len(f.Path)-1, 0)] {
		if step.Text {
			return fault.New(fault.UndefinedFunction, "operator does not exist: text -> unknown").
				WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
		}
	}
	return nil
}

func (p *reader) comparison(c *scanner, f query.Field, inTree bool) (*query.Compare, bool, error) {
	cmp := &query.Compare{Field: f}
	switch {
	case c.word("in."):
		list, ok := c.list()
		if len(list) > p.limits.InValuesMax {
			return nil, true, tooManyValues(p.limits.InValuesMax)
		}
		cmp.Op, cmp.Value = query.In, query.List(list)
		return cmp, ok, nil
	case c.word("is."):
		truth, ok := c.truth()
		cmp.Op, cmp.Value = query.Is, query.Text(truth)
		return cmp, ok, nil
	case c.word("isdistinct."):
		cmp.Op, cmp.Value = query.IsDistinct, query.Text(c.value(inTree))
		return cmp, true, nil
	}
	op, any, lang, ok := c.operator()
	if !ok {
		return nil, false, nil
	}
	cmp.Op, cmp.Any, cmp.Lang = op, any, lang
	text := c.value(inTree)
	if op == query.Like || op == query.ILike {
		text = strings.ReplaceAll(text, "*", "%")
	}
	if any == query.One {
		cmp.Value = query.Text(text)
		return cmp, true, wholePattern(op, text)
	}
	list, err := arrayLiteral(text)
	if err == nil && len(list) > p.limits.InValuesMax {
		err = tooManyValues(p.limits.InValuesMax)
	}
	if err == nil {
		err = wholePattern(op, list...)
	}
	cmp.Value = query.List(list)
	return cmp, true, err
}

// wholePattern refuses a LIKE pattern that ends within an escape. PostgreSQL says so only when a row matches up to there,
// which would tell of rows, and SQLite never.
func wholePattern(op query.Op, patterns ...string) error {
	if op != query.Like && op != query.ILike {
		return nil
	}
	for _, p := range patterns {
		if (len(p)-len(strings.TrimRight(p, `\`)))%2 == 1 {
			return fault.New(fault.BadEscape, "LIKE pattern must not end with escape character").WithStatus(400)
		}
	}
	return nil
}

// operator parses an operator with its modifier or language, and the dot behind it; in, is and isdistinct aside.
func (c *scanner) operator() (op query.Op, any query.Quantifier, lang string, ok bool) {
	j := c.i
	for j < len(c.s) && 'a' <= c.s[j] && c.s[j] <= 'z' {
		j++
	}
	op = query.Op(c.s[c.i:j])
	c.i = j
	switch op {
	case query.Eq, query.Gte, query.Gt, query.Lte, query.Lt, query.Like, query.ILike, query.Match, query.IMatch:
		if c.word("(any)") {
			any = query.Any
		} else if c.word("(all)") {
			any = query.All
		}
	case query.FTS, query.PLFTS, query.PHFTS, query.WFTS:
		if c.take('(') {
			if lang, ok = c.identifier(); !ok || !c.take(')') {
				return op, any, lang, false
			}
		}
	case query.Neq, query.Contains, query.Contained, query.Overlaps, query.StrictLeft, query.StrictRight, query.NotRight,
		query.NotLeft, query.Adjacent:
	default:
		return op, any, lang, false
	}
	return op, any, lang, c.take('.')
}

// list is (a,b,"c,d"); one empty element is an empty list.
func (c *scanner) list() ([]string, bool) {
	c.space()
	if !c.take('(') {
		return nil, false
	}
	c.space()
	near, _, _ := strings.Cut(c.s[c.i:], ")") // all of the list, unless a value has a parenthesis in it
	list := make([]string, 0, 1+strings.Count(near, ","))
	for {
		list = append(list, c.element())
		if !c.take(',') {
			break
		}
	}
	if !c.take(')') {
		return nil, false
	}
	c.space()
	if len(list) == 1 && list[0] == "" {
		return []string{}, true
	}
	return list, true
}

// element is one value of a list or tree: quoted up to a comma, a parenthesis or the end, or else whatever stands before them.
func (c *scanner) element() string {
	if c.peek() == '"' {
		from := c.i
		if text, ok := c.quoted(); ok && (c.done() || c.peek() == ',' || c.peek() == ')') {
			return text
		}
		c.i = from
	}
	n := strings.IndexAny(c.s[c.i:], ",)")
	if n < 0 {
		n = len(c.s) - c.i
	}
	text := c.s[c.i : c.i+n]
	c.i += n
	return text
}

// value is all that is left, or inside a tree one element, where {…} may hold commas.
func (c *scanner) value(inTree bool) string {
	if !inTree {
		text := c.s[c.i:]
		c.i = len(c.s)
		return text
	}
	if c.peek() == '{' {
		if n := strings.IndexAny(c.s[c.i+1:], "{}"); n >= 0 && c.s[c.i+1+n] == '}' {
			text := c.s[c.i : c.i+n+2]
			c.i += n + 2
			return text
		}
	}
	return c.element()
}

// truth is what is. compares with, in any case of letters. What follows it is ignored.
func (c *scanner) truth() (string, bool) {
	for _, word := range [...]string{"null", "not_null", "true", "false", "unknown"} {
		if n := c.i + len(word); n <= len(c.s) && strings.EqualFold(c.s[c.i:n], word) {
			c.i = n
			return word, true
		}
	}
	return "", false
}

// logicTree parses the value of an and or or parameter. op is and, or, not.and or not.or. PostgREST reads or=a.eq.1 as a
// filter on a column named ora; here it is refused.
func (p *reader) logicTree(op, value string, sel *query.Select) (query.Expr, error) {
	c := scanner{s: op + value}
	e, ok, err := p.branch(&c, sel)
	if err == nil && !ok {
		err = p.whyLogic(value, c.s)
	}
	return e, err
}

// tree parses field.operation, or a branch.
func (p *reader) tree(c *scanner, sel *query.Select) (query.Expr, bool, error) {
	start := c.i
	if f, ok := c.field(); ok && c.take('.') {
		e, ok, err := p.operation(c, f, sel, true)
		if ok || err != nil {
			return e, ok, err
		}
	}
	c.i = start
	return p.branch(c, sel)
}

// branch parses [not.]and(tree,…) or [not.]or(tree,…).
func (p *reader) branch(c *scanner, sel *query.Select) (query.Expr, bool, error) {
	negated := c.word("not.")
	isAnd := c.word("and")
	if !isAnd && !c.word("or") {
		return nil, false, nil
	}
	c.space()
	if !c.take('(') {
		return nil, false, nil
	}
	if err := p.count(1); err != nil {
		return nil, true, err
	}
	var of []query.Expr
	for {
		c.space()
		e, ok, err := p.tree(c, sel)
		if !ok || err != nil {
			return nil, ok, err
		}
		of = append(of, e)
		c.space()
		if !c.take(',') {
			break
		}
	}
	if !c.take(')') {
		return nil, false, nil
	}
	c.space()
	var e query.Expr = &query.Or{Of: of}
	if isAnd {
		e = &query.And{Of: of}
	}
	if negated {
		return &query.Not{Of: e}, true, p.count(1)
	}
	return e, true, nil
}

// count adds nodes to the request's filters.
func (p *reader) count(nodes int) error {
	if p.nodes += nodes; p.nodes > p.limits.FilterNodesMax {
		return tooManyNodes(p.limits.FilterNodesMax)
	}
	return nil
}

// arrayLiteral splits PostgreSQL's text form of a one-dimensional array into its elements (PostgreSQL manual, "Array Input
// and Output Syntax").
func arrayLiteral(s string) ([]string, error) {
	malformed := func(details string) error {
		return fault.New(fault.InvalidText, `malformed array literal: "`+s+`"`).WithDetails("%s", details)
	}
	text := strings.TrimSpace(s)
	if text == "" || text[0] != '{' {
		return nil, malformed(`Array value must start with "{" or dimension information.`)
	}
	list := []string{}
	i := 1
	skip := func() {
		for i < len(text) && isArraySpace(text[i]) {
			i++
		}
	}
	if skip(); i < len(text) && text[i] == '}' {
		i++
	} else {
		for {
			element, quoted, end, ok := arrayElement(text, i)
			if !ok {
				return nil, malformed("Unexpected end of input.")
			}
			if !quoted && (element == "" || strings.ContainsAny(element, `{"`)) {
				return nil, malformed("Unexpected array element.")
			}
			if !quoted && strings.EqualFold(element, "null") {
				return nil, fault.New(fault.NullElement, "null array element not allowed in this context")
			}
			list = append(list, element)
			i = end + 1
			if text[end] == '}' {
				break
			}
		}
	}
	if skip(); i < len(text) {
		return nil, malformed("Junk after closing right brace.")
	}
	return list, nil
}

func isArraySpace(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\r'
}

// arrayElement reads the element at i; end is the place of the comma or brace behind it.
func arrayElement(text string, i int) (element string, quoted bool, end int, ok bool) {
	for i < len(text) && isArraySpace(text[i]) {
		i++
	}
	var b []byte
	kept := 0 // spaces at the end are dropped up to here
	for inside := false; i < len(text); i++ {
		ch := text[i]
		switch {
		case ch == '\\' && i+1 < len(text):
			i++
			b = append(b, text[i])
			kept = len(b)
		case inside && ch == '"':
			inside = false
			kept = len(b)
		case inside:
			b = append(b, ch)
			kept = len(b)
		case ch == '"' && len(b) == 0 && !quoted:
			inside, quoted = true, true
		case ch == ',' || ch == '}':
			return string(b[:kept]), quoted, i, true
		default:
			b = append(b, ch)
			if !isArraySpace(ch) {
				kept = len(b)
			}
		}
	}
	return "", false, i, false
}
