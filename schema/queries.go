package schema

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	gql "github.com/vektah/gqlparser/v2/parser"
)

// A queryFile is one of queries/*.sql: a head comment that types the query, and its statement.
//
//	-- top_toasts(most: Int! = 5): [{toast_id: bigint!, name: String!, sold: bigint!}!]!
//	-- The toasts that were ordered most.
//	SELECT …
type queryFile struct {
	Source
	name   string // of the query: the file's, without .sql, .sqlite.sql or .postgres.sql
	engine string // "sqlite", "postgres", or empty for both
	parsed *Function
	sql    string
	writes bool
}

// namedQueries reads queries/*.sql into functions.
func (p *parser) namedQueries(sources []Source) {
	byName := map[string]*Function{}
	var order []string
	for _, general := range []bool{true, false} { // a file for one engine comes after, and stands in, the one for both
		for _, src := range sources {
			q := &queryFile{Source: src, name: strings.TrimSuffix(filepath.Base(src.Name), ".sql")}
			for _, e := range []string{"sqlite", "postgres"} {
				if n, ok := strings.CutSuffix(q.name, "."+e); ok {
					q.name, q.engine = n, e
				}
			}
			if (q.engine == "") != general || !p.query(q) {
				continue
			}
			f := byName[q.name]
			if f == nil {
				f = q.parsed
				f.Query = &NamedQuery{}
				byName[q.name] = f
				order = append(order, q.name)
			} else if f.signature() != q.parsed.signature() {
				p.wrongIn(q.Source, 0, "write the same head in both files", "the head of %s differs from its other file's: %s", q.name, f.signature())
			}
			if q.engine != "sqlite" {
				f.Query.Postgres = q.sql
			}
			if q.engine != "postgres" {
				f.Query.SQLite = q.sql
			}
			f.Query.Writes = f.Query.Writes || q.writes
			f.Volatile, f.Stable = f.Query.Writes, !f.Query.Writes
		}
	}
	roots := p.out.rootNames()
	slices.Sort(order)
	for _, n := range order {
		f := byName[n]
		if slices.ContainsFunc(p.out.Functions, func(o *Function) bool { return o.Field == n }) {
			p.wrong(p.at[f], "call the file something else", "%s is a function of the database too", n)
		}
		for _, r := range f.rootFields() {
			if t := roots[r]; t != nil {
				p.wrong(p.at[f], "call the file something else", "the API makes a field %s from the table %s", r.name, t.Type)
			}
		}
		p.out.Functions = append(p.out.Functions, f)
	}
	p.out.spell()
}

// wrongIn adds a mistake at a byte of a file.
func (p *parser) wrongIn(src Source, at int, instead, format string, args ...any) {
	before := src.Text[:at]
	p.add(Mistake{
		File: src.Name, Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
		Length: 1, Message: fmt.Sprintf(format, args...), Instead: instead,
	})
}

const headExample = "write -- name(parameter: Int! = 5): [{id: bigint!, name: String}!]!"

// query reads one file.
func (p *parser) query(q *queryFile) bool {
	headEnd := 0
	for rest := q.Text; strings.HasPrefix(rest, "--") || strings.TrimSpace(firstLine(rest)) == "" && rest != ""; rest = q.Text[headEnd:] {
		headEnd += len(firstLine(rest))
	}
	head := blank(q.Text[:headEnd])
	h, ok := p.splitHead(q, head)
	if !ok {
		return false
	}
	f, ok := p.headFunction(q, head, h)
	if !ok {
		return false
	}
	q.parsed = f
	if f.Name.Name != q.name {
		p.wrong(p.at[f], "call it "+q.name+", or the file "+f.Name.Name+".sql", "the file is called %s, and the query %s", q.name, f.Name.Name)
	}
	return p.statement(q, f, headEnd)
}

func firstLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i+1]
	}
	return s
}

// blank takes the dashes out of comment lines, so that what is left stands at its old place.
func blank(head string) string {
	lines := strings.SplitAfter(head, "\n")
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, "--"); ok {
			lines[i] = "  " + rest
		}
	}
	return strings.Join(lines, "")
}

// headParts are the places in a head: of the name with its parameters, of the result, and of the columns in braces.
type headParts struct {
	colon, end  int // the colon before the result; the end of the signature
	open, close int // braces around columns; 0 for none
	list        bool
}

