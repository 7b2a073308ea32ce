//go:build unix

package value

import (
	"context"
	"encoding/json"
	"flag"

	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

var (
	rounds = flag.Int("rounds", 150, "random texts for each type")
	seed   = flag.Uint64("seed", 1, "of the random texts")
)

// tries makes PostgreSQL read many texts at once, each with its own fault.
const tries = `
CREATE FUNCTION try(texts text[], query text) RETURNS TABLE (t text, j text, code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
DECLARE one text;
BEGIN
	FOREACH one IN ARRAY texts LOOP
		t := NULL; j := NULL; code := NULL; message := NULL; detail := NULL; hint := NULL;
		BEGIN
			EXECUTE query INTO t, j USING one;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code := RETURNED_SQLSTATE, message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
		END;
		RETURN NEXT;
	END LOOP;
END $$`

// askAll is ask for many texts.
func (o *oracle) askAll(t testing.TB, query string, texts []string) []answer {
	t.Helper()
	rows, err := o.conn.Query(context.Background(), "SELECT * FROM try($1, $2)", texts, query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []answer
	for rows.Next() {
		var text, js, code, message, detail, hint *string
		if err := rows.Scan(&text, &js, &code, &message, &detail, &hint); err != nil {
			t.Fatal(err)
		}
		switch {
		case code != nil:
			out = append(out, answer{fault: faultText(*code, *message, *detail, *hint)})
		case text == nil:
			out = append(out, answer{null: true})
		default:
			out = append(out, answer{text: *text, json: *js})
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return out
}

// mutate makes a new text of old ones.
func mutate(r *rand.Rand, from []string) string {
	const alphabet = "0123456789 -+:./,TZabpPe{}[]\"\\xXu'é\tn"
	pick := func() []rune { return []rune(from[r.IntN(len(from))]) }
	s := pick()
	for range 1 + r.IntN(3) {
		at := 0
		if len(s) > 0 {
			at = r.IntN(len(s))
		}
		switch r.IntN(6) {
		case 0:
			if len(s) > 0 {
				s = slices.Delete(s, at, at+1)
			}
		case 1:
			s = slices.Insert(s, at, []rune(alphabet)[r.IntN(len([]rune(alphabet)))])
		case 2:
			if len(s) > 0 {
				s[at] = []rune(alphabet)[r.IntN(len([]rune(alphabet)))]
			}
		case 3:
			o := pick()
			s = append(slices.Clone(s[:at]), o[r.IntN(len(o)+1):]...)
		case 4:
			s = append(append(slices.Clone(s), ' '), pick()...)
		case 5:
			if len(s) > 0 && s[at] >= '0' && s[at] <= '9' {
				s[at] = rune('0' + r.IntN(10))
			}
		}
		if len(s) > 200 {
			s = s[:200]
		}
	}
	return string(s)
}

// TestRandomAsPostgreSQL does the same as TestParseAsPostgreSQL for texts that nobody thought of.
func TestRandomAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	o.exec(t, tries)
	for _, name := range sortedKeys(inputs) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(*seed, uint64(len(name))))
			tt := typ(name)
			var texts []string
			for range *rounds {
				if s := mutate(r, inputs[name]); !timely(s) {
					texts = append(texts, s)
				}
			}
			o.compare(t, tt, texts)
		})
	}
}

// timely says whether a text means the moment, so that two clocks would be compared.
func timely(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"now", "today", "tomorrow", "yesterday"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// compare holds Pintail's answers for texts against PostgreSQL's.
func (o *oracle) compare(t *testing.T, tt schema.Type, texts []string) {
	query := fmt.Sprintf("SELECT c::text, to_json(c)::text FROM json_to_recordset(json_build_array(json_build_object('c', $1::text))) AS x(c %s)", sqlName(tt))
	if tt.Base == schema.JSON || tt.Base == schema.JSONB {
		query = fmt.Sprintf("SELECT c::text, to_json(c)::text FROM (SELECT $1::text::%s AS c) x", sqlName(tt))
	}
	bad := 0
	for i, theirs := range o.askAll(t, query, texts) {
		v, err := Parse(tt, texts[i])
		mine := ours(tt, v, err)
		if tt.Name == "character" || tt.Name == "bpchar" {
			theirs.text = strings.Trim(theirs.json, `"`)
			mine.text = strings.Trim(mine.json, `"`)
		}
		if tt.Base == schema.Bool && !tt.Array && theirs.fault == "" {
			theirs.text = map[string]string{"true": "t", "false": "f"}[theirs.text]
		}
		if mine != theirs && !known(tt, theirs, mine) {
			js, _ := json.Marshal(texts[i])
			t.Errorf("%s of %s:\n  Pintail    %v\n  PostgreSQL %v", sqlName(tt), js, mine, theirs)
			if bad++; bad > 25 {
				t.Fatal("and more")
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestFloatsAsPostgreSQL writes random bits as floats.
func TestFloatsAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	r := rand.New(rand.NewPCG(*seed, 3))
	var wide []float64
	var narrow []float32
	for range 40 * *rounds {
		wide = append(wide, math.Float64frombits(r.Uint64()), float64(r.Int64()), r.NormFloat64(), math.Ldexp(float64(r.IntN(1000)), r.IntN(200)-100), math.Pow10(r.IntN(60)-20)*float64(r.IntN(100)))
		narrow = append(narrow, math.Float32frombits(r.Uint32()), float32(r.Int64()), float32(r.NormFloat64()), float32(math.Pow10(r.IntN(40)-10)*float64(r.IntN(100))))
	}
	var texts8, texts4 []string
	err := o.conn.QueryRow(context.Background(), "SELECT $1::float8[]::text[], $2::float4[]::text[]", wide, narrow).Scan(&texts8, &texts4)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range texts8 {
		if got := string(AppendFloat(nil, wide[i], 64)); got != want {
			t.Errorf("%x is %s, want %s", math.Float64bits(wide[i]), got, want)
		}
	}
	for i, want := range texts4 {
		if got := string(AppendFloat(nil, float64(narrow[i]), 32)); got != want {
			t.Errorf("%x is %s, want %s", math.Float32bits(narrow[i]), got, want)
		}
	}
}
