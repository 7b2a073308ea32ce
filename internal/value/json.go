package value

import (
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
)

// parseJSON checks a JSON text and keeps it as it came.
func parseJSON(s string) (any, error) {
	p := jsonParser{in: s}
	if err := p.document(); err != nil {
		return nil, err
	}
	return s, nil
}

// A jsonToken is one of { } [ ] , : or s(tring) 0 (number) t(rue) f(alse) n(ull), x for a word that is none, and 0 at the end.
type jsonToken = byte

const (
	jsonEnd    jsonToken = 0
	jsonString jsonToken = 's'
	jsonNumber jsonToken = '0'
	jsonTrue   jsonToken = 't'
	jsonFalse  jsonToken = 'f'
	jsonNull   jsonToken = 'n'
)

// A jsonParser walks over a JSON text. A sink hears of what stands in it; without one the text is only checked.
type jsonParser struct {
	in       string
	pos      int // behind the token
	start    int // of the token
	kind     jsonToken
	depth    int
	sink     jsonSink
	unescape bool // refuse \u escapes that are no character, as whatever turns strings into text does
}

// A jsonSink hears of a JSON text from left to right.
type jsonSink interface {
	begin(kind byte)                  // { or [
	end(kind byte)                    // } or ]
	key(s string)                     // raw, with quotes
	scalar(kind byte, s string) error // raw
}

// document reads one value and nothing behind it.
func (p *jsonParser) document() error {
	if err := p.next(); err != nil {
		return err
	}
	if err := p.value(expectValue); err != nil {
		return err
	}
	if p.kind != jsonEnd {
		return p.unexpected("Expected end of input, but found \"%s\".")
	}
	return nil
}

// What the details say of a token in a wrong place.
const (
	expectValue    = `Expected JSON value, but found "%s".`
	expectArrayEnd = `Expected "," or "]", but found "%s".`
	expectKey      = `Expected string or "}", but found "%s".`
	expectNextKey  = `Expected string, but found "%s".`
	expectColon    = `Expected ":", but found "%s".`
	expectComma    = `Expected "," or "}", but found "%s".`
)

// value reads the value that the current token starts, and the token behind it.
func (p *jsonParser) value(expected string) error {
	switch p.kind {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case jsonString, jsonNumber, jsonTrue, jsonFalse, jsonNull:
		kind, raw := p.kind, p.in[p.start:p.pos]
		if err := p.next(); err != nil || p.sink == nil {
			return err
		}
		return p.sink.scalar(kind, raw)
	}
	return p.unexpected(expected)
}

func (p *jsonParser) object() error {
	if err := p.open('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		switch {
		case p.kind == jsonString:
		case first && p.kind == '}':
			return p.close('}')
		case first:
			return p.unexpected(expectKey)
		default:
			return p.unexpected(expectNextKey)
		}
		if p.sink != nil {
			p.sink.key(p.in[p.start:p.pos])
		}
		if err := p.next(); err != nil {
			return err
		}
		if p.kind != ':' {
			return p.unexpected(expectColon)
		}
		if err := p.next(); err != nil {
			return err
		}
		if err := p.value(expectValue); err != nil {
			return err
		}
		if p.kind == '}' {
			return p.close('}')
		}
		if p.kind != ',' {
			return p.unexpected(expectComma)
		}
		if err := p.next(); err != nil {
			return err
		}
	}
}

func (p *jsonParser) array() error {
	if err := p.open('['); err != nil {
		return err
	}
	if p.kind == ']' {
		return p.close(']')
	}
	for {
		if err := p.value(expectValue); err != nil {
			return err
		}
		if p.kind == ']' {
			return p.close(']')
		}
		if p.kind != ',' {
			return p.unexpected(expectArrayEnd)
		}
		if err := p.next(); err != nil {
			return err
		}
	}
}

func (p *jsonParser) open(kind byte) error {
	if p.depth++; p.depth > jsonDepthMax {
		return fault.New(stackTooDeep, "stack depth limit exceeded")
	}
	if p.sink != nil {
		p.sink.begin(kind)
	}
	return p.next()
}

func (p *jsonParser) close(kind byte) error {
	p.depth--
	if p.sink != nil {
		p.sink.end(kind)
	}
	return p.next()
}

// unexpected is the fault of a good token in a wrong place.
func (p *jsonParser) unexpected(details string) error {
	f := fault.New(fault.InvalidText, "invalid input syntax for type json")
	if p.kind == jsonEnd {
		return f.WithDetails("The input string ended unexpectedly.")
	}
	return f.WithDetails(details, p.in[p.start:p.pos])
}

// badToken is the fault of what is no token, up to end.
func (p *jsonParser) badToken(end int) error {
	return fault.New(fault.InvalidText, "invalid input syntax for type json").
		WithDetails(`Token "%s" is invalid.`, p.in[p.start:end])
}