// splitHead finds the parts of a signature: name(parameters): result.
func (p *parser) splitHead(q *queryFile, head string) (h headParts, ok bool) {
	depth, i := 0, 0
	for quoted := false; i < len(head) && h.colon == 0; i++ {
		switch c := head[i]; {
		case c == '"' && (i == 0 || head[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ':' && depth == 0:
			h.colon = i
		}
	}
	if h.colon == 0 {
		p.wrongIn(q.Source, 0, headExample, "the query doesn't begin with a comment that says its name, its parameters and its result")
		return h, false
	}
	rest := func() string { return strings.TrimLeft(head[i:], " \t\n\r") }
	skip := func(s string) bool {
		if !strings.HasPrefix(rest(), s) {
			return false
		}
		i = len(head) - len(rest()) + len(s)
		return true
	}
	h.list = skip("[")
	if skip("{") {
		h.open = i - 1
		n := strings.IndexByte(head[i:], '}')
		if n < 0 {
			p.wrongIn(q.Source, h.open, "close it: {id: bigint!}", "the result's columns don't end")
			return h, false
		}
		i += n + 1
		h.close = i - 1
	} else {
		skip("[")
		i = len(head) - len(rest())
		i += wordLength(head[i:] + " ")
		i = min(i, len(head))
	}
	skip("!")
	if h.list {
		skip("]")
		skip("!")
		skip("]")
		skip("!")
	}
	h.end = i
	if left := firstLine(head[i:]); strings.TrimSpace(left) != "" {
		p.wrongIn(q.Source, i+len(left)-len(strings.TrimLeft(left, " \t")), "put the description on a line of its own", "something stands behind the result")
		return h, false
	}
	return h, true
}

// headFunction reads the signature with the parser for GraphQL. What follows it is the query's description.
func (p *parser) headFunction(q *queryFile, head string, h headParts) (*Function, bool) {
	signature := head[:h.end]
	if h.open > 0 {
		signature = head[:h.open] + " _" + strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, head[h.open+2:h.close+1]) + head[h.close+1:h.end]
	}
	field, ok := p.headField(q, signature)
	if !ok {
		return nil, false
	}
	f := &Function{Name: Name{Name: field.Name}, Field: field.Name, Comment: strings.TrimSpace(unindent(head[h.end:]))}
	p.at[f] = field.Position
	for _, a := range field.Arguments {
		arg, ok := p.queryArg(f, a)
		if !ok {
			return nil, false
		}
		f.Args = append(f.Args, arg)
	}
	t := field.Type
	r := &f.Returns
	if r.SetOf = t.Elem != nil; r.SetOf {
		t = t.Elem
	}
	r.NotNull = t.NonNull
	if h.open > 0 {
		return f, p.queryColumns(q, f, head, h)
	}
	def := p.defs[t.Name()]
	switch {
	case t.NamedType == "void" && !r.SetOf:
		r.Void = true
	case t.Elem == nil && def != nil && def.table != nil:
		r.Table = def.table
	default:
		if r.Type, ok = p.typeRef(t, nil); !ok {
			return nil, false
		}
	}
	return f, true
}

// headField parses name(parameters): result as a field of a type. Its first line stands one line further down.
func (p *parser) headField(q *queryFile, text string) (*ast.FieldDefinition, bool) {
	if i := strings.IndexByte(text, '('); i >= 0 { // f(): Int is f: Int
		if inside, _, ok := strings.Cut(text[i+1:], ")"); ok && strings.TrimSpace(inside) == "" {
			text = text[:i] + " " + inside + " " + text[i+len(inside)+2:]
		}
	}
	src := &ast.Source{Name: q.Name, Input: "type Query{\n" + text + "\n}"}
	p.shifted[src] = 1
	doc, err := gql.ParseSchema(src)
	if err != nil {
		p.headSyntax(q, err)
		return nil, false
	}
	if len(doc.Definitions) != 1 || len(doc.Definitions[0].Fields) != 1 {
		p.wrongIn(q.Source, 0, headExample, "the head of the query declares more than one thing")
		return nil, false
	}
	f := doc.Definitions[0].Fields[0]
	for _, d := range f.Directives {
		p.wrong(d.Position, "take it out", "@%s can't stand on a named query", d.Name)
	}
	return f, true
}

func (p *parser) headSyntax(q *queryFile, err error) {
	m := p.syntaxMistake(q.Name, err, 1)
	m.Message, m.Instead = "the head of the query can't be read: "+m.Message, headExample
	p.add(m)
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// queryColumns reads the columns of a result in braces.
func (p *parser) queryColumns(q *queryFile, f *Function, head string, h headParts) bool {
	spaces := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, s)
	}
	src := &ast.Source{Name: q.Name, Input: "type R\n" + spaces(head[:h.open]) + head[h.open:h.close+1]}
	p.shifted[src] = 1
	doc, err := gql.ParseSchema(src)
	if err != nil || len(doc.Definitions) != 1 {
		p.headSyntax(q, cmpError(err))
		return false
	}
	for _, x := range doc.Definitions[0].Fields {
		for _, d := range x.Directives {
			p.wrong(d.Position, "take it out", "@%s can't stand on a result's column", d.Name)
		}
		t, ok := p.typeRef(x.Type, nil)
		if !ok {
			return false
		}
		if slices.ContainsFunc(f.Returns.Out, func(c *Column) bool { return c.Name == x.Name }) {
			p.wrong(x.Position, "give it another name", "the result has the column %s twice", x.Name)
		}
		f.Returns.Out = append(f.Returns.Out, &Column{
			Name: x.Name, Field: x.Name, Comment: x.Description, Type: t, NotNull: x.Type.NonNull, Position: len(f.Returns.Out),
		})
	}
	return true
}

func cmpError(err error) error {
	if err == nil {
		return errors.New("it declares more than one thing")
	}
	return err
}

