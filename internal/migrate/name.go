package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// unnamed marks a relation that must stand in the file and has no name yet.
const unnamed = "?"

// nameAll names the relations of an inspected schema, which is linked and spelled; the caller links it again.
func nameAll(s *schema.Schema) {
	for _, t := range s.Tables {
		nameRelations(s, t)
	}
}

// unique takes the first free name of want, want_2, want_3, ….
func unique(want string, free func(string) bool, taken map[string]bool) string {
	name := want
	for i := 2; !free(name); i++ {
		name = fmt.Sprintf("%s_%d", want, i)
	}
	taken[name] = true
	return name
}

// nameRelations names both ends of every foreign key, and the relations of views that refer to something. A name must not
// change what REST finds by a table's, constraint's or column's name: relation names are looked for first.
func nameRelations(s *schema.Schema, t *schema.Table) {
	taken := map[string]bool{}
	for _, c := range t.Columns {
		taken[c.Name], taken[c.Field] = true, true
	}
	for _, f := range s.Functions {
		if s.RowArgument(f) == t {
			taken[f.Name.Name], taken[f.Field] = true, true
		}
	}
	var todo []*schema.Relation
	for _, r := range t.Relations {
		declared := r.Name == unnamed
		ofKey := r.Name == "" && r.Foreign != nil && r.From.View == nil && r.To.View == nil && r.Through == nil
		if declared || ofKey {
			todo = append(todo, r)
		}
	}
	slices.SortStableFunc(todo, func(a, b *schema.Relation) int { return class(a) - class(b) })
	for _, r := range todo {
		free := func(n string) bool {
			return !taken[n] && !taken[n+"_aggregate"] && !aggregateOf(n, taken) && findsOnly(t, n, r)
		}
		r.Name = ""
		for _, n := range candidates(r) {
			if n = schema.SpellWord(n); free(n) {
				r.Name = n
				taken[n] = true
				break
			}
		}
		if r.Name == "" {
			r.Name = unique(schema.SpellWord(candidates(r)[0]), free, taken)
		}
	}
}

func aggregateOf(n string, taken map[string]bool) bool {
	base, ok := strings.CutSuffix(n, "_aggregate")
	return ok && taken[base]
}

// class orders the naming: what a table refers to before what refers to it, foreign keys before views.
func class(r *schema.Relation) int {
	switch {
	case r.From.View == nil && r.To.View == nil && !r.Inverse:
		return 0
	case r.From.View == nil && r.To.View == nil:
		return 1
	}
	return 2
}

// candidates are names for a relation, the most pleasant first. There is always one.
func candidates(r *schema.Relation) []string {
	var out []string
	to := r.To.Name.Name
	if r.Inverse {
		by := make([]string, len(r.References))
		for i, c := range r.References {
			by[i] = stem(c.Name)
		}
		out = append(out, to, to+"_by_"+strings.Join(by, "_"))
		if r.Constraint != "" {
			out = append(out, to+"_by_"+r.Constraint)
		}
		return out
	}
	if len(r.Columns) == 1 {
		if s := stem(r.Columns[0].Name); s != r.Columns[0].Name {
			out = append(out, s)
		}
	}
	out = append(out, to)
	if r.Constraint != "" {
		out = append(out, r.Constraint)
	}
	by := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		by[i] = stem(c.Name)
	}
	return append(out, strings.Join(by, "_")+"_"+to)
}

// stem is a referring column's name without its ending: customer_id, customerId and CustomerID are about a customer.
func stem(column string) string {
	for _, end := range []string{"_id", "_Id", "_ID", "Id", "ID"} {
		if s, ok := strings.CutSuffix(column, end); ok && s != "" {
			return s
		}
	}
	return column
}

// findsOnly says whether REST, asked for a relation of t by the name n, would find none but r by tables', constraints',
// columns' and functions' names.
func findsOnly(t *schema.Table, n string, r *schema.Relation) bool {
	for _, o := range t.Relations {
		if o == r {
			continue
		}
		named := o.To.Name.Name == n || o.Constraint == n ||
			len(o.Columns) == 1 && !o.Many && !o.Inverse && o.Columns[0].Name == n ||
			o.Computed != nil && o.Computed.Name.Name == n
		if named {
			return false
		}
	}
	return true
}
