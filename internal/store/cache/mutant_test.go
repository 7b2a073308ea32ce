//go:build mutant

package cache

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/change/mutant"
)

// TestMutants runs the tests that everybody runs, each time with one mistake planted, and expects them to find it.
func TestMutants(t *testing.T) {
	if os.Getenv("PINTAIL_MUTANT") != "" {
		return
	}
	for run, list := range map[string][]mutant.Mutant{"^TestDifferential$": mutant.ByFuzzer, "^TestHistories$": mutant.ByHistories} {
		for _, m := range list {
			t.Run(string(m), func(t *testing.T) {
				c := exec.Command(os.Args[0], "-test.run", run)
				c.Env = append(os.Environ(), "PINTAIL_MUTANT="+string(m), "PINTAIL_PROVE=")
				out, err := c.CombinedOutput()
				if err == nil {
					t.Fatalf("nothing was found:\n%s", out)
				}
				found := false
				for _, s := range []string{"the cache (hit: true) answers", "the record", "is said to", "is not linearizable"} {
					found = found || strings.Contains(string(out), s)
				}
				if !found {
					t.Fatalf("it failed for another reason:\n%s", out)
				}
			})
		}
	}
}
