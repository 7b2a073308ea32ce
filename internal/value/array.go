package value

import (
	"slices"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// appendArray appends {1,2,"a b",NULL}.
func appendArray(dst []byte, t schema.Type, v []any, zone *time.Location) []byte {
	dst = append(dst, '{')
	for i, e := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch e := e.(type) {
		case nil:
			dst = append(dst, "NULL"...)
		case []any:
			dst = appendArray(dst, t, e, zone)
		default:
			start := len(dst)
			dst = AppendText(dst, element(t), e, zone)
			dst = quoteElement(dst, start)
		}
	}
	return append(dst, '}')
}

// quoteElement puts what stands in dst from start on in quotes, where an array's text needs it.
func quoteElement(dst []byte, start int) []byte {
	text := dst[start:]
	quote := len(text) == 0 || len(text) == 4 && equalFold(string(text), "null")
	extra := 2
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			extra++
			quote = true
		case c == '{' || c == '}' || c == ',' || space(c):
			quote = true
		}
	}
	if !quote {
		return dst
	}
	copied := string(text)
	dst = append(dst[:start], '"')
	for i := range len(copied) {
		if c := copied[i]; c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, copied[i])
	}
	return append(dst, '"')
}

// parseArray reads {1,2,"a b",NULL}, of up to six dimensions. Bounds in front, [1:2]=, are checked and forgotten.
func parseArray(t schema.Type, s string, zone *time.Location) (any, error) {
	p := arrayParser{in: s, said: s, element: element(t), zone: zone}
	p.skip()
	bounds, err := p.bounds()
	if err != nil {
		return nil, err
	}
	if p.pos >= len(p.in) || p.in[p.pos] != '{' {
		if bounds != nil {
			return nil, p.malformed("Array contents must start with \"{\".")
		}
		return nil, p.malformed("Array value must start with \"{\" or dimension information.")
	}
	p.said = p.in[p.pos:]
	dims, err := p.structure(p.pos)
	if err != nil {
		return nil, err
	}
	p.said = s
	if bounds != nil && !slices.Equal(bounds, dims) {
		return nil, p.malformed("Specified array dimensions do not match array contents.")
	}
	return p.list(len(dims))
}

type arrayParser struct {
	in      string
	said    string // what messages quote: PostgreSQL leaves out the bounds when it looks at the structure
	pos     int
	element schema.Type
	zone    *time.Location
}

func (p *arrayParser) malformed(details string, args ...any) error {
	f := fault.Newf(fault.InvalidText, `malformed array literal: "%s"`, p.said)
	if details != "" {
		f.WithDetails(details, args...)
	}
	return f
}

func (p *arrayParser) unexpected(c byte) error {
	return p.malformed("Unexpected \"%c\" character.", c)
}

func (p *arrayParser) skip() {
	for p.pos < len(p.in) && space(p.in[p.pos]) {
		p.pos++
	}
}

// bounds reads [1:2][-1:3]= in front of the contents: how many items each dimension has.
func (p *arrayParser) bounds() (dims []int, err error) {
	for p.pos < len(p.in) && p.in[p.pos] == '[' {
		if len(dims) == arrayDimensionMax {
			return nil, tooManyDimensions(len(dims) + 1)
		}
		p.pos++
		lo, hi := 1, 0
		n, ok := p.bound()
		if !ok {
			return nil, p.malformed("\"[\" must introduce explicitly-specified array dimensions.")
		}
		hi = n
		if p.pos < len(p.in) && p.in[p.pos] == ':' {
			p.pos++
			lo = n
			if hi, ok = p.bound(); !ok {
				return nil, p.malformed("Missing array dimension value.")
			}
		}
		if p.pos >= len(p.in) || p.in[p.pos] != ']' {
			return nil, p.malformed("Missing \"%s\" after array dimensions.", "]")
		}
		p.pos++
		if hi < lo {
			return nil, fault.New(badArrayElement, "upper bound cannot be less than lower bound")
		}
		dims = append(dims, hi-lo+1)
		p.skip()
	}
	if dims == nil {
		return nil, nil
	}
	if p.pos >= len(p.in) || p.in[p.pos] != '=' {
		return nil, p.malformed("Missing \"%s\" after array dimensions.", "=")
	}
	p.pos++
	p.skip()
	return dims, nil
}

// bound reads one number of a dimension.
func (p *arrayParser) bound() (int, bool) {
	start := p.pos
	for p.pos < len(p.in) && (isDigit(p.in[p.pos]) || p.in[p.pos] == '-' || p.in[p.pos] == '+') {
		p.pos++
	}
	n, _, fits := leadingInt(p.in[start:p.pos])
	return n, p.pos > start && fits
}

func tooManyDimensions(n int) error {
	return fault.Newf(fault.ProgramLimit, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, arrayDimensionMax)
}

// list reads from { to }; depth is how many dimensions there are from here on.
func (p *arrayParser) list(depth int) ([]any, error) {
	out := []any{}
	p.pos++
	for {
		p.skip()
		switch c := p.in[p.pos]; {
		case c == '}':
			p.pos++
			return out, nil
		case c == ',':
			p.pos++
		case c == '{':
			if depth == 1 {
				return nil, p.malformed("")
			}
			v, err := p.list(depth - 1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		default:
			if depth != 1 {
				return nil, p.malformed("")
			}
			v, err := p.item()
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
}

// item reads one element, quoted or not.
func (p *arrayParser) item() (any, error) {
	var b []byte
	quoted := p.in[p.pos] == '"'
	keep, escaped := 0, quoted // keep: the length without white space at the end
	if quoted {
		p.pos++
	}
	for ; ; p.pos++ {
		c := p.in[p.pos]
		if quoted && c == '"' {
			p.pos++
			keep = len(b)
			break
		}
		if !quoted && (c == ',' || c == '}') {
			break
		}
		if c == '\\' {
			p.pos++
			b = append(b, p.in[p.pos])
			keep, escaped = len(b), true
			continue
		}
		if b = append(b, c); !space(c) {
			keep = len(b)
		}
	}
	text := string(b[:keep])
	if !escaped && equalFold(text, "null") {
		return nil, nil
	}
	return ParseIn(p.element, text, p.zone)
}