// next reads one token.
func (p *jsonParser) next() error {
	for p.pos < len(p.in) && (p.in[p.pos] == ' ' || p.in[p.pos] == '\n' || p.in[p.pos] == '\t' || p.in[p.pos] == '\r') {
		p.pos++
	}
	p.start = p.pos
	if p.pos == len(p.in) {
		p.kind = jsonEnd
		return nil
	}
	switch c := p.in[p.pos]; {
	case c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':':
		p.pos++
		p.kind = c
		return nil
	case c == '"':
		p.kind = jsonString
		return p.string()
	case c == '-' || isDigit(c):
		p.kind = jsonNumber
		return p.number()
	}
	end := p.pos
	for end < len(p.in) && isWord(p.in[end]) {
		end++
	}
	if end == p.pos {
		_, n := utf8.DecodeRuneInString(p.in[p.pos:])
		p.pos += n
		return p.badToken(p.pos)
	}
	p.pos = end
	switch p.in[p.start:end] {
	case "true":
		p.kind = jsonTrue
	case "false":
		p.kind = jsonFalse
	case "null":
		p.kind = jsonNull
	default:
		return p.badToken(end)
	}
	return nil
}

// isWord says whether a byte may belong to a word, right or wrong.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c >= 0x80
}

func (p *jsonParser) number() error {
	i := p.pos
	bad := false
	if p.in[i] == '-' {
		i++
	}
	digits := func() int {
		n := i
		for i < len(p.in) && isDigit(p.in[i]) {
			i++
		}
		return i - n
	}
	if i < len(p.in) && p.in[i] == '0' {
		i++
	} else if digits() == 0 {
		bad = true
	}
	if i < len(p.in) && p.in[i] == '.' {
		i++
		if digits() == 0 {
			bad = true
		}
	}
	if i < len(p.in) && lower(p.in[i]) == 'e' {
		i++
		if i < len(p.in) && (p.in[i] == '+' || p.in[i] == '-') {
			i++
		}
		if digits() == 0 {
			bad = true
		}
	}
	for ; i < len(p.in) && isWord(p.in[i]); i++ {
		bad = true
	}
	p.pos = i
	if bad {
		return p.badToken(i)
	}
	return nil
}

// string reads a string; its escapes are checked, its characters too where they are to become text.
func (p *jsonParser) string() error {
	high := false // a high surrogate wants a low one
	for p.pos++; p.pos < len(p.in); {
		c := p.in[p.pos]
		rest := p.in[p.pos+1:]
		switch {
		case c < ' ':
			return p.invalid("Character with value 0x%02x must be escaped.", c)
		case c == '\\' && rest == "":
			p.pos++
		case c == '\\' && rest[0] == 'u':
			u, err := p.unicodeEscape()
			if err == nil && p.unescape {
				high, err = p.character(high, u)
			}
			if err != nil {
				return err
			}
		case high:
			return p.invalid(lowMissing)
		case c == '"':
			p.pos++
			return nil
		case c == '\\' && strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0:
			p.pos += 2
		case c == '\\':
			_, n := utf8.DecodeRuneInString(rest)
			p.pos += 1 + n
			return p.invalid(`Escape sequence "\%s" is invalid.`, rest[:n])
		default:
			p.pos++
		}
	}
	return p.badToken(len(p.in))
}

func (p *jsonParser) invalid(details string, args ...any) error {
	return fault.New(fault.InvalidText, "invalid input syntax for type json").WithDetails(details, args...)
}

// unicodeEscape reads \u and four digits.
func (p *jsonParser) unicodeEscape() (u rune, err error) {
	p.pos += len(`\u`)
	for range 4 {
		if p.pos == len(p.in) {
			return 0, p.badToken(len(p.in))
		}
		c := p.in[p.pos]
		if !isHex(c) {
			return 0, p.invalid(`"\u" must be followed by four hexadecimal digits.`)
		}
		u = u<<4 | rune(unhex(c))
		p.pos++
	}
	return u, nil
}

const lowMissing = "Unicode low surrogate must follow a high surrogate."

// character checks that an escape is a character, together with the one before it where that was a high surrogate, and says whether
// it is a high one itself.
func (p *jsonParser) character(high bool, u rune) (bool, error) {
	isHigh, isLow := u >= 0xD800 && u < 0xDC00, u >= 0xDC00 && u < 0xE000
	switch {
	case high && isHigh:
		return false, p.invalid("Unicode high surrogate must not follow a high surrogate.")
	case high != isLow:
		return false, p.invalid(lowMissing)
	case u == 0:
		return false, fault.New(untranslatable, "unsupported Unicode escape sequence").WithDetails(`\u0000 cannot be converted to text.`)
	}
	return isHigh, nil
}
