package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// nearest gives the name that is most like another one, whatever their case; "" where in none more than half of the letters are right.
func nearest(name string, among []string) string {
	name = strings.ToLower(name)
	best, most := "", 0.5
	for _, one := range among {
		edits := levenshtein.ComputeDistance(name, strings.ToLower(one))
		letters := max(utf8.RuneCountInString(name), utf8.RuneCountInString(one), 1)
		if alike := 1 - float64(edits)/float64(letters); alike > most {
			best, most = one, alike
		}
	}
	return best
}

// meant ends a sentence about a name that isn't there: with the one that was probably meant, else with some of those that there are.
func meant(name string, among []string) string {
	if one := nearest(name, among); one != "" {
		return fmt.Sprintf("; did you mean %q?", one)
	}
	if len(among) == 1 {
		return "; there is only " + harmless(among[0])
	}
	const some = 8
	return "; there are " + joined(among, some)
}
