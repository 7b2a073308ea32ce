package plan

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// nearMax is how many names are compared letter by letter, of those that share the most groups of letters.
const nearMax = 50

// near gives the name that is most like word, if any scores at least least (0 to 1), and whether it is the very word but for
// case. The algorithm is that of the fuzzy set in PostgREST, so that hints agree: names are ranked by the cosine of their
// vectors of three letters, else of two; of the first 50 the one wins that needs the fewest edits.
func near(names []string, word string, least float64) (name string, exact bool) {
	word = strings.ToLower(word)
	for _, n := range names {
		if strings.ToLower(n) == word {
			return n, true
		}
	}
	for size := 3; size >= 2; size-- {
		if n, ok := nearBy(size, names, word, least); ok {
			return n, false
		}
	}
	return "", false
}

func nearBy(size int, names []string, word string, least float64) (string, bool) {
	type candidate struct {
		name  string
		score float64
	}
	var found []candidate
	of := grams(word, size)
	for _, n := range names {
		dot, g := 0, grams(strings.ToLower(n), size)
		for k, count := range of {
			dot += count * g[k]
		}
		if dot > 0 {
			found = append(found, candidate{n, float64(dot) / (norm(of) * norm(g))})
		}
	}
	byScore := func(a, b candidate) int { return cmp.Compare(b.score, a.score) }
	slices.SortStableFunc(found, byScore)
	if len(found) > nearMax {
		found = found[:nearMax]
	}
	for i := range found {
		a, b := []rune(word), []rune(strings.ToLower(found[i].name))
		found[i].score = 1 - float64(edits(a, b))/float64(max(len(a), len(b)))
	}
	slices.SortStableFunc(found, byScore)
	if len(found) == 0 || found[0].score < least {
		return "", false
	}
	return found[0].name, true
}

// grams counts the groups of size letters of a word, of which only letters, digits, spaces and commas count.
func grams(word string, size int) map[string]int {
	letters := []rune{'-'}
	for _, c := range word {
		if unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsSpace(c) || c == ',' {
			letters = append(letters, c)
		}
	}
	letters = append(letters, '-')
	counts := map[string]int{}
	for i := 0; i+size <= len(letters); i++ {
		counts[string(letters[i:i+size])]++
	}
	return counts
}

func norm(counts map[string]int) float64 {
	sum := 0
	for _, n := range counts {
		sum += n * n
	}
	return math.Sqrt(float64(sum))
}

// edits is the Levenshtein distance of a and b.
func edits[T comparable](a, b []T) int {
	line := make([]int, len(b)+1)
	for j := range line {
		line[j] = j
	}
	for i := range a {
		diagonal := line[0]
		line[0] = i + 1
		for j := range b {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = line[j+1]
			line[j+1] = min(step, line[j]+1, line[j+1]+1)
		}
	}
	return line[len(b)]
}
