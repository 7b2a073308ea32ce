package migrate

import (
	"slices"

	"github.com/pintail-dev/pintail/schema"
)

// shown maps a base table's columns to the columns of one view that show them as they are, in the view's order.
type shown map[*schema.Column][]*schema.Column

// combinations gives every way in which a view shows columns of a table; none where it doesn't show them all.
func (s shown) combinations(columns []*schema.Column) [][]*schema.Column {
	out := [][]*schema.Column{nil}
	for _, c := range columns {
		var longer [][]*schema.Column
		for _, prefix := range out {
			for _, v := range s[c] {
				longer = append(longer, append(slices.Clone(prefix), v))
			}
		}
		out = longer
	}
	return out
}

// addViewKeys gives views what PostgREST finds for them: the primary keys of the tables that they show, and relations by
// those tables' foreign keys, from view to table, from table to view and from view to view, between served tables.
func addViewKeys(s *schema.Schema, views map[*schema.Table]shown) {
	for _, t := range s.Tables {
		if t.View != nil || t.Primary == nil {
			continue
		}
		for _, v := range s.Tables {
			ways := views[v].combinations(t.Primary.Columns)
			if v.View == nil || len(ways) == 0 || len(ways[0]) == 0 {
				continue
			}
			if v.Primary == nil {
				v.Primary = &schema.Key{}
			}
			for _, c := range ways[0] {
				if !slices.Contains(v.Primary.Columns, c) {
					v.Primary.Columns = append(v.Primary.Columns, c)
				}
			}
		}
	}
	for _, t := range s.Tables {
		for _, f := range t.Foreign {
			addViewRelations(s, f, views)
		}
	}
}

func addViewRelations(s *schema.Schema, f *schema.ForeignKey, views map[*schema.Table]shown) {
	type end struct {
		table   *schema.Table
		columns []*schema.Column
	}
	from, to := []end{{f.Table, f.Columns}}, []end{{f.To, f.References}}
	for _, v := range s.Tables {
		if v.View == nil {
			continue
		}
		for _, cols := range views[v].combinations(f.Columns) {
			from = append(from, end{v, cols})
		}
		for _, cols := range views[v].combinations(f.References) {
			to = append(to, end{v, cols})
		}
	}
	for i, a := range from {
		for j, b := range to {
			if i == 0 && j == 0 || !exposed(s, a.table) || !exposed(s, b.table) {
				continue
			}
			a.table.Relations = append(a.table.Relations, &schema.Relation{
				Name: unnamed, From: a.table, To: b.table, Columns: a.columns, References: b.columns,
				Constraint: f.Name, Foreign: f, Optional: true,
			})
		}
	}
}

// exposed says whether a table stands in a served schema.
func exposed(s *schema.Schema, t *schema.Table) bool {
	return t.Name.Schema == "" || slices.Contains(s.Exposed, t.Name.Schema)
}
