package migrate

import (
	"strings"
)

// A token of SQLite's SQL: a word, a quoted name, a string, a comment, or one character of punctuation.
type token struct {
	kind  tokenKind
	text  string // unquoted where it was quoted; upper case has not been made
	start int    // in the source
	end   int
}

type tokenKind uint8

const (
	wordToken tokenKind = iota
	nameToken           // quoted: "x", [x], `x`
	stringToken
	numberToken
	punctToken
	commentToken // /* … */ only; the rest are left out
)

// tokens splits a definition of SQLite. It never fails: what it doesn't know is punctuation.
func tokens(sql string) []token { return tokensOf(sql, SQLite) }

// tokensOf splits SQL. Brackets quote names on SQLite, and stand for arrays on PostgreSQL.
func tokensOf(sql string, e Engine) []token {
	var out []token
	for i := 0; i < len(sql); {
		start := i
		switch c := sql[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
			continue
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n + 1
			} else {
				i = len(sql)
			}
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			n := strings.Index(sql[i+2:], "*/")
			if n < 0 {
				return out
			}
			out = append(out, token{commentToken, strings.TrimSpace(sql[i+2 : i+2+n]), start, i + n + 4})
			i += n + 4
		case c == '\'' || c == '"' || c == '`' || c == '[' && e == SQLite:
			var text string
			text, i = quoted(sql, i)
			kind := nameToken
			if c == '\'' {
				kind = stringToken
			}
			out = append(out, token{kind, text, start, i})
		case c >= '0' && c <= '9', c == '.' && i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9':
			for i < len(sql) && (wordByte(sql[i]) || sql[i] == '.' || (sql[i] == '+' || sql[i] == '-') && (sql[i-1] == 'e' || sql[i-1] == 'E')) {
				i++
			}
			out = append(out, token{numberToken, sql[start:i], start, i})
		case wordByte(c):
			for i < len(sql) && wordByte(sql[i]) {
				i++
			}
			out = append(out, token{wordToken, sql[start:i], start, i})
		default:
			i++
			for _, two := range []string{"<=", ">=", "<>", "!=", "==", "||", "->", "::", "~~", "!~", "@>", "<@"} {
				if strings.HasPrefix(sql[start:], two) {
					i = start + 2
				}
			}
			for _, more := range []string{"->>", "!~~", "~~*", "!~~*"} {
				if strings.HasPrefix(sql[start:], more) {
					i = start + len(more)
				}
			}
			out = append(out, token{punctToken, sql[start:i], start, i})
		}
	}
	return out
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// quoted reads what is quoted at i and gives it without its quotes, and the place after it.
func quoted(sql string, i int) (string, int) {
	end := sql[i]
	if end == '[' {
		end = ']'
	}
	var b strings.Builder
	for i++; i < len(sql); i++ {
		if sql[i] == end {
			if end != ']' && i+1 < len(sql) && sql[i+1] == end {
				i++
			} else {
				return b.String(), i + 1
			}
		}
		b.WriteByte(sql[i])
	}
	return b.String(), i
}

// A liteTable is what CREATE TABLE says beyond the pragmas.
type liteTable struct {
	columns map[string]*liteColumn // by lower-case name
	primary *liteKey
	uniques []liteKey
	checks  []liteCheck
	foreign []liteForeign
	notes   []string // what the file can't say
}

type liteColumn struct {
	comment   string // of the type: /* … */
	collate   string
	generated string
	stored    bool
	auto      bool
}

type liteKey struct {
	name    string
	columns []string
}

type liteCheck struct {
	name, sql string
	column    string // where it stands with a column
}

type liteForeign struct {
	name               string
	columns            []string
	to                 string
	references         []string
	onDelete, onUpdate string
	deferrable         bool
	deferred           bool
}

// A liteParser walks over CREATE TABLE.
type liteParser struct {
	sql  string
	toks []token
	at   int
	out  *liteTable
}

// parseCreateTable reads the text that sqlite_schema keeps of a table.
func parseCreateTable(sql string) *liteTable {
	p := &liteParser{sql: sql, toks: tokens(sql), out: &liteTable{columns: map[string]*liteColumn{}}}
	for p.at < len(p.toks) && !p.punct("(") {
		p.at++
	}
	for p.at < len(p.toks) {
		p.comments()
		if p.constraint("", nil) {
			p.rest()
		} else {
			p.column()
		}
		if !p.punct(",") {
			break
		}
	}
	return p.out
}

func (p *liteParser) peek() token {
	if p.at < len(p.toks) {
		return p.toks[p.at]
	}
	return token{kind: punctToken}
}

func (p *liteParser) punct(s string) bool {
	if t := p.peek(); t.kind == punctToken && t.text == s {
		p.at++
		return true
	}
	return false
}

// word takes keywords that stand in a row.
func (p *liteParser) word(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.toks) || p.toks[p.at+i].kind != wordToken || !strings.EqualFold(p.toks[p.at+i].text, w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *liteParser) comments() {
	for p.peek().kind == commentToken {
		p.at++
	}
}

// name takes a name, quoted or not.
func (p *liteParser) name() string {
	p.comments()
	t := p.peek()
	if t.kind == wordToken || t.kind == nameToken || t.kind == stringToken {
		p.at++
		return t.text
	}
	return ""
}

