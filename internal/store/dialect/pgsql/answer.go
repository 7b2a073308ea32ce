package pgsql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// keysSetting holds, for the transaction, the keys of the rows that a write touched, as a JSON array of arrays, for the
// statement that reads what is answered. So both go out together.
const keysSetting = "pintail.keys"

// answersAfter says whether what a write answers is read by a statement of its own after it: where it looks further than
// at the written rows, which the writing statement would see as they were before. A deleted row can't be read again, and
// rows without a key can't be found again.
func answersAfter(p *plan.Plan) bool {
	w := p.Write
	if p.Rows == nil || p.Op == plan.Delete || w.Table.View != nil || w.Table.Primary == nil {
		return false
	}
	return len(w.Nested) > 0 || looksFurther(p.Rows)
}

// looksFurther says whether rows hold, or are filtered or ordered by, something that isn't in them.
func looksFurther(s *plan.Select) bool {
	var outputs func([]plan.Output) bool
	outputs = func(list []plan.Output) bool {
		return slices.ContainsFunc(list, func(o plan.Output) bool {
			return o.Embed != nil || o.Value != nil && o.Value.Computed != nil || outputs(o.Nest)
		})
	}
	return s.Where != nil || outputs(s.Outputs)
}

// answer writes the statement that reads what a write answers, by key: an insert's rows in the order in which they came.
func (b *builder) answer(p *plan.Plan) *Statement {
	a := newBuilder(b.options)
	a.again, a.inserted = p.Write.Table, p.Op == plan.Insert
	a.out.Form = b.out.Form
	a.form(p.Rows)
	rows, cols := a.rows(p.Rows, nil, nil, keyed)
	a.head(cols)
	a.out.Columns = []Column{Rows, Body}
	a.out.SQL = "SELECT count(*), " + a.body()
	if a.out.Form == Handled { // which may set them
		a.out.Columns = append(a.out.Columns, Status, Headers)
		a.out.SQL += settings
	}
	a.out.SQL += " FROM (" + rows + ") AS r"
	a.out.Binds = a.binds
	return &a.out
}

// leaveKeys writes the column that leaves the keys for the answer.
func (b *builder) leaveKeys(t *schema.Table) string {
	parts := make([]string, len(t.Primary.Columns))
	for i, c := range t.Primary.Columns {
		b.need(c)
		parts[i] = written + "." + ident(c.Name)
	}
	return "set_config('" + keysSetting + "', coalesce((SELECT json_agg(json_build_array(" + strings.Join(parts, ", ") + "))::text FROM " +
		written + "), '[]'), true)"
}

// found writes the rows of a table that the keys name; n is their place among the keys.
func (b *builder) found(t *schema.Table, alias string) (from string, conditions []string) {
	keys := "json_array_elements(current_setting('" + keysSetting + "')::json) WITH ORDINALITY AS k(v, n)"
	for i, c := range t.Primary.Columns {
		conditions = append(conditions, alias+"."+ident(c.Name)+" = (k.v->>"+strconv.Itoa(i)+")::"+b.typeName(c.Type))
	}
	return keys + " CROSS JOIN " + b.table(t.Name) + " AS " + alias, conditions
}
