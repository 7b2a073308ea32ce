package graphql

import (
	"fmt"
	"strconv"
	"strings"
)

// A place is where in a document something stands, as a chain from the root: it becomes a path only when there is an error.
type place struct {
	up    *place
	key   string
	index int // of an element, where key is empty
}

// below is the place of a key under this one.
func (p *place) below(key string) *place { return &place{up: p, key: key} }

// field is the place of a field in the selections under this one.
func (p *place) field(name string) *place { return p.below("selectionSet").below(name) }

// at is the place of an element of a list. A single value that stands for a list is its first element.
func (p *place) at(i int) *place { return &place{up: p, index: i} }

// String is Hasura's form: $.selectionSet.insert_author.args.objects[0].name.
func (p *place) String() string {
	var b strings.Builder
	p.write(&b)
	return b.String()
}

func (p *place) write(b *strings.Builder) {
	if p.up != nil {
		p.up.write(b)
	}
	switch {
	case p.up == nil:
		b.WriteString(p.key)
	case p.key == "":
		b.WriteString("[" + strconv.Itoa(p.index) + "]")
	case strings.ContainsFunc(p.key, odd):
		b.WriteString("[" + strconv.Quote(p.key) + "]")
	default:
		b.WriteString("." + p.key)
	}
}

func odd(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// refusal is an error of the document or its variables at a path.
func refusal(path string, code Code, format string, args ...any) *Error {
	return &Error{Path: path, Code: code, Message: fmt.Sprintf(format, args...)}
}

// message is what a client may read of an error of values.
func message(err error) string { return ErrorAt("", err).Message }
