//go:build unix

package value

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// aggregated are types with a way to make random values of them.
var aggregated = map[string]func(r *rand.Rand) string{
	"smallint": func(r *rand.Rand) string { return fmt.Sprint(int16(r.Uint32())) },
	"integer":  func(r *rand.Rand) string { return fmt.Sprint(int32(r.Uint32())) },
	"bigint":   func(r *rand.Rand) string { return fmt.Sprint(int64(r.Uint64())) },
	"real":     func(r *rand.Rand) string { return fmt.Sprint(float32(r.NormFloat64() * 1000)) },
	"double precision": func(r *rand.Rand) string {
		return []string{fmt.Sprint(r.NormFloat64()), fmt.Sprint(r.NormFloat64() * 1e10), "0", "NaN"}[min(r.IntN(40), 3)%(3+r.IntN(2))]
	},
	"numeric": func(r *rand.Rand) string {
		switch r.IntN(8) {
		case 0:
			return fmt.Sprintf("%d%d.%d", r.Uint64(), r.Uint64(), r.Uint32())
		case 1:
			return fmt.Sprintf("0.0000%d", r.Uint32())
		case 2:
			return fmt.Sprintf("-%d.%02d0", r.IntN(100), r.IntN(100))
		case 3:
			return "0"
		}
		return fmt.Sprintf("%d.%02d", r.IntN(1000)-500, r.IntN(100))
	},
	"time without time zone": func(r *rand.Rand) string {
		return fmt.Sprintf("%02d:%02d:%02d.%d", r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
	},
	"interval": func(r *rand.Rand) string {
		return fmt.Sprintf("%d mons %d days %d us", r.IntN(40)-20, r.IntN(100)-50, r.Int64N(1e12)-5e11)
	},
}

var spreadFuncs = []query.Aggregate{query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp}

// TestAggregatesAsPostgreSQL holds Sum, Avg and Moments against sum, avg, stddev and variance.
func TestAggregatesAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	for _, name := range sortedKeys(aggregated) {
		tt := typ(name)
		sumType, err := AggregateType(query.Sum, tt)
		if err != nil {
			t.Fatal(err)
		}
		avgType, _ := AggregateType(query.Avg, tt)
		spread, _ := AggregateType(query.Variance, tt)
		for round := range 60 {
			r := rand.New(rand.NewPCG(*seed, uint64(round)))
			var texts []string
			for range 1 + r.IntN(12) {
				texts = append(texts, aggregated[name](r))
			}
			s, err := NewSum(tt)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				v, err := Parse(tt, text)
				if err != nil {
					t.Fatal(err)
				}
				s.Add(v)
			}
			check := func(fn string, rt schema.Type, v any, err error) {
				mine := ours(rt, v, err)
				theirs, err := o.ask(fmt.Sprintf("SELECT %s(c)::text, to_json(%[1]s(c))::text FROM unnest($1::text[]::%s[]) WITH ORDINALITY AS x(c, n)", fn, sqlName(tt)), texts)
				if err != nil {
					t.Fatal(err)
				}
				if mine != theirs {
					t.Errorf("%s of %s %v:\n  Pintail    %v\n  PostgreSQL %v", fn, name, texts, mine, theirs)
				}
			}
			v, err := s.Sum()
			check("sum", sumType, v, err)
			v, err = s.Avg()
			check("avg", avgType, v, err)
			m, err := NewMoments(tt)
			if err != nil {
				continue
			}
			for _, text := range texts {
				v, _ := Parse(tt, text)
				m.Add(v)
			}
			for _, fn := range spreadFuncs {
				v, err := m.Value(fn)
				check(string(fn), spread, v, err)
			}
		}
	}
}

// Numbers of one value, of two far apart, with NaN and infinities, and of many digits spread as PostgreSQL says.
func TestMomentsAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	for name, lists := range map[string][][]string{
		"numeric": {{"1.5"}, {"1.50", "1.5"}, {"1", "2"}, {"NaN"}, {"1", "NaN"}, {"Infinity", "1"}, {"-Infinity", "Infinity"}, {"0.000000000000000001", "0"},
			{"123456789012345678901234567890", "1"}, {"1e-300", "2e-300"}, {"99999999999999999999.99", "-99999999999999999999.99", "0.001"}, {"1e100", "3e100"}, {"10", "10.0001"}},
		"bigint":           {{"9223372036854775807", "-9223372036854775808"}, {"9223372036854775807", "9223372036854775807", "9223372036854775806"}, {"3"}, {"0", "0"}},
		"integer":          {{"2147483647", "-2147483648"}, {"1", "2", "4"}},
		"double precision": {{"NaN"}, {"1", "NaN"}, {"Infinity"}, {"Infinity", "1"}, {"1", "Infinity", "2"}, {"1e308", "-1e308"}, {"1e200", "2e200"}, {"0.1", "0.1", "0.1"}, {"1e-320", "3e-320"}, {"5"}},
		"real":             {{"3.4e38", "-3.4e38"}, {"0.1", "0.2"}},
	} {
		tt := typ(name)
		rt, _ := AggregateType(query.Variance, tt)
		for _, texts := range lists {
			m, err := NewMoments(tt)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				v, err := Parse(tt, text)
				if err != nil {
					t.Fatal(err)
				}
				m.Add(v)
			}
			for _, fn := range spreadFuncs {
				v, err := m.Value(fn)
				mine := ours(rt, v, err)
				theirs, err := o.ask(fmt.Sprintf("SELECT %s(c)::text, to_json(%[1]s(c))::text FROM unnest($1::text[]::%s[]) WITH ORDINALITY AS x(c, n)", fn, sqlName(tt)), texts)
				if err != nil {
					t.Fatal(err)
				}
				if mine != theirs {
					t.Errorf("%s of %s %v:\n  Pintail    %v\n  PostgreSQL %v", fn, name, texts, mine, theirs)
				}
			}
		}
	}
}

