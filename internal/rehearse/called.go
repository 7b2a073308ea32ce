package rehearse

import (
	"math"
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// argument makes one of a function or a named query: by a column that has its name, or that its name refers to.
func (r *replay) argument(w *world, v *query.Value, u *use, want want) {
	if u.arg == nil {
		v.Text = string(r.body(w, u.call, want))
		return
	}
	v.Text = r.named(w, u.arg, want)
}

// named is a value for a parameter of a function.
func (r *replay) named(w *world, a *schema.Arg, want want) string {
	for _, st := range w.tables {
		for i := range st.columns {
			c := st.columns[i].column
			if c.Name == a.Name && c.Type.Base == a.Type.Base || st.table.Name.Name+"_"+c.Name == a.Name || st.table.Name.Name == a.Name && st.table.Primary != nil && len(st.table.Primary.Columns) == 1 && st.table.Primary.Columns[0] == c {
				return textOf(c, r.equal(w, st, &st.columns[i], want, want.matches()))
			}
		}
	}
	if a.Default != nil {
		return *a.Default
	}
	switch a.Type.Kind() {
	case schema.Int2, schema.Int4, schema.Int8, schema.Numeric, schema.Float4, schema.Float8:
		n := int64(10)
		if want.example != nil && want.example.Size > 0 && want.example.Size < 4 { // digits
			n = int64(math.Pow10(int(want.example.Size) - 1))
		}
		return strconv.FormatInt(n, 10)
	}
	d, reason := domainOf(&schema.Column{Table: &schema.Table{}, Name: a.Name, Type: a.Type}, 1000, lengths{}, r.seed)
	if reason != "" {
		return ""
	}
	return textOf(&schema.Column{Type: a.Type}, d.at(int64(want.place*1000)))
}

// body is the JSON object of a call's arguments.
func (r *replay) body(w *world, call *plan.Invocation, want want) []byte {
	b := []byte{'{'}
	for i, a := range call.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = value.AppendJSONString(b, a.Param.Name)
		b = append(b, ": "...)
		b = value.AppendJSONString(b, r.named(w, a.Param, want))
	}
	return append(b, '}')
}