// parens takes what stands in parentheses and gives its text without them.
func (p *liteParser) parens() string {
	p.comments()
	if !p.punct("(") {
		return ""
	}
	start, depth := p.peek().start, 1
	for ; p.at < len(p.toks); p.at++ {
		if t := p.toks[p.at]; t.kind == punctToken {
			switch t.text {
			case "(":
				depth++
			case ")":
				if depth--; depth == 0 {
					p.at++
					return strings.TrimSpace(p.sql[start:t.start])
				}
			}
		}
	}
	return ""
}

// rest skips to the comma or the end of the table's parentheses.
func (p *liteParser) rest() {
	for p.at < len(p.toks) {
		t := p.peek()
		if t.kind == punctToken && (t.text == "," || t.text == ")") {
			return
		}
		if t.kind == punctToken && t.text == "(" {
			p.parens()
			continue
		}
		p.at++
	}
}

// list takes names in parentheses, each with whatever follows it (COLLATE, DESC).
func (p *liteParser) list() []string {
	var out []string
	if !p.punct("(") {
		return nil
	}
	for p.at < len(p.toks) && !p.punct(")") {
		out = append(out, p.name())
		for p.at < len(p.toks) {
			if t := p.peek(); t.kind == punctToken && (t.text == "," || t.text == ")") {
				break
			}
			if p.word("AUTOINCREMENT") {
				if c := p.out.columns[strings.ToLower(out[0])]; c != nil {
					c.auto = true
				}
				continue
			}
			p.at++
		}
		p.punct(",")
	}
	return out
}

func (p *liteParser) column() {
	name := p.name()
	if name == "" {
		p.rest()
		return
	}
	c := &liteColumn{}
	p.out.columns[strings.ToLower(name)] = c
	for p.at < len(p.toks) {
		t := p.peek()
		switch {
		case t.kind == commentToken:
			if c.comment == "" {
				c.comment = t.text
			}
			p.at++
		case t.kind == punctToken && (t.text == "," || t.text == ")"):
			return
		case p.constraint(name, c):
		case t.kind == punctToken && t.text == "(":
			p.parens() // a type's length
		default:
			p.at++
		}
	}
}

// constraint takes one constraint; of a column where column is set. It says whether there was one.
func (p *liteParser) constraint(column string, c *liteColumn) bool {
	name := ""
	if p.word("CONSTRAINT") {
		name = p.name()
		p.comments()
	}
	own := func() []string {
		if c != nil {
			return []string{column}
		}
		return p.list()
	}
	switch {
	case p.word("PRIMARY", "KEY"):
		k := liteKey{name: name, columns: own()}
		p.out.primary = &k
		if c != nil {
			_ = p.word("ASC") || p.word("DESC")
			p.conflict()
			c.auto = p.word("AUTOINCREMENT") || c.auto
		}
		p.conflict()
	case p.word("UNIQUE"):
		p.out.uniques = append(p.out.uniques, liteKey{name: name, columns: own()})
		p.conflict()
	case p.word("CHECK"):
		p.out.checks = append(p.out.checks, liteCheck{name: name, sql: p.parens(), column: column})
		p.conflict()
	case c == nil && p.word("FOREIGN", "KEY"):
		cols := p.list()
		p.word("REFERENCES")
		p.references(liteForeign{name: name, columns: cols})
	case c != nil && p.word("REFERENCES"):
		p.references(liteForeign{name: name, columns: []string{column}})
	case c != nil && p.word("COLLATE"):
		c.collate = p.name()
	case c != nil && p.word("DEFAULT"):
		if p.peek().text == "(" {
			p.parens()
		} else {
			if p.peek().text == "+" || p.peek().text == "-" {
				p.at++
			}
			p.at++
		}
	case c != nil && (p.word("GENERATED", "ALWAYS", "AS") || p.word("AS")):
		c.generated = p.parens()
		c.stored = p.word("STORED")
		p.word("VIRTUAL")
	case c != nil && p.word("NOT", "NULL"), c != nil && p.word("NULL"):
		p.conflict()
	default:
		return name != ""
	}
	return true
}

func (p *liteParser) conflict() {
	if p.word("ON", "CONFLICT") {
		p.out.notes = append(p.out.notes, "ON CONFLICT "+strings.ToUpper(p.name()))
	}
}

func (p *liteParser) references(f liteForeign) {
	f.to = p.name()
	f.references = p.list()
	for {
		switch {
		case p.word("ON", "DELETE"):
			f.onDelete = p.action()
		case p.word("ON", "UPDATE"):
			f.onUpdate = p.action()
		case p.word("MATCH"):
			p.name()
		case p.word("NOT", "DEFERRABLE"):
			_ = p.word("INITIALLY", "DEFERRED") || p.word("INITIALLY", "IMMEDIATE")
		case p.word("DEFERRABLE"):
			f.deferrable = true
			if p.word("INITIALLY", "DEFERRED") {
				f.deferred = true
			} else {
				p.word("INITIALLY", "IMMEDIATE")
			}
		default:
			p.out.foreign = append(p.out.foreign, f)
			return
		}
	}
}

func (p *liteParser) action() string {
	for _, a := range [][]string{{"CASCADE"}, {"RESTRICT"}, {"SET", "NULL"}, {"SET", "DEFAULT"}} {
		if p.word(a...) {
			return strings.Join(a, " ")
		}
	}
	p.word("NO", "ACTION")
	return ""
}
