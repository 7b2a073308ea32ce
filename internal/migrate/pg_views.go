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

// shown maps a base table's columns to the columns of one view that show them, in the view's order.
type shown map[origin][]*schema.Column

// viewColumns follows every view's columns through other views down to tables.
func (in *pgInspection) viewColumns() map[uint32]shown {
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
	out := map[uint32]shown{}
	for view, columns := range direct {
		s := shown{}
		for number, o := range columns {
			if b, ok := base(o); ok && in.numbered[view][number] != nil {
				s[b] = append(s[b], in.numbered[view][number])
			}
		}
		for _, cols := range s {
			slices.SortFunc(cols, func(a, b *schema.Column) int { return a.Position - b.Position })
		}
		out[view] = s
	}
	return out
}

// combinations gives every way in which a view shows columns of a table; none where it doesn't show them all.
func (s shown) combinations(relation uint32, numbers []int16) [][]*schema.Column {
	out := [][]*schema.Column{nil}
	for _, n := range numbers {
		var longer [][]*schema.Column
		for _, prefix := range out {
			for _, c := range s[origin{relation, n}] {
				longer = append(longer, append(slices.Clone(prefix), c))
			}
		}
		out = longer
	}
	return out
}

// addViewKeys gives views what PostgREST finds for them: the primary keys of the tables that they show, and relations by
// those tables' foreign keys, from view to table, from table to view and from view to view.
func (in *pgInspection) addViewKeys() {
	views := in.viewColumns()
	var order []uint32
	for _, r := range in.cat.relations {
		if views[r.OID] != nil && in.tables[r.OID] != nil {
			order = append(order, r.OID)
		}
	}
	for _, k := range in.cat.constraints {
		if k.Kind != "p" {
			continue
		}
		for _, v := range order {
			if ways := views[v].combinations(k.Relation, k.Columns); len(ways) > 0 && len(ways[0]) > 0 {
				t := in.tables[v]
				if t.Primary == nil {
					t.Primary = &schema.Key{}
				}
				for _, c := range ways[0] {
					if !slices.Contains(t.Primary.Columns, c) {
						t.Primary.Columns = append(t.Primary.Columns, c)
					}
				}
			}
		}
	}
	for _, k := range in.cat.constraints {
		if f := in.foreign[k.OID]; f != nil {
			in.addViewRelations(k, f, views, order)
		}
	}
}

func (in *pgInspection) addViewRelations(k catConstraint, f *schema.ForeignKey, views map[uint32]shown, order []uint32) {
	type end struct {
		table   *schema.Table
		columns []*schema.Column
	}
	from, to := []end{{f.Table, f.Columns}}, []end{{f.To, f.References}}
	for _, v := range order {
		for _, cols := range views[v].combinations(k.Relation, k.Columns) {
			from = append(from, end{in.tables[v], cols})
		}
		for _, cols := range views[v].combinations(k.Referenced, k.RefColumns) {
			to = append(to, end{in.tables[v], cols})
		}
	}
	for i, a := range from {
		for j, b := range to {
			if i == 0 && j == 0 || !in.exposed(a.table) || !in.exposed(b.table) {
				continue
			}
			a.table.Relations = append(a.table.Relations, &schema.Relation{
				Name: unnamed, From: a.table, To: b.table, Columns: a.columns, References: b.columns, Constraint: f.Name, Foreign: f, Optional: true,
			})
		}
	}
}

// exposed says whether a table stands in a served schema.
func (in *pgInspection) exposed(t *schema.Table) bool {
	return t.Name.Schema == "" || slices.Contains(in.out.Exposed, t.Name.Schema)
}
