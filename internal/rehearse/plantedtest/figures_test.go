package plantedtest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/rehearse"
)

var (
	seeds  = flag.Int("seeds", 10, "with TestFigures: rehearse with so many seeds")
	engine = flag.String("engine", "", "with TestFigures: rehearse on this engine alone")
	rows   = flag.Int64("rows", 0, "with TestFigures: rows of the largest shadow; 0 is the rehearsal's default")
	advice = flag.Bool("advice", true, "with TestFigures: let the first seed propose indexes")
	show   = flag.String("show", "", "with TestFigures: rehearse this query alone, and print all that is known of it")
	keep   = flag.String("keep", "", "with TestFigures: keep each seed's verdicts on a world in this folder, and rehearse none again whose verdicts are there")
	first  = flag.Int("first", 1, "with TestFigures: the first seed")
	whole  = flag.Bool("whole", false, "with TestFigures: print a line for each query, and not only for those that the rehearsal errs in")
)

// TestRehearsal rehearses some of the planted queries on SQLite, on a small shadow: the classes, and the works at 10x.
func TestRehearsal(t *testing.T) {
	skipShort(t)
	truths := truth(t)
	few := strings.Fields("order-by-key orders-of-customer-page newest-orders menu-search orders-by-offset orders-counted customer-search largest-orders")
	w := Build(t, Shop, 1, t.TempDir())
	c, err := w.Capture(t.Context(), "sqlite", "sqlite:"+w.Path, slices.DeleteFunc(Of(Shop), func(q Query) bool { return !slices.Contains(few, q.Name) }))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	verdicts, rep, err := c.Rehearse(t.Context(), rehearse.Options{Rows: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("rehearsed in %v, up to %v times", time.Since(began).Round(time.Millisecond), rep.Top)
	for _, name := range few {
		v, ok := verdicts[name]
		if found := truths["sqlite "+name]; !ok || v.Unknown || v.Worse != found.Worse() {
			t.Errorf("%s is %s (%s), the truth is %s, exponent %.2f", name, v.Class, v.Why, found.Label(), found.Exponent())
		}
	}
	s := Judge("sqlite", Queries(), []map[string]Verdict{verdicts}, truths)
	if share(s.Near, s.Foretold) < 0.8 {
		var lines strings.Builder
		Print(&lines, "sqlite", []map[string]Verdict{verdicts}, truths, false)
		t.Errorf("%d of %d works at 10x are near:\n%s", s.Near, s.Foretold, &lines)
	}
}

// TestFigures rehearses everything, on both engines and with ten seeds, and holds it to what docs/rehearse.md says. `make figures`
// runs it.
func TestFigures(t *testing.T) {
	if os.Getenv("PINTAIL_PROVE") == "" {
		t.Log("the figures take long: they are counted in make prove, and by make figures")
		return
	}
	truths := truth(t)
	var scores []Score
	for _, e := range []string{"sqlite", "postgres"} {
		if *engine != "" && *engine != e {
			continue
		}
		all := make([]map[string]Verdict, *seeds)
		for _, world := range Worlds() {
			if *only != "" && *only != world {
				continue
			}
			t.Run(e+" "+world, func(t *testing.T) { rehearseWorld(t, e, world, all) })
		}
		if all[0] == nil {
			continue
		}
		Print(os.Stdout, e, all, truths, *whole)
		later := Judge(e, slices.DeleteFunc(Queries(), func(q Query) bool { return !q.Later }), all, truths)
		later.Of += ", those kept from the classifier until it was written"
		scores = append(scores, Judge(e, Queries(), all, truths), later)
	}
	Table(os.Stdout, scores)
	for _, s := range scores {
		if strings.Contains(s.Of, ",") {
			continue // too few to hold to
		}
		if s.Recall() < 0.95 || s.Precision() < 0.9 {
			t.Errorf("%s: recall %.3f, precision %.3f; wanted are 0.95 and 0.90", s.Of, s.Recall(), s.Precision())
		}
		if share(s.Near, s.Foretold) < nearLeast {
			t.Errorf("%s: %d of %d works at 10x are within 25 %%; wanted is a share of %v", s.Of, s.Near, s.Foretold, nearLeast)
		}
		if share(s.Spread, s.Queries) > spreadShare {
			t.Errorf("%s: the exponents of %d queries of %d differ by more than %v from seed to seed", s.Of, s.Spread, s.Queries, spreadMost)
		}
	}
}

// What the figures of docs/rehearse.md may not fall below.
const (
	nearLeast   = 0.9
	spreadShare = 0.02
)

// TestAdviceOnGrownWorlds gives the worlds at 10x and 100x, on SQLite, the indexes that a rehearsal of 1x advises, and counts again: what
// was to be flat then is.
func TestAdviceOnGrownWorlds(t *testing.T) {
	if os.Getenv("PINTAIL_PROVE") == "" {
		t.Log("worlds take long to grow: in make prove alone")
		return
	}
	for _, world := range Worlds() {
		if *only != "" && *only != world {
			continue
		}
		t.Run(world, func(t *testing.T) {
			all := make([]map[string]Verdict, 1)
			rehearseWorld(t, "sqlite", world, all)
			var works [3]map[string]Truth
			for i := range Scales {
				if i > 0 {
					works[i] = countAdvised(t, world, Scales[i], all[0])
				}
			}
			kept, promised := 0, 0
			for name, ten := range works[1] {
				hundred := works[2][name]
				grown := Truth{Typical: [3]Work{1: ten.Typical[1], 2: hundred.Typical[1]}, Hottest: [3]Work{1: ten.Hottest[1], 2: hundred.Hottest[1]}}
				promised++
				if grown.Worse() {
					t.Logf("%s is to be flat with %v, and its work grows from %d to %d, of the hottest value from %d to %d", name, all[0][name].Advice,
						ten.Typical[1].Units, hundred.Typical[1].Units, ten.Hottest[1].Units, hundred.Hottest[1].Units)
				} else {
					kept++
				}
			}
			fmt.Printf("%s: of %d queries that an index was to make flat %d are\n", world, promised, kept)
			if share(kept, promised) < 0.9 && promised > 0 {
				t.Errorf("of %d queries that an index was to make flat %d are", promised, kept)
			}
		})
	}
}

// countAdvised counts the work of the queries that are flat with an advised index, on a world that has all advised indexes.
func countAdvised(t *testing.T, world string, scale int, verdicts map[string]Verdict) map[string]Truth {
	w := Build(t, world, scale, t.TempDir())
	var queries []Query
	for _, q := range Of(world) {
		for _, a := range verdicts[q.Name].Advice {
			ok, err := w.Apply(a)
			if err != nil {
				t.Fatal(err)
			}
			if ok && a.Flat {
				queries = append(queries, q)
				break
			}
		}
	}
	m, err := w.SQLite()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out := map[string]Truth{}
	for _, q := range queries {
		typical, hottest, err := w.Count(m, q, draws[scale])
		if err != nil {
			t.Fatal(err)
		}
		out[q.Name] = Truth{Typical: [3]Work{1: typical}, Hottest: [3]Work{1: hottest}}
	}
	return out
}

// rehearseWorld adds a world's verdicts to those of each seed.
func rehearseWorld(t *testing.T, engine, world string, all []map[string]Verdict) {
	var c *Captured
	for i := range all {
		if all[i] == nil {
			all[i] = map[string]Verdict{}
		}
		seed := *first + i
		file := filepath.Join(*keep, fmt.Sprintf("%s-%s-%d.json", engine, world, seed))
		if kept(t, file, all[i]) {
			continue
		}
		if c == nil {
			if c = captured(t, engine, world); c == nil {
				return
			}
		}
		verdicts, rep, err := c.Rehearse(t.Context(), rehearse.Options{Seed: uint64(seed), Rows: *rows, NoAdvice: seed > 1 || !*advice})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%s %s, seed %d: %.0f s, up to %v times\n", engine, world, seed, rep.Took, rep.Top)
		for _, note := range rep.Notes {
			t.Log(note)
		}
		if *show != "" {
			fmt.Printf("%s\n", inLines(t, rep.Verdicts))
		}
		if *keep != "" {
			if err := os.WriteFile(file, inLines(t, verdicts), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		maps.Copy(all[i], verdicts)
	}
}

// captured is a world's capture; nil where no query of it is to be rehearsed.
func captured(t *testing.T, engine, world string) *Captured {
	queries := slices.DeleteFunc(Of(world), func(q Query) bool { return *show != "" && q.Name != *show })
	if len(queries) == 0 {
		return nil
	}
	w := Build(t, world, 1, t.TempDir())
	dsn := "sqlite:" + w.Path
	if engine == "postgres" {
		dsn = w.PostgreSQL(t)
	}
	c, err := w.Capture(t.Context(), engine, dsn, queries)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range c.Capture.Notes {
		t.Log(note)
	}
	return c
}

// kept adds the verdicts that a file keeps; false where there is none.
func kept(t *testing.T, file string, to map[string]Verdict) bool {
	text, err := os.ReadFile(file)
	if *keep == "" || errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil {
		err = json.Unmarshal(text, &to)
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

func inLines(t *testing.T, v any) []byte {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
