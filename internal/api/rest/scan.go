package rest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/query"
)

// A scanner walks one value of the query string. The grammar is PostgREST's (ApiRequest/QueryParams.hs), which is what a
// Parsec grammar accepts: white space is allowed where its lexeme is, and what follows a whole value is ignored where it
// asks for no end of input. Methods that answer false leave the position anywhere; parsec.go then says why.
type scanner struct {
	s string
	i int
}

func (c *scanner) done() bool { return c.i >= len(c.s) }

// peek gives the next byte, 0 at the end.
func (c *scanner) peek() byte {
	if c.i < len(c.s) {
		return c.s[c.i]
	}
	return 0
}

func (c *scanner) take(b byte) bool {
	if c.i < len(c.s) && c.s[c.i] == b {
		c.i++
		return true
	}
	return false
}

func (c *scanner) word(w string) bool {
	if strings.HasPrefix(c.s[c.i:], w) {
		c.i += len(w)
		return true
	}
	return false
}

func (c *scanner) space() {
	for c.i < len(c.s) && (c.s[c.i] == ' ' || c.s[c.i] == '\t') {
		c.i++
	}
}

// isIdent says whether an ASCII byte may stand in a name without quotes.
func isIdent(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == ' ' || b == '$'
}

// ident passes letters, digits, _, $ and spaces, and says whether there was one.
func (c *scanner) ident() bool {
	from := c.i
	for c.i < len(c.s) {
		b := c.s[c.i]
		if isIdent(b) {
			c.i++
			continue
		}
		if b < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(c.s[c.i:])
		if !unicode.IsLetter(r) {
			break
		}
		c.i += n
	}
	return c.i > from
}

// identifier is a type's or a text search configuration's name.
func (c *scanner) identifier() (string, bool) {
	from := c.i
	ok := c.ident()
	return strings.TrimSpace(c.s[from:c.i]), ok
}

// name is a column's, relation's or alias's name: "quoted", or identifiers joined by dashes.
func (c *scanner) name() (string, bool) {
	if c.peek() == '"' {
		return c.quoted()
	}
	return c.dashed(c.ident)
}

// dashed is parts joined by dashes, where -> is no dash; white space around each part is dropped.
func (c *scanner) dashed(part func() bool) (string, bool) {
	start, trim := c.i, false
	for {
		from := c.i
		if !part() {
			return "", false
		}
		trim = trim || isSpace(c.s[from]) || isSpace(c.s[c.i-1])
		if c.peek() != '-' || strings.HasPrefix(c.s[c.i:], "->") {
			break
		}
		c.i++
	}
	text := c.s[start:c.i]
	if !trim {
		return text, true
	}
	parts := strings.Split(text, "-")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, "-"), true
}

// isSpace is generous with what isn't ASCII: it only decides whether strings.TrimSpace is asked.
func isSpace(b byte) bool { return b <= ' ' || b >= utf8.RuneSelf }

// quoted is "…" in which a backslash takes the next character as it is.
func (c *scanner) quoted() (string, bool) {
	if !c.take('"') {
		return "", false
	}
	end := strings.IndexAny(c.s[c.i:], `"\`)
	if end < 0 {
		return "", false
	}
	if c.s[c.i+end] == '"' {
		text := c.s[c.i : c.i+end]
		c.i += end + 1
		return text, true
	}
	var b strings.Builder
	for c.i < len(c.s) {
		switch ch := c.s[c.i]; ch {
		case '"':
			c.i++
			return b.String(), true
		case '\\':
			c.i++
			if c.done() {
				return "", false
			}
			_, n := utf8.DecodeRuneInString(c.s[c.i:])
			b.WriteString(c.s[c.i : c.i+n])
			c.i += n
		default:
			b.WriteByte(ch)
			c.i++
		}
	}
	return "", false
}

// path is any number of JSON arrows.
func (c *scanner) path() ([]query.Step, bool) {
	var steps []query.Step
	for c.word("->") {
		step := query.Step{Text: c.take('>')}
		switch {
		case c.index(&step.Key):
			step.Index = true
		case c.peek() == '"':
			key, ok := c.quoted()
			if !ok {
				return nil, false
			}
			step.Key, step.Quoted = key, true
		default:
			key, ok := c.dashed(c.keyPart)
			if !ok {
				return nil, false
			}
			step.Key = key
		}
		steps = append(steps, step)
	}
	return steps, true
}

// index is a decimal number at whose end the operand ends.
func (c *scanner) index(key *string) bool {
	j := c.i
	if j < len(c.s) && c.s[j] == '-' {
		j++
	}
	digits := j
	for j < len(c.s) && '0' <= c.s[j] && c.s[j] <= '9' {
		j++
	}
	rest := c.s[j:]
	if j == digits || rest != "" && rest[0] != '.' && rest[0] != ',' && rest[0] != ')' && !strings.HasPrefix(rest, "->") && !strings.HasPrefix(rest, "::") {
		return false
	}
	*key = c.s[c.i:j]
	c.i = j
	return true
}

func (c *scanner) keyPart() bool {
	n := strings.IndexAny(c.s[c.i:], "(-:.,>)")
	if n < 0 {
		n = len(c.s) - c.i
	}
	c.i += n
	return n > 0
}

// field is a name and its JSON path, with white space around.
func (c *scanner) field() (f query.Field, ok bool) {
	c.space()
	if f.Column, ok = c.name(); !ok {
		return f, false
	}
	if c.peek() == '-' {
		if f.Path, ok = c.path(); !ok {
			return f, false
		}
	}
	c.space()
	return f, true
}
