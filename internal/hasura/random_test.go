package hasura

import (
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// A mutator changes metadata here and there: what comes out is metadata of the right kind that says something else.
type mutator struct {
	*rand.Rand
	values []any    // of the metadata itself, which are put in other places
	texts  []string // names and keys
}

func (m *mutator) collect(v any) {
	m.values = append(m.values, v)
	switch v := v.(type) {
	case string:
		m.texts = append(m.texts, v)
	case []any:
		for _, x := range v {
			m.collect(x)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m.texts = append(m.texts, k)
			m.collect(v[k])
		}
	}
}

// change gives a changed copy; rate is how many of a thousand values are.
func (m *mutator) change(v any, rate int) any {
	if m.IntN(1000) < rate {
		switch m.IntN(4) {
		case 0:
			return m.values[m.IntN(len(m.values))]
		case 1:
			return []any{nil, true, "", -1, 1.5, []any{}, map[string]any{}, "x-hasura-id", "__typename", "order_by"}[m.IntN(10)]
		}
		if _, text := v.(string); text {
			return m.texts[m.IntN(len(m.texts))]
		}
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if m.IntN(1000) >= rate/2 {
				out = append(out, m.change(x, rate))
			}
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			key := k
			if m.IntN(1000) < rate/2 {
				key = m.texts[m.IntN(len(m.texts))]
			}
			out[key] = m.change(v[k], rate)
		}
		return out
	}
	return v
}

// Metadata that says anything gives an error or a schema that prints and parses.
func TestChangedMetadata(t *testing.T) {
	laid, seeds := 0, uint64(400)
	if os.Getenv("PINTAIL_PROVE") != "" {
		seeds = 20_000
	}
	for _, name := range []string{"shop", "cafe"} {
		file, err := os.ReadFile("testdata/" + name + ".graphql")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var original any
		if err := json.Unmarshal(text, &original); err != nil {
			t.Fatal(err)
		}
		for seed := range seeds {
			m := &mutator{Rand: rand.New(rand.NewPCG(seed, 8))}
			m.collect(original)
			changed, err := json.Marshal(m.change(original, 1+m.IntN(30)))
			if err != nil {
				t.Fatal(err)
			}
			metadata, err := Parse("m.json", changed)
			if err != nil {
				continue
			}
			source, err := metadata.Choose("")
			if err != nil {
				continue
			}
			_, _, err = source.Lay(parse(t, string(file)))
			var mistakes schema.Mistakes
			if errors.As(err, &mistakes) {
				t.Fatalf("%s, seed %d: %v\n%s", name, seed, err, changed)
			}
			if err == nil {
				laid++
			}
		}
	}
	if laid < 200 {
		t.Errorf("only %d of %d were laid: the changes are too wild to test anything", laid, 2*seeds)
	}
}
