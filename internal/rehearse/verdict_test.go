package rehearse

import (
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func planOf(t *testing.T, s *schema.Schema, q query.Query) *plan.Plan {
	t.Helper()
	query.Parameterize(q, nil)
	p, err := plan.Resolve(q, s, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPagesDecide holds pages of an index that gets deeper against those of a table that is counted: in both the steps stay as many.
func TestPagesDecide(t *testing.T) {
	r := &run{Options: Options{Capture: &Capture{Engine: "sqlite"}, Seed: 1}}
	sub := &subject{shape: &Shape{}, replay: &replay{plan: planOf(t, shopSchema(t), from("order", nil, nil))}}
	for name, test := range map[string]struct {
		pages  []float64
		want   Class
		metric string
	}{
		"thirty rows by a deeper index": {[]float64{35, 43, 56, 71, 84, 96}, Flat, "steps"},
		"a table counted in one step":   {[]float64{20, 30, 50, 90, 170, 330}, Linear, "pages"},
	} {
		c := &Case{Stratum: shape.Typical}
		for i, n := range test.pages {
			c.Rungs = append(c.Rungs, Rung{X: sixRungs[i], Rows: int64(80_000 * sixRungs[i]), samples: []sample{{work: [metrics]float64{units: 600, pages: n}}}})
		}
		if r.judgeCase(sub, c); c.Class != test.want || c.Metric != test.metric {
			t.Errorf("%s: %s by %s, exponent %.2f (%s), want %s by %s", name, c.Class, c.Metric, c.Exponent, c.Growth.Model, test.want, test.metric)
		}
	}
}
