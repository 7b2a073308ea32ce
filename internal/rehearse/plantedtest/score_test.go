package plantedtest

import "testing"

// TestJudge holds made-up verdicts against made-up truths: each kind of error shows where it belongs.
func TestJudge(t *testing.T) {
	flat := [3]Work{{Units: 10}, {Units: 10}, {Units: 10}}
	steep := [3]Work{{Units: 10}, {Units: 100}, {Units: 1000}}
	truths := map[string]Truth{}
	for name, w := range map[string][3]Work{"order-by-key": flat, "newest-orders": flat, "menu": flat, "orders-counted": steep, "customers-all": steep, "orders-of-customer": steep} {
		truths["sqlite "+name] = Truth{Engine: "sqlite", Query: name, Typical: w, Hottest: w}
	}
	seeds := []map[string]Verdict{{
		"order-by-key":       {Typical10: 12},
		"newest-orders":      {Worse: true, Exponent: 1},                                                   // a false alarm
		"menu":               {Unknown: true},                                                              // not known, and no alarm
		"orders-counted":     {Worse: true, Exponent: 1, Typical10: 126, Advice: []Advice{{Better: true}}}, // too much work
		"customers-all":      {Unknown: true},                                                              // not known: missed
		"orders-of-customer": {Worse: true, Exponent: 1, Typical10: 100, Hottest10: 1, Bigger10: 80, Advice: []Advice{{Table: "order"}}},
	}, {
		"order-by-key": {Exponent: 0.04}, "newest-orders": {Exponent: 0.9, Worse: true}, "menu": {Unknown: true},
		"orders-counted": {Exponent: 1.02}, "customers-all": {Exponent: 5}, "orders-of-customer": {Exponent: 1},
	}}
	got := Judge("sqlite", Queries(), seeds, truths)
	want := Score{
		Of: "sqlite", Queries: 6, Worse: 3, Found: 2, Missed: 1, False: 1, Right: 2, Unknown: 2,
		Foretold: 4, Near: 3, Spread: 1, Widest: got.Widest, Advised: 1, Lighter: 1,
	}
	if got != want {
		t.Errorf("the score is\n%+v, want\n%+v", got, want)
	}
	if r, p := got.Recall(), got.Precision(); r != 2.0/3 || p != 2.0/3 {
		t.Errorf("recall %v, precision %v", r, p)
	}
	if got.Widest < 0.09 || got.Widest > 0.11 {
		t.Errorf("the widest spread is %v", got.Widest)
	}
}