// Two values have one key exactly where they compare as equal.
func TestKeys(t *testing.T) {
	for name, texts := range inputs {
		tt := typ(name)
		if tt.Base == schema.JSON || tt.Name == `"char"` {
			continue
		}
		var values []any
		var said []string
		for _, s := range texts {
			v, err := Parse(tt, s)
			if err != nil || len(s) >= 1000 {
				continue
			}
			if _, err := Parse(tt, string(AppendText(nil, tt, v, nil))); err == nil { // what Compare can read
				values, said = append(values, v), append(said, s)
			}
		}
		for i, a := range values {
			for j, b := range values {
				same := string(AppendKey(nil, tt, a)) == string(AppendKey(nil, tt, b))
				equal := Compare(tt, a, b) == 0
				if tt.Base == schema.JSONB && !tt.Array {
					equal = jsonbKey(a.(string)) == jsonbKey(b.(string))
				}
				if same != equal {
					t.Errorf("%s: %q and %q: one key %v, equal %v", name, said[i], said[j], same, equal)
				}
			}
		}
	}
}

// TestCompareAsPostgreSQL sorts with Compare what PostgreSQL sorted.
func TestCompareAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	for _, name := range sortedKeys(inputs) {
		tt := typ(name)
		if tt.Base == schema.JSON || tt.Base == schema.JSONB || tt.Name == `"char"` || tt.Name == "citext" {
			continue
		}
		var texts []string
		var values []any
		for _, s := range inputs[name] {
			v, err := Parse(tt, s)
			if err != nil || len(s) > 1000 || strings.Contains(s, "e1310") || timely(s) {
				continue
			}
			text := string(AppendText(nil, tt, v, nil))
			if _, err := Parse(tt, text); err != nil {
				continue
			}
			texts, values = append(texts, text), append(values, v)
		}
		var rank []int64
		rows, err := o.conn.Query(context.Background(),
			fmt.Sprintf("SELECT dense_rank() OVER (ORDER BY c::%s) FROM unnest($1::text[]) WITH ORDINALITY AS x(c, n) ORDER BY n", sqlName(tt)), texts)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
			rank = append(rank, n)
		}
		if rows.Err() != nil {
			t.Fatalf("%s: %v", name, rows.Err())
		}
		for i := range values {
			for j := range values {
				want := sign(int(rank[i] - rank[j]))
				if got := Compare(tt, values[i], values[j]); got != want {
					t.Errorf("%s: %q and %q compare as %d, want %d", name, texts[i], texts[j], got, want)
				}
			}
		}
	}
}

// TestAggregateTypes asks PostgreSQL which aggregates there are, and of what type they are.
func TestAggregateTypes(t *testing.T) {
	o := newOracle(t)
	for _, name := range sortedKeys(inputs) {
		tt := typ(name)
		for _, fn := range append([]query.Aggregate{query.Count, query.Sum, query.Avg, query.Min, query.Max, query.BoolAnd, query.BoolOr}, spreadFuncs...) {
			var want string
			err := o.conn.QueryRow(context.Background(), fmt.Sprintf("SELECT pg_typeof(%s(NULL::%s))::text", fn, sqlName(tt))).Scan(&want)
			got, ourErr := AggregateType(fn, tt)
			var pg *pgconn.PgError
			if errors.As(err, &pg) {
				want = faultText(pg.Code, pg.Message, pg.Detail, pg.Hint)
			} else if err != nil {
				t.Fatal(err)
			}
			mine := castName(got)
			if ourErr != nil {
				mine = ours(got, nil, ourErr).fault
			}
			if mine != want && tt.Name != `"char"` {
				t.Errorf("%s(%s) is %s, want %s", fn, name, mine, want)
			}
		}
	}
}

func TestCompareNumeric(t *testing.T) {
	order := []string{"-Infinity", "-100.5", "-100", "-2", "-1.5", "-1.25", "-0.001", "0", "0.001", "0.01", "0.1", "1", "1.01", "1.1", "9", "10", "99.9", "100", "Infinity", "NaN"}
	for i, a := range order {
		for j, b := range order {
			if got := CompareNumeric(a, b); got != sign(i-j) {
				t.Errorf("CompareNumeric(%s, %s) = %d", a, b, got)
			}
		}
	}
	for _, same := range [][2]string{{"1", "1.0"}, {"-0", "0"}, {"0.00", "0"}, {"01", "1"}, {"+1", "1"}, {"1.50", "1.5"}} {
		if CompareNumeric(same[0], same[1]) != 0 {
			t.Errorf("%s and %s differ", same[0], same[1])
		}
	}
	shuffled := slices.Clone(order)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	slices.SortFunc(shuffled, CompareNumeric)
	if !slices.Equal(shuffled, order) {
		t.Errorf("sorted: %v", shuffled)
	}
}
