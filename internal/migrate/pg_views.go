package migrate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// An origin is the column that a view's column shows as it is.
type origin struct {
	relation uint32
	column   int16
}

// viewOrigins reads a view's columns and their origins from its rule's tree (pg_rewrite.ev_action): of the outermost
// query's target list, resno, resorigtbl and resorigcol. A column that is computed has no origin. The format is
// PostgreSQL's outfuncs.c: nodes in braces, lists in parentheses, fields with a colon before their name, a backslash before
// a character that would mean something.
func viewOrigins(tree string) map[int16]origin {
	out := map[int16]origin{}
	depth, targets := 0, -1 // nesting of braces and parentheses together; that of the target list once it was met
	var number, table, column uint64
	for rest := tree; ; {
		var token string
		if token, rest = nodeToken(rest); token == "" {
			return out
		}
		switch token {
		case "{", "(":
			depth++
			if targets > 0 && depth == targets+1 {
				number, table, column = 0, 0, 0
			}
		case "}", ")":
			if targets > 0 && depth == targets+1 && table != 0 && column != 0 {
				out[int16(number)] = origin{uint32(table), int16(column)}
			}
			if depth == targets {
				return out
			}
			depth--
		case ":targetList":
			if depth == 2 && targets < 0 { // ({QUERY …
				if next, after := nodeToken(rest); next == "(" {
					depth, targets, rest = 3, 3, after
				}
			}
		case ":resno", ":resorigtbl", ":resorigcol":
			if targets < 0 || depth != targets+1 {
				continue
			}
			var value string
			value, rest = nodeToken(rest)
			n, _ := strconv.ParseUint(value, 10, 32)
			switch token {
			case ":resno":
				number = n
			case ":resorigtbl":
				table = n
			default:
				column = n
			}
		}
	}
}

// nodeToken cuts the next token off a node tree: a bracket, or a word with its escapes.
func nodeToken(s string) (token, rest string) {
	s = strings.TrimLeft(s, " \n\t")
	if s == "" {
		return "", ""
	}
	if strings.IndexByte("(){}", s[0]) >= 0 {
		return s[:1], s[1:]
	}
	i := 0
	for i < len(s) && strings.IndexByte(" \n\t(){}", s[i]) < 0 {
		if s[i] == '\\' {
			i++
		}
		i++
	}
	i = min(i, len(s))
	return s[:i], s[i:]
}

// viewColumns follows every view's columns through other views down to tables.
func (in *pgInspection) viewColumns() map[*schema.Table]shown {
	direct := map[uint32]map[int16]origin{}
	for _, r := range in.cat.rewrites {
		direct[r.View] = viewOrigins(r.Tree)
	}
	base := func(o origin) (origin, bool) {
		for range 64 { // a view may name itself
			next, isView := direct[o.relation]
			if !isView {
				return o, true
			}
			deeper, ok := next[o.column]
			if !ok {
				return o, false
			}
			o = deeper
		}
		return o, false
	}
	out := map[*schema.Table]shown{}
	for view, columns := range direct {
		s := shown{}
		for number, o := range columns {
			o, ok := base(o)
			from, to := in.numbered[o.relation][o.column], in.numbered[view][number]
			if ok && from != nil && to != nil {
				s[from] = append(s[from], to)
			}
		}
		for _, cols := range s {
			slices.SortFunc(cols, func(a, b *schema.Column) int { return a.Position - b.Position })
		}
		if t := in.tables[view]; t != nil {
			out[t] = s
		}
	}
	return out
}
