package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// mistakesMax bounds what Parse reports: whoever has so many at once wants to see the first ones.
const mistakesMax = 50

// A Mistake is something in the schema file, or beside it in a named query, that can't stand.
type Mistake struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Length  int // of what is wrong, in characters; at least 1
	Message string
	Instead string // what to write; empty where there is nothing to say
	Source  string // the line
}

// String shows the mistake for a person: where, what, the line with a caret under it, and what to write instead.
//
//	schema.graphql:12:15: there is no type custmer
//	   12 |   customer: custmer! @relation(columns: ["customer_id"])
//	      |             ^^^^^^^
//	      write customer
func (m Mistake) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s\n", m.File, m.Line, m.Column, m.Message)
	line := []rune(strings.TrimRight(m.Source, "\r\n"))
	number := fmt.Sprintf("%5d", m.Line)
	start := min(max(m.Column-1, 0), len(line))
	line, start = around(line, start)
	fmt.Fprintf(&b, "%s | %s\n", number, strings.ReplaceAll(string(line), "\t", " "))
	carets := max(1, min(m.Length, len(line)-start))
	fmt.Fprintf(&b, "%s | %s%s", strings.Repeat(" ", len(number)), strings.Repeat(" ", start), strings.Repeat("^", carets))
	if m.Instead != "" {
		fmt.Fprintf(&b, "\n%s   %s", strings.Repeat(" ", len(number)), m.Instead)
	}
	return b.String()
}

// sourceMax is how many letters of a line are shown.
const sourceMax = 120

// around cuts a long line down to what stands around a place, and says where that is in it.
func around(line []rune, at int) ([]rune, int) {
	if len(line) <= sourceMax {
		return line, at
	}
	from := min(max(at-sourceMax/2, 0), len(line)-sourceMax)
	out := slices.Clone(line[from : from+sourceMax])
	if from > 0 {
		out[0] = '…'
	}
	if from+sourceMax < len(line) {
		out[len(out)-1] = '…'
	}
	return out, at - from
}

// Mistakes are an error.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i := range m {
		texts[i] = m[i].String()
	}
	return strings.Join(texts, "\n\n")
}

// sortMistakes puts them in the order of the files and lines and drops repetitions.
func sortMistakes(m []Mistake, order map[string]int) []Mistake {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	m = slices.CompactFunc(m, func(a, b Mistake) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
	return m[:min(len(m), mistakesMax)]
}

// nearest gives the name that was probably meant; empty where none is near. Letters' case counts less than letters.
func nearest(name string, names []string) string {
	length := utf8.RuneCountInString(name)
	best, bestAt := "", 2+length/5
	if length < 3 {
		bestAt = 1
	}
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); n != name && d < bestAt {
			best, bestAt = n, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, change or swap to come from a to b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			change := rows[i][j]
			if x[i] != y[j] {
				change++
			}
			d := min(change, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}

// list writes names for a sentence: a, b or c.
func list(names []string, word string) string {
	switch len(names) {
	case 0:
		return "nothing"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + word + " " + names[len(names)-1]
}
