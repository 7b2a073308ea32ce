package plan

import (
	"math"
	"strconv"

	"github.com/pintail-dev/pintail/query"
)

// Cost bounds the rows that a plan touches and answers with these arguments: the page of each list, times those of the
// lists inside each of its rows, summed over the members of a Sequence. It is false where nothing bounds them. Rows that
// only a filter or an aggregate looks at don't count, unless no page or key bounds what is aggregated.
func (p *Plan) Cost(args query.Args) (rows int64, bounded bool) {
	if p.Op == Sequence {
		for _, step := range p.Steps {
			n, ok := step.Cost(args)
			if !ok {
				return 0, false
			}
			rows = sum(rows, n)
		}
		return rows, true
	}
	many := p.Op == Read
	switch {
	case p.Write != nil && p.Op != Insert:
		if many = !keyed(p.Write.Table, p.Write.Where, p.Write.Alias); many {
			return 0, false
		}
	case p.Call != nil:
		many = p.Call.Function.Returns.SetOf
	}
	rows = 1
	if p.Rows != nil {
		if rows, bounded = costOf(p.Rows, many, args); !bounded {
			return 0, false
		}
	}
	if p.Op == Insert {
		given := rowsGiven(p.Write, args)
		if p.Rows == nil {
			return given, true
		}
		return product(rows, given), true
	}
	return rows, true
}

// rowsGiven counts the rows that an insert is given, those of related tables too.
func rowsGiven(w *Write, args query.Args) int64 {
	n := elements(args[w.Rows].Text)
	for i := range w.Nested {
		n = sum(n, rowsGiven(w.Nested[i].Write, args))
	}
	return n
}

// elements counts the elements of a JSON array of objects.
func elements(text string) (n int64) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth == 2 {
				n++
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return n
}

// costOf bounds the rows of a Select and of all embeds in it, for one row around it.
func costOf(s *Select, many bool, args query.Args) (int64, bool) {
	rows := int64(1)
	if many && (s.Source.Table == nil || !keyed(s.Source.Table, s.Where, s.Alias)) {
		if s.Limit == nil || s.Grouped {
			return 0, false
		}
		n, err := strconv.ParseInt(args[*s.Limit].Text, 10, 64)
		if err != nil {
			return 0, false
		}
		rows = max(n, 1)
	}
	each := int64(1)
	for i := range s.Outputs {
		of, list := (*Select)(nil), false
		switch o := &s.Outputs[i]; {
		case o.Embed != nil:
			of, list = o.Embed.Select, o.Embed.Relation.Many
		case o.Nodes != nil:
			of, list = o.Nodes, many
		default:
			continue
		}
		n, ok := costOf(of, list, args)
		if !ok {
			return 0, false
		}
		each = sum(each, n)
	}
	if s.Summary { // one row, whose Nodes are counted
		return sum(rows, each), true
	}
	return product(rows, each), true
}

func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func product(a, b int64) int64 {
	if b != 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}
