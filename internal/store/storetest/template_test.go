package storetest_test

import (
	"bytes"
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/storetest"
	"github.com/pintail-dev/pintail/query"
)

// TestTemplatesAnswerAlike builds queries again from their templates, and runs them with the arguments of the first ones.
func TestTemplatesAnswerAlike(t *testing.T) {
	f := storetest.New()
	st := openSQLite(t, f)
	storetest.Fill(t, st, f)
	r := storetest.NewRandom(*seed, f.Schema)
	for i := range *queries {
		var q query.Query = r.Query()
		if i%4 == 3 {
			q = r.Write()
		}
		template, err := query.Encode(q)
		if err != nil {
			t.Fatal(err)
		}
		again, err := query.Decode(template)
		if err != nil {
			t.Fatalf("%v\n%s", err, template)
		}
		shape, args := query.Parameterize(q, nil)
		if got, _ := query.Parameterize(again, nil); !bytes.Equal(got, shape) {
			t.Fatalf("the template has another shape: %s", template)
		}
		p, err := plan.Resolve(q, f.Schema, plan.Options{Aggregates: true})
		p2, err2 := plan.Resolve(again, f.Schema, plan.Options{Aggregates: true})
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%v and %v of %s", err, err2, template)
		}
		if err != nil || p.Op != plan.Read {
			continue
		}
		want, err := st.Read(t.Context(), p, args)
		got, err2 := st.Read(t.Context(), p2, args)
		if (err == nil) != (err2 == nil) || !bytes.Equal(want.Body, got.Body) {
			t.Fatalf("%s\nanswers %s, %v\nand not %s, %v", template, got.Body, err2, want.Body, err)
		}
	}
}
