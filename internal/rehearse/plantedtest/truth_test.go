package plantedtest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

var (
	measure = flag.Bool("measure", false, "count the works of all planted queries anew, and write testdata/truth.txt (with PINTAIL_PROVE)")
	only    = flag.String("world", "", "with -measure and TestFigures: this world alone")
)

func TestMain(m *testing.M) {
	CountSteps()
	os.Exit(m.Run())
}

// skipShort leaves out what makes whole databases: under the race detector SQLite is some twenty times slower, and nothing here races.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("worlds of thousands of rows are made without -short only")
	}
}

// TestTruth counts the works anew where -measure asks for it, and in make prove, where the labels must come out as they stand in
// the file. The file must be whole: a line for each query and engine, labels that follow from the works, as many flat ones as
// worse ones, and traps.
func TestTruth(t *testing.T) {
	prove := os.Getenv("PINTAIL_PROVE") != ""
	if *measure {
		if !prove {
			t.Fatal("-measure takes some minutes: set PINTAIL_PROVE too")
		}
		if err := os.WriteFile("testdata/truth.txt", writeTruth(remeasure(t)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	truths := truth(t)
	if prove && !*measure {
		for _, now := range remeasure(t) {
			if was := truths[now.Engine+" "+now.Query]; now.Label() != was.Label() {
				t.Errorf("%s on %s is %s now (%v, hottest %v), the file says %s: count anew with -measure", now.Query, now.Engine, now.Label(), now.Typical, now.Hottest, was.Label())
			}
		}
	}
	traps, flat := 0, map[string]int{}
	for _, q := range Queries() {
		if q.Trap != "" {
			traps++
		}
		for _, engine := range []string{"sqlite", "postgres"} {
			found, ok := truths[engine+" "+q.Name]
			if !ok {
				t.Errorf("%s has no line for %s: count anew with -measure", q.Name, engine)
			} else if !found.Worse() {
				flat[engine]++
			}
		}
	}
	all := len(Queries())
	t.Logf("%d queries, %d traps; flat: %v", all, traps, flat)
	if len(truths) != 2*all {
		t.Errorf("%d lines for %d queries on two engines", len(truths), all)
	}
	if all < 44 || traps < 10 {
		t.Errorf("%d queries, %d traps: too few", all, traps)
	}
	for engine, n := range flat {
		if share := float64(n) / float64(all); share < 0.45 || share > 0.55 {
			t.Errorf("%s: %d of %d queries are flat, which isn't half", engine, n, all)
		}
	}
}

// truth reads the golden file.
func truth(t *testing.T) map[string]Truth {
	t.Helper()
	text, err := os.ReadFile("testdata/truth.txt")
	if err != nil {
		t.Fatal(err)
	}
	list, err := readTruth(text)
	if err != nil {
		t.Fatal(err)
	}
	if again := writeTruth(list); !bytes.Equal(again, text) {
		t.Error("testdata/truth.txt isn't as it is written")
	}
	all := map[string]Truth{}
	for _, found := range list {
		all[found.Engine+" "+found.Query] = found
	}
	return all
}

// TestCountsAgain holds the file against what SQLite counts today at 1x. PostgreSQL's rows depend on what ANALYZE happened to sample.
func TestCountsAgain(t *testing.T) {
	skipShort(t)
	truths := truth(t)
	for _, world := range Worlds() {
		t.Run(world, func(t *testing.T) {
			w := Build(t, world, 1, t.TempDir())
			m, err := w.SQLite()
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for _, q := range Of(world) {
				typical, hottest, err := w.Count(m, q, draws[1])
				if err != nil {
					t.Error(err)
					continue
				}
				was := truths["sqlite "+q.Name]
				if typical.Units != was.Typical[0].Units || hottest.Units != was.Hottest[0].Units {
					t.Errorf("%s takes %d and %d steps, the file says %d and %d: count anew with -measure", q.Name,
						typical.Units, hottest.Units, was.Typical[0].Units, was.Hottest[0].Units)
				}
			}
		})
	}
}

// draws is how many typical values are drawn at a scale.
var draws = map[int]int{1: 25, 10: 15, 100: 7}

// remeasure counts all works. Those of worlds that aren't to be counted are the file's.
func remeasure(t *testing.T) (list []Truth) {
	found := map[string]*Truth{}
	if old, err := os.ReadFile("testdata/truth.txt"); err == nil {
		list, err := readTruth(old)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			found[o.Engine+" "+o.Query] = &o
		}
	}
	for _, world := range Worlds() {
		if *only != "" && *only != world {
			continue
		}
		for i, scale := range Scales {
			t.Run(fmt.Sprintf("%s at %dx", world, scale), func(t *testing.T) {
				countWorld(t, world, i, scale, found)
			})
		}
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, q := range Queries() {
			if f := found[engine+" "+q.Name]; f != nil {
				list = append(list, *f)
			}
		}
	}
	return list
}

func countWorld(t *testing.T, world string, i, scale int, found map[string]*Truth) {
	began := time.Now()
	w := Build(t, world, scale, t.TempDir())
	t.Logf("made the SQLite file in %v", time.Since(began).Round(time.Second))
	count := func(engine string, m *Meter) {
		defer m.Close()
		for _, q := range Of(world) {
			began := time.Now()
			typical, hottest, err := w.Count(m, q, draws[scale])
			if err != nil {
				t.Errorf("%s: %v", engine, err)
				continue
			}
			f := found[engine+" "+q.Name]
			if f == nil {
				f = &Truth{Engine: engine, Query: q.Name}
				found[engine+" "+q.Name] = f
			}
			f.Typical[i], f.Hottest[i] = typical, hottest
			if took := time.Since(began); took > 5*time.Second {
				t.Logf("%s on %s took %v", q.Name, engine, took.Round(time.Second))
			}
		}
	}
	m, err := w.SQLite()
	if err != nil {
		t.Fatal(err)
	}
	count("sqlite", m)
	began = time.Now()
	dsn := w.PostgreSQL(t)
	t.Logf("made the PostgreSQL database in %v", time.Since(began).Round(time.Second))
	if m, err = w.PostgreSQLMeter(context.Background(), dsn); err != nil {
		t.Fatal(err)
	}
	count("postgres", m)
}
