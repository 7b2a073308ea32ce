package plan

import (
	"fmt"
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// field resolves a column of n, a computed column, or a place inside one. args are what a computed column takes besides the row.
func (r *resolver) field(n *node, f *query.Field, args ...query.Arg) (Operand, error) {
	return r.operand(n.row, n.label, n.alias, f, args...)
}

func (r *resolver) operand(w row, label string, alias int, f *query.Field, args ...query.Arg) (Operand, error) {
	o := Operand{Alias: alias}
	if c, ok := w.column(f.Column); ok && len(args) == 0 {
		o.Column, o.Type = c, c.Type
	} else if fn := r.computed(w.table, f.Column, args); fn != nil {
		o.Computed, o.Type, o.Args = fn, fn.Returns.Type, r.given(fn, args)
	} else {
		return o, noColumn(w, label, f.Column)
	}
	if len(f.Path) == 0 {
		return o, nil
	}
	return r.path(o, f.Path), nil
}

// path steps into a value. What is not JSON becomes jsonb first; the text of the last step decides the type.
func (r *resolver) path(o Operand, path []query.Step) Operand {
	o.Path = make([]Step, len(path))
	for i, s := range path {
		o.Path[i] = Step{Arg: r.place(s.Arg, Param{Use: Key}), Index: s.Index, Text: s.Text}
	}
	switch {
	case path[len(path)-1].Text:
		o.Type = typeText
	case o.Type.Base == schema.JSON && !o.Type.Array && o.Type.Domain == nil:
		o.Type = typeJSON
	default:
		o.Type = typeJSONB
	}
	return o
}

// computed finds the function of that name that takes a row of t, and args, and gives one value. PostgreSQL looks for it in
// the search path: the request's schema, the exposed and the further ones.
func (r *resolver) computed(t *schema.Table, name string, args []query.Arg) *schema.Function {
	if t == nil {
		return nil
	}
	for _, f := range r.schema.Functions {
		if f.Name.Name == name && f.Returns.Table == nil && !f.Returns.SetOf && !f.Returns.Void && f.Query == nil &&
			r.schema.RowArgument(f) == t && r.searched(f.Name) && takes(f, 1, args) {
			return f
		}
	}
	return nil
}

func (r *resolver) searched(n schema.Name) bool {
	return r.exposed(n) || slices.Contains(r.schema.SearchPath, r.schemaOf(n))
}

// noColumn is PostgreSQL's 42703 with its hint (parse_relation.c, errorMissingColumn): a column that is at most three
// edits away, of which at most half its letters are, or two such columns.
func noColumn(w row, label, name string) error {
	f := fault.Newf(fault.UndefinedColumn, "column %s.%s does not exist", label, name).WithStatus(400)
	best, near := 4, []string{}
	for _, c := range w.columns {
		d := edits([]byte(c.Name), []byte(name))
		switch {
		case d > len(name)/2 || d > best:
		case d < best:
			best, near = d, []string{c.Name}
		case len(near) == 2: // too many at this distance: only a better one may be the hint
			near = nil
		case len(near) == 1:
			near = append(near, c.Name)
		}
	}
	if len(near) > 0 {
		hint := fmt.Sprintf("Perhaps you meant to reference the column \"%s.%s\"", label, near[0])
		if len(near) == 2 {
			hint += fmt.Sprintf(" or the column \"%s.%s\"", label, near[1])
		}
		f.Hint = hint + "."
	}
	return f
}

// noPayloadColumn is PGRST204: a body or columns= names a column that isn't there.
func noPayloadColumn(t *schema.Table, name string) error {
	return fault.Newf(fault.NoColumn, "Could not find the '%s' column of '%s' in the schema cache", name, t.Name.Name).WithStatus(400)
}

// tablesForHint is the number of tables of a schema up to which one of another name is suggested, as in PostgREST.
const tablesForHint = 500

// noTable is PGRST205, with the name of the table that was probably meant.
func (r *resolver) noTable(n schema.Name) error {
	in := r.schemaOf(n)
	f := fault.Newf(fault.NoTable, "Could not find the table '%s.%s' in the schema cache", in, n.Name).WithStatus(404)
	var names []string
	for _, t := range r.schema.Tables {
		if r.schemaOf(t.Name) == in && r.exposed(t.Name) {
			names = append(names, t.Name.Name)
		}
	}
	if len(names) < tablesForHint {
		if better, _ := near(names, n.Name, 0.75); better != "" {
			f.WithHint("Perhaps you meant the table '%s.%s'", in, better)
		}
	}
	return f
}
