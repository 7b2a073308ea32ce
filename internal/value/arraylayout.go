package value

// An arrayState is what stands before a character of an array's text.
type arrayState uint8

const (
	atStart arrayState = 1 << iota
	afterOpen
	inItem
	inQuotes
	afterQuotes
	afterClose
	afterItemComma
	afterListComma
)

// structure checks where braces, commas and items stand, before any item is looked at, and counts the dimensions.
func (p *arrayParser) structure(at int) ([]int, error) {
	l := arrayLayout{arrayParser: p, state: atStart}
	for ; at < len(p.in); at++ {
		c := p.in[at]
		if err := l.see(c); err != nil {
			return nil, err
		}
		switch {
		case c == '\\':
			at++ // what it escapes is part of an item, whatever it is
		case l.state == afterClose && l.depth == 0:
			if !blank(p.in[at+1:]) {
				return nil, p.malformed("Junk after closing right brace.")
			}
			return l.dims, nil
		}
	}
	return nil, p.malformed("Unexpected end of input.")
}

func blank(s string) bool {
	for i := range len(s) {
		if !space(s[i]) {
			return false
		}
	}
	return true
}

// An arrayLayout is what of an array's text has been seen.
type arrayLayout struct {
	*arrayParser
	state arrayState
	depth int
	dims  []int                  // as far as they are known
	items [arrayDimensionMax]int // of the open list of each depth
	first [arrayDimensionMax]int // items of the first list of each depth, which all others must have
}

// see takes the next character, of an escape its backslash alone.
func (l *arrayLayout) see(c byte) error {
	switch {
	case c == '\\':
		return l.escape()
	case c == '"':
		return l.quote()
	case l.state == inQuotes:
		return nil
	case c == '{':
		return l.open()
	case c == '}':
		return l.close()
	case c == ',':
		return l.comma()
	case space(c):
		return nil
	case l.state&(afterOpen|inItem|afterItemComma) == 0:
		return l.malformed("Unexpected array element.")
	}
	l.state = inItem
	return nil
}

func (l *arrayLayout) escape() error {
	if l.state&(afterOpen|inItem|inQuotes|afterItemComma) == 0 {
		return l.unexpected('\\')
	}
	if l.state != inQuotes {
		l.state = inItem
	}
	return nil
}

func (l *arrayLayout) quote() error {
	switch {
	case l.state == inQuotes:
		l.state = afterQuotes
	case l.state&(afterOpen|afterItemComma) != 0:
		l.state = inQuotes
	default:
		return l.malformed("Unexpected array element.")
	}
	return nil
}

func (l *arrayLayout) open() error {
	if l.state&(atStart|afterOpen|afterListComma) == 0 {
		return l.unexpected('{')
	}
	if l.depth == arrayDimensionMax {
		return tooManyDimensions(l.depth + 1)
	}
	l.state = afterOpen
	l.items[l.depth] = 1
	if l.depth++; len(l.dims) < l.depth {
		l.dims = append(l.dims, 0)
	}
	return nil
}

// close ends a list, which has as many items as the first one of its depth. An empty array has no dimensions.
func (l *arrayLayout) close() error {
	empty := l.depth == 1 && l.state == afterOpen
	if l.state&(inItem|afterQuotes|afterClose) == 0 && !empty {
		return l.unexpected('}')
	}
	l.state = afterClose
	l.depth--
	n := l.items[l.depth]
	if first := l.first[l.depth]; first != 0 && first != n {
		return l.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	l.first[l.depth], l.dims[l.depth] = n, n
	if empty {
		l.dims = nil
	}
	return nil
}

func (l *arrayLayout) comma() error {
	switch {
	case l.state == afterClose:
		l.state = afterListComma
	case l.state&(inItem|afterQuotes) != 0:
		l.state = afterItemComma
	default:
		return l.unexpected(',')
	}
	l.items[l.depth-1]++
	return nil
}
