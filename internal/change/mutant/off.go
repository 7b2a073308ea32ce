//go:build !mutant

package mutant

// Planted says whether this program can be told to make mistakes.
const Planted = false

// Is is false.
func Is(Mutant) bool { return false }

// Pause does nothing.
func Pause(Mutant) {}
