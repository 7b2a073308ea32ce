//go:build mutant

package mutant

import (
	"os"
	"time"
)

// Planted says whether this program can be told to make mistakes.
const Planted = true

var planted = Mutant(os.Getenv("PINTAIL_MUTANT"))

// Is says whether m is the mistake of this run.
func Is(m Mutant) bool { return planted == m }

// Pause holds a moment open in which m does harm. A disk that syncs in no time would hide it.
func Pause(m Mutant) {
	if Is(m) {
		time.Sleep(2 * time.Millisecond)
	}
}