// queryArg reads one parameter. Without a default and with a ! it must be given; without both, it is null where it isn't.
func (p *parser) queryArg(f *Function, a *ast.ArgumentDefinition) (Arg, bool) {
	out := Arg{Name: a.Name, Field: a.Name, Comment: a.Description, NotNull: a.Type.NonNull, Optional: !a.Type.NonNull || a.DefaultValue != nil}
	for _, d := range a.Directives {
		p.wrong(d.Position, "take it out", "@%s can't stand on a parameter", d.Name)
	}
	if slices.ContainsFunc(f.Args, func(o Arg) bool { return o.Name == a.Name }) {
		p.wrong(a.Position, "give it another name", "%s has the parameter %s twice", f.Field, a.Name)
	}
	t, ok := p.typeRef(a.Type, nil)
	if !ok {
		return out, false
	}
	if t.Table != nil {
		p.wrong(a.Type.Position, "take the columns that you need as parameters", "a parameter can't be a row of %s", t.Table.Type)
		return out, false
	}
	out.Type = t
	v := a.DefaultValue
	switch {
	case v == nil:
	case v.Kind == ast.NullValue:
		if a.Type.NonNull {
			p.wrong(v.Position, "take the ! away", "%s can't be null, so null is no default", a.Name)
		}
	case v.Kind == ast.ListValue || v.Kind == ast.ObjectValue:
		p.wrong(v.Position, "write "+exampleLiteral(t), "%s is no value of type %s", shortValue(v), t)
	default:
		text := v.Raw
		if why := checkLiteral(text, t); why != "" {
			p.wrong(v.Position, "write "+exampleLiteral(t), "the default %s of %s %s", shortValue(v), a.Name, why)
		}
		out.Default = &text
	}
	return out, true
}

// statement checks the SQL: one statement, and every parameter both declared and used.
func (p *parser) statement(q *queryFile, f *Function, start int) bool {
	body := q.Text[start:]
	tokens := scanSQL(body)
	used := map[string]bool{}
	end := len(body)
	for i, t := range tokens {
		at := start + t.at
		switch {
		case t.kind == sqlUnclosed:
			p.wrongIn(q.Source, at, "close it", "what begins with %s doesn't end", t.text)
			return false
		case t.kind == sqlNumbered:
			p.wrongIn(q.Source, at, "write :name, and declare it in the head", "parameters have names, and %s is a number", t.text)
		case t.kind == sqlMark && t.text == ";":
			if i < len(tokens)-1 {
				p.wrongIn(q.Source, at, "put the second one into a file of its own", "a named query is one statement")
				return false
			}
			end = t.at
		case t.kind == sqlParameter && !used[t.text]:
			used[t.text] = true
			if !slices.ContainsFunc(f.Args, func(a Arg) bool { return a.Name == t.text }) {
				var names []string
				for _, a := range f.Args {
					names = append(names, a.Name)
				}
				instead := "declare it in the head: " + f.Name.Name + "(" + t.text + ": Int!)"
				if n := nearest(t.text, names); n != "" {
					instead = "write :" + n
				}
				p.wrongIn(q.Source, at, instead, "the head declares no parameter %s", t.text)
			}
		}
	}
	if q.sql = strings.TrimSpace(body[:end]); q.sql == "" || len(tokens) == 0 {
		p.wrongIn(q.Source, max(0, min(start, len(q.Text)-1)), "write a SELECT after the head", "the query has no statement")
		return false
	}
	for _, a := range f.Args {
		if !used[a.Name] {
			p.wrong(p.at[f], "write :"+a.Name+" where it belongs, or take it out of the head", "%s declares the parameter %s, and doesn't use it", f.Name.Name, a.Name)
		}
	}
	if word, ok := controls(tokens); ok {
		p.wrongIn(q.Source, start+tokens[0].at, "take it out: what a request does is one transaction already", "a named query can't begin or end a transaction, as %s does", word)
		return false
	}
	q.writes = writes(tokens)
	return true
}

// signature writes a named query's head.
func (f *Function) signature() string {
	var args []string
	typed := func(t Type, notNull bool) string {
		s := t.String()
		if notNull {
			s += "!"
		}
		return s
	}
	for _, a := range f.Args {
		s := a.Name + ": " + typed(a.Type, a.NotNull)
		if a.Default != nil {
			s += " = " + quote(*a.Default)
		} else if a.Optional && a.NotNull {
			s += " = null"
		}
		args = append(args, s)
	}
	r := f.Returns
	var gives string
	switch {
	case r.Void:
		gives = "void"
	case r.Table != nil:
		gives = r.Table.Type
	case len(r.Out) > 0:
		var columns []string
		for _, c := range r.Out {
			columns = append(columns, c.Name+": "+typed(c.Type, c.NotNull))
		}
		gives = "{" + strings.Join(columns, ", ") + "}"
	default:
		gives = r.Type.String()
	}
	if r.NotNull {
		gives += "!"
	}
	if r.SetOf {
		gives = "[" + gives + "]"
	}
	return f.Name.Name + "(" + strings.Join(args, ", ") + "): " + gives
}
