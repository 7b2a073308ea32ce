package rehearse

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// compare makes the argument of a comparison with a column.
func (r *replay) compare(w *world, v *query.Value, u *use, want want) {
	st := (*shadowTable)(nil)
	if u.column != nil {
		st = w.of[u.column.Table]
	}
	if st == nil { // of a view's column, an aggregate or a function's result: nothing is known of its values
		v.Text = strconv.FormatInt(want.number(1), 10)
		if v.IsList {
			v.List = []string{v.Text}
		}
		return
	}
	s := &st.columns[u.column.Position]
	if u.path {
		v.Text = st.pathValue(u.column, r.documentKey(), want)
		return
	}
	switch {
	case v.IsList && (u.op == query.In || u.op == query.Eq):
		items := int64(3)
		if want.sketch != nil && want.sketch.Sizes != nil {
			items = max(1, min(want.number(3), 1000))
		}
		v.List = v.List[:0:0]
		for k := range items {
			one := want
			one.place = r.seed.unit(uint64(math.Float64bits(want.place)) + uint64(k))
			if k > 0 && one.stratum == shape.Hottest { // one hot value among others
				one.stratum = shape.Typical
			}
			v.List = append(v.List, textOf(u.column, r.equal(w, st, s, one, max(1, want.matches()/max(items, 1)))))
		}
	case v.IsList:
		v.List = []string{st.pattern(s, want, r.guess(st))}
	case u.op == query.Gt || u.op == query.Gte || u.op == query.Lt || u.op == query.Lte:
		v.Text = textOf(u.column, st.border(s, u.op, want, r.guess(st)))
	case u.op == query.Like || u.op == query.ILike || u.op == query.Similar:
		v.Text = st.pattern(s, want, r.guess(st))
	case u.op == query.Match || u.op == query.IMatch:
		v.Text = strings.Trim(st.pattern(s, want, r.guess(st)), "%")
	case u.op == query.FTS || u.op == query.PLFTS || u.op == query.PHFTS || u.op == query.WFTS:
		v.Text = "lorem"
	default:
		v.Text = textOf(u.column, r.equal(w, st, s, want, want.matches()))
	}
}

// textOf is a value as a client would write it.
func textOf(c *schema.Column, v any) string {
	if v == nil {
		return ""
	}
	return string(value.AppendText(nil, c.Type, v, nil))
}

// documentKey is the key to which a query's paths lead in the shadow's documents. What stands there is another number in each row; but where
// production's answers fill their page, so that many rows must have what is asked for, it's one of few.
func (r *replay) documentKey() string {
	if r.fills() {
		return fewKey
	}
	return documentKey
}

// pathValue is a value inside the JSON of a column.
func (st *shadowTable) pathValue(c *schema.Column, key string, want want) string {
	row := int64(want.place * float64(max(st.rows, 1)))
	text, _ := st.value(c.Position, row).(string)
	var doc map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &doc) != nil || doc[key] == nil {
		return "1"
	}
	return string(doc[key])
}
