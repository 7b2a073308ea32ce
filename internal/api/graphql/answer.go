package graphql

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/query"

	pg "github.com/pintail-dev/pintail/internal/value"
)

// An Answer knows how the results of a query's members become the answer to an operation: under which keys, in the order of
// the document, lists as they are or as the one row in them. It is immutable and serves every request of one structure.
type Answer struct {
	parts  []part
	paths  []string // of each member, where it fails
	single bool     // the query is one member, and no Sequence
}

// A part is one root field.
type part struct {
	key         string
	kind        partKind
	text        string   // of partText: JSON
	step, steps int      // its members
	members     []member // of partMutation
	many        bool     // of partMutation: a list of responses, one for each member
}

type partKind uint8

const (
	partText     partKind = iota // known beforehand
	partRows                     // the list of rows
	partOne                      // the only row of the list, or null
	partValue                    // whatever the member gave, null where it gave nothing
	partNull                     // null, whatever it gave
	partMutation                 // affected_rows and returning
)

// A member is one key of a mutation's response.
type member struct {
	key      string
	text     string // JSON, where it is known beforehand
	affected bool
	prefix   string // of the keys that are its own, where several members are of returning
}

// An Outcome is what running one member of a query gave.
type Outcome struct {
	Body     []byte // JSON: a list of rows, a bare value, or nothing
	Rows     int
	Affected int64
}

// Members is how many outcomes the answer is made of.
func (a *Answer) Members() int { return len(a.paths) }

// Path is where in the document the member stands whose failing is answered.
func (a *Answer) Path(member int) string {
	if member < 0 || member >= len(a.paths) {
		return "$"
	}
	return a.paths[member]
}

// Append writes the value of data.
func (a *Answer) Append(dst []byte, outcomes []Outcome) []byte {
	dst = append(dst, '{')
	for i := range a.parts {
		p := &a.parts[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(pg.AppendJSONString(dst, p.key), ':')
		dst = p.append(dst, outcomes[p.step:p.step+p.steps])
	}
	return append(dst, '}')
}

func (p *part) append(dst []byte, of []Outcome) []byte {
	switch p.kind {
	case partText:
		return append(dst, p.text...)
	case partRows, partValue:
		return orNull(dst, of[0].Body)
	case partOne:
		return orNull(dst, only(of[0].Body))
	case partMutation:
		if !p.many {
			return p.response(dst, &of[0])
		}
		dst = append(dst, '[')
		for i := range of {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = p.response(dst, &of[i])
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

func orNull(dst, body []byte) []byte {
	if len(body) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, body...)
}

// only takes the brackets off a list of one; nil is what an empty list has in it.
func only(body []byte) []byte {
	body = bytes.TrimSpace(body)
	if len(body) < 2 || body[0] != '[' {
		return body
	}
	return bytes.TrimSpace(body[1 : len(body)-1])
}

func (p *part) response(dst []byte, o *Outcome) []byte {
	dst = append(dst, '{')
	for i := range p.members {
		m := &p.members[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(pg.AppendJSONString(dst, m.key), ':')
		switch {
		case m.affected:
			dst = strconv.AppendInt(dst, o.Affected, 10)
		case m.text != "":
			dst = append(dst, m.text...)
		case m.prefix != "":
			dst = own(dst, raw(o.Body), m.prefix)
		case len(o.Body) == 0:
			dst = append(dst, "[]"...)
		default:
			dst = append(dst, o.Body...)
		}
	}
	return append(dst, '}')
}

// own writes of each row the values under one prefix.
func own(dst []byte, rows raw, prefix string) []byte {
	dst = append(dst, '[')
	if rows.kind() == kindList {
		for i, row := range rows.items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '{')
			first := true
			for key, v := range row.members() {
				key, mine := strings.CutPrefix(key, prefix)
				if !mine {
					continue
				}
				if !first {
					dst = append(dst, ',')
				}
				first = false
				dst = append(pg.AppendJSONString(dst, key), ':')
				dst = append(dst, v...)
			}
			dst = append(dst, '}')
		}
	}
	return append(dst, ']')
}

// Rows counts the rows in an answer, those inside of others too: what a request did cost.
func Rows(q query.Query, outcomes []Outcome) (n int64) {
	of := []query.Query{q}
	if s, ok := q.(*query.Sequence); ok {
		of = s.Of
	}
	for i, q := range of {
		var rows *query.Select
		switch q := q.(type) {
		case *query.Select:
			rows = q
		case *query.Insert:
			rows = q.Returning
		case *query.Update:
			rows = q.Returning
		case *query.Delete:
			rows = q.Returning
		case *query.Call:
			rows = q.Result
		}
		if rows == nil {
			n += outcomes[i].Affected
			continue
		}
		n += max(count(rows, raw(bytes.TrimSpace(outcomes[i].Body))), outcomes[i].Affected)
	}
	return n
}

// count counts the rows of a Select in JSON, a list of them or one.
func count(s *query.Select, v raw) (n int64) {
	switch v.kind() {
	case kindList:
		for _, row := range v.items() {
			n += count(s, row)
		}
		return n
	case kindObject:
	default:
		return 0
	}
	inner := map[string]*query.Select{}
	for _, item := range s.Items {
		switch item := item.(type) {
		case *query.Embed:
			key := item.Alias
			if key == "" {
				key = item.Target
			}
			inner[key] = item.Select
		case *query.Nodes:
			inner[item.Key] = &query.Select{Items: item.Items}
		}
	}
	n = 1
	if len(inner) > 0 {
		for key, of := range v.members() {
			if s := inner[key]; s != nil {
				n += count(s, of)
			}
		}
	}
	return n
}
