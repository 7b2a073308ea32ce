package sqlite

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// A matcher holds a pattern, or with any and all several, against a text.
type matcher struct {
	patterns []func(string) bool
	all      bool
}

// newMatcher compiles what Op asks for.
func newMatcher(op query.Op, any query.Quantifier, arg *query.Value) (*matcher, error) {
	m := &matcher{all: any == query.All}
	if arg.Null {
		return m, nil
	}
	list := arg.List
	if !arg.IsList {
		list = []string{arg.Text}
	}
	for _, s := range list {
		p, err := pattern(op, s)
		if err != nil {
			return nil, err
		}
		m.patterns = append(m.patterns, p)
	}
	if len(m.patterns) == 0 { // of an empty list: any is false, all is true
		all := m.all
		m.patterns = append(m.patterns, func(string) bool { return all })
	}
	return m, nil
}

func pattern(op query.Op, s string) (func(string) bool, error) {
	switch op {
	case query.Like:
		return func(text string) bool { return like(text, s) }, nil
	case query.ILike:
		s = foldCase(s)
		return func(text string) bool { return like(foldCase(text), s) }, nil
	}
	if op == query.Similar {
		var err error
		if s, err = similar(s); err != nil {
			return nil, err
		}
	}
	re, err := compileRegexp(s, op == query.IMatch)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

// ptMatch is null for null.
func ptMatch(x sqlite3.Context, v ...sqlite3.Value) {
	m, ok := v[0].Pointer().(*matcher)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	if len(m.patterns) == 0 || v[1].Type() == sqlite3.NULL {
		return
	}
	text := view(v[1].RawText())
	for _, p := range m.patterns {
		if p(text) != m.all {
			x.ResultBool(!m.all)
			return
		}
	}
	x.ResultBool(m.all)
}

// foldCase is lower case, letter by letter.
func foldCase(s string) string { return strings.Map(unicode.ToLower, s) }

// like says whether text matches an SQL pattern: % any characters, _ one, a backslash takes the next one as it is. It goes back
// to the last % only, so its time is bounded by the product of the lengths. A lone backslash at the pattern's end matches nothing: an
// error, as PostgreSQL raises it where a row gets that far, would tell of the rows.
func like(text, p string) bool {
	t, i := 0, 0
	back, from := -1, 0
	for t < len(text) {
		if i < len(p) && p[i] == '%' {
			i++
			back, from = i, t
			continue
		}
		if n, next, ok := likeOne(text[t:], p, i); ok {
			t, i = t+n, next
			continue
		}
		if back < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(text[from:])
		from += n
		t, i = from, back
	}
	for i < len(p) && p[i] == '%' {
		i++
	}
	return i == len(p)
}

// likeOne matches one character of the pattern at i; it gives the bytes of text that it took and the pattern's next place.
func likeOne(text, p string, i int) (n, next int, ok bool) {
	if i >= len(p) {
		return 0, 0, false
	}
	switch p[i] {
	case '_':
		_, n = utf8.DecodeRuneInString(text)
		return n, i + 1, true
	case '\\':
		i++
	}
	if i < len(p) && text[0] == p[i] {
		return 1, i + 1, true
	}
	return 0, 0, false
}

// regexpBytesMax bounds a pattern.
const regexpBytesMax = 4096

// compileRegexp compiles PostgreSQL's regular expressions with Go's engine, whose time is linear in the text.
func compileRegexp(s string, fold bool) (*regexp.Regexp, error) {
	if len(s) > regexpBytesMax {
		return nil, fault.New(fault.BadRegexp, "invalid regular expression: regular expression is too complex")
	}
	flags, body := "(?s)", s
	switch {
	case strings.HasPrefix(s, "***="):
		body = regexp.QuoteMeta(s[4:])
	case strings.HasPrefix(s, "***:"):
		body = s[4:]
	}
	if fold {
		flags = "(?si)"
	}
	re, err := regexp.Compile(flags + translate(body))
	if err != nil {
		return nil, fault.Newf(fault.BadRegexp, "invalid regular expression: %s", regexpReason(err)).WithCause(err)
	}
	return re, nil
}

// similar turns the pattern of SIMILAR TO into a regular expression (regexp.c, similar_escape_internal).
func similar(p string) (string, error) {
	var b strings.Builder
	b.WriteString("^(?:")
	escaped, inClass, quotes := false, false, 0
	for i := range len(p) {
		switch c := p[i]; {
		case escaped && c == '"' && !inClass:
			escaped = false
			switch quotes++; quotes {
			case 1:
				b.WriteString("){1,1}?(")
			case 2:
				b.WriteString("){1,1}(?:")
			default:
				return "", fault.New("2200C", "SQL regular expression may not contain more than two escape-double-quote separators").WithStatus(400)
			}
		case escaped:
			escaped = false
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\\':
			escaped = true
		case inClass:
			b.WriteByte(c)
			inClass = c != ']'
		case c == '[':
			inClass = true
			b.WriteByte(c)
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteByte('.')
		case c == '(':
			b.WriteString("(?:")
		case c == '.', c == '^', c == '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString(")$")
	return b.String(), nil
}

// regexpReason words Go's reasons as PostgreSQL's regerror does.
func regexpReason(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "missing closing )"), strings.Contains(text, "unexpected )"):
		return "parentheses () not balanced"
	case strings.Contains(text, "missing closing ]"):
		return "brackets [] not balanced"
	case strings.Contains(text, "missing argument to repetition"), strings.Contains(text, "invalid nested repetition"):
		return "quantifier operand invalid"
	case strings.Contains(text, "invalid repeat count"):
		return "invalid repetition count(s)"
	case strings.Contains(text, "invalid character class range"):
		return "invalid character range"
	case strings.Contains(text, "escape"):
		return "invalid escape \\ sequence"
	}
	return "invalid regexp"
}

// translate turns escapes that only PostgreSQL's advanced expressions have into Go's (manual, 9.7.3.3): \m \M \y are word
// boundaries, \Y is none, \A and \Z the ends.
func translate(s string) string {
	if strings.IndexByte(s, '\\') < 0 && !strings.Contains(s, "[[:<:]]") && !strings.Contains(s, "[[:>:]]") {
		return s
	}
	s = strings.NewReplacer("[[:<:]]", `\m`, "[[:>:]]", `\M`).Replace(s)
	var b strings.Builder
	inClass := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			switch {
			case c == '[' && !inClass:
				inClass = true
			case c == ']' && inClass:
				inClass = false
			}
			b.WriteByte(c)
			continue
		}
		i++
		switch e := s[i]; {
		case inClass:
			b.WriteByte('\\')
			b.WriteByte(e)
		case e == 'm':
			b.WriteString(`\b`)
		case e == 'M', e == 'y':
			b.WriteString(`\b`)
		case e == 'Y':
			b.WriteString(`\B`)
		case e == 'Z':
			b.WriteString(`\z`)
		case e == 'u' && i+4 < len(s):
			b.WriteString(`\x{` + s[i+1:i+5] + `}`)
			i += 4
		default:
			b.WriteByte('\\')
			b.WriteByte(e)
		}
	}
	return b.String()
}
