package value

import (
	"strings"
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
	p := arrayParser{in: s, element: element(t), zone: zone}
	return p.parse()
}

type arrayParser struct {
	in      string
	pos     int
	element schema.Type
	zone    *time.Location
	dims    []int // items of each dimension, -1 where not yet known
	leaf    int   // the depth at which elements stand, 0 where not yet known
	fill    error // the first element that is none of the type: PostgreSQL looks at the structure first
}

func (p *arrayParser) malformed(details string, args ...any) error {
	f := fault.Newf(fault.InvalidText, `malformed array literal: "%s"`, p.in)
	if details != "" {
		f.WithDetails(details, args...)
	}
	return f
}

func (p *arrayParser) skip() {
	for p.pos < len(p.in) && space(p.in[p.pos]) {
		p.pos++
	}
}

func (p *arrayParser) parse() (any, error) {
	p.skip()
	if err := p.bounds(); err != nil {
		return nil, err
	}
	bounds := p.dims
	p.dims = nil
	if p.pos >= len(p.in) || p.in[p.pos] != '{' {
		if bounds != nil {
			return nil, p.malformed("Array contents must start with \"{\".")
		}
		return nil, p.malformed("Array value must start with \"{\" or dimension information.")
	}
	v, err := p.list(1)
	if err != nil {
		return nil, err
	}
	p.skip()
	if p.pos < len(p.in) {
		return nil, p.malformed("Junk after closing right brace.")
	}
	if bounds != nil && !sameDims(bounds, p.dims) {
		return nil, p.malformed("Specified array dimensions do not match array contents.")
	}
	if p.fill != nil {
		return nil, p.fill
	}
	return v, nil
}

func sameDims(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// bounds reads [1:2][-1:3]= in front of the contents.
func (p *arrayParser) bounds() error {
	for p.pos < len(p.in) && p.in[p.pos] == '[' {
		if len(p.dims) == arrayDimensionMax {
			return tooManyDimensions(len(p.dims) + 1)
		}
		end := strings.IndexByte(p.in[p.pos:], ']')
		lo, hi := 1, 0
		if end < 0 {
			end = len(p.in) - p.pos
		}
		body := p.in[p.pos+1 : p.pos+end]
		low, high, two := strings.Cut(body, ":")
		n, ok := bound(low)
		if !ok {
			return p.malformed("\"[\" must introduce explicitly-specified array dimensions.")
		}
		if two {
			lo = n
			if hi, ok = bound(high); !ok {
				return p.malformed("Missing array dimension value.")
			}
		} else {
			hi = n
		}
		if p.pos+end >= len(p.in) {
			return p.malformed("Missing \"%s\" after array dimensions.", "]")
		}
		if hi < lo {
			return fault.New(badArrayElement, "upper bound cannot be less than lower bound")
		}
		p.dims = append(p.dims, hi-lo+1)
		p.pos += end + 1
		p.skip()
	}
	if p.dims == nil {
		return nil
	}
	if p.pos >= len(p.in) || p.in[p.pos] != '=' {
		return p.malformed("Missing \"%s\" after array dimensions.", "=")
	}
	p.pos++
	p.skip()
	return nil
}

func tooManyDimensions(n int) error {
	return fault.Newf(fault.ProgramLimit, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, arrayDimensionMax)
}

func bound(s string) (int, bool) {
	v, err := parseInt(schema.Int4, s)
	if err != nil || s == "" || space(s[0]) || space(s[len(s)-1]) {
		return 0, false
	}
	return int(v.(int64)), true
}

// list reads from { to }.
func (p *arrayParser) list(depth int) ([]any, error) {
	if depth > arrayDimensionMax {
		return nil, tooManyDimensions(depth)
	}
	if p.leaf > 0 && depth > p.leaf {
		return nil, p.malformed("Unexpected \"%c\" character.", '{')
	}
	if len(p.dims) < depth {
		p.dims = append(p.dims, -1)
	}
	p.pos++
	out := []any{}
	for first := true; ; first = false {
		p.skip()
		if p.pos >= len(p.in) {
			return nil, p.malformed("Unexpected end of input.")
		}
		switch c := p.in[p.pos]; {
		case c == '}' && first:
			p.pos++
			if depth == 1 {
				p.dims = nil
			} else if p.leaf == 0 {
				p.leaf = depth
			}
			return out, p.count(depth, 0)
		case c == '}' || c == ',':
			return nil, p.malformed("Unexpected \"%c\" character.", c)
		case c == '{':
			if p.leaf == depth {
				return nil, p.malformed("Unexpected \"%c\" character.", c)
			}
			v, err := p.list(depth + 1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		default:
			if p.leaf == 0 {
				p.leaf = depth
			}
			if p.leaf != depth {
				return nil, p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
			}
			v, err := p.item()
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		p.skip()
		if p.pos >= len(p.in) {
			return nil, p.malformed("Unexpected end of input.")
		}
		switch c := p.in[p.pos]; c {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return out, p.count(depth, len(out))
		default:
			return nil, p.malformed("Unexpected array element.")
		}
	}
}

// count checks that every list of a dimension has as many items.
func (p *arrayParser) count(depth, n int) error {
	if len(p.dims) < depth {
		return nil
	}
	if p.dims[depth-1] < 0 {
		p.dims[depth-1] = n
	}
	if p.dims[depth-1] != n {
		return p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	return nil
}

// item reads one element, quoted or not.
func (p *arrayParser) item() (any, error) {
	var text string
	if p.in[p.pos] == '"' {
		var b []byte
		for p.pos++; ; p.pos++ {
			if p.pos >= len(p.in) {
				return nil, p.malformed("Unexpected end of input.")
			}
			c := p.in[p.pos]
			if c == '"' {
				p.pos++
				break
			}
			if c == '\\' {
				if p.pos++; p.pos >= len(p.in) {
					return nil, p.malformed("Unexpected end of input.")
				}
				c = p.in[p.pos]
			}
			b = append(b, c)
		}
		text = string(b)
	} else {
		var b []byte
		keep, escaped := 0, false // keep: length without the white space at the end
	scan:
		for ; p.pos < len(p.in); p.pos++ {
			c := p.in[p.pos]
			switch {
			case c == ',' || c == '}':
				break scan
			case c == '{' || c == '"':
				return nil, p.malformed("Unexpected array element.")
			case c == '\\':
				if p.pos++; p.pos >= len(p.in) {
					return nil, p.malformed("Unexpected end of input.")
				}
				b = append(b, p.in[p.pos])
				keep, escaped = len(b), true
			default:
				b = append(b, c)
				if !space(c) {
					keep = len(b)
				}
			}
		}
		text = string(b[:keep])
		if !escaped && equalFold(text, "null") {
			return nil, nil
		}
	}
	v, err := ParseIn(p.element, text, p.zone)
	if err != nil && p.fill == nil {
		p.fill = err
	}
	return v, nil
}
