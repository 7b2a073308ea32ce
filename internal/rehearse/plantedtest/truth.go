package plantedtest

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Scales are those at which the truth was counted.
var Scales = [3]int{1, 10, 100}

// WorseFrom is the exponent from which growth is worse than sublinear: between that of a root and that of a scan.
const WorseFrom = 0.8

// A Truth is what was counted of one query on one engine.
type Truth struct {
	Engine, Query string
	Typical       [3]Work // at each of Scales: the median of what typical values cost
	Hottest       [3]Work // what the hottest value costs; that of typical ones where there is none
}

// Exponent is how fast the work grows from 10x to 100x: 0 doesn't, 1 as the data, 2 as its square. It is that of typical or of the
// hottest values, whichever is larger.
func (t Truth) Exponent() float64 {
	return max(exponent(t.Typical), exponent(t.Hottest))
}

// exponent is the worse one of steps or rows, and of pages.
func exponent(w [3]Work) float64 {
	grow := func(a, b int64) float64 { return math.Log10(float64(max(b, 1)) / float64(max(a, 1))) }
	return max(grow(w[1].Units, w[2].Units), grow(w[1].Pages, w[2].Pages))
}

// Worse is the label: the query grows worse than sublinearly.
func (t Truth) Worse() bool { return t.Exponent() >= WorseFrom }

// Label is Worse as a word.
func (t Truth) Label() string {
	if t.Worse() {
		return "worse"
	}
	return "flat"
}

// Queries are all planted queries, world by world.
func Queries() []Query {
	var all []Query
	for world, lists := range map[string][2][]Query{Shop: {shopQueries, shopLater}, Bare: {bareQueries, bareLater}, Chinook: {chinookQueries, chinookLater}} {
		for i, list := range lists {
			for _, q := range list {
				q.World, q.Later = world, i == 1
				all = append(all, q)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Query) int {
		return slices.Index(Worlds(), a.World) - slices.Index(Worlds(), b.World)
	})
	return all
}

// Of gives the planted queries of a world.
func Of(world string) []Query {
	return slices.DeleteFunc(Queries(), func(q Query) bool { return q.World != world })
}

const truthHead = `# What the planted queries cost, counted by running them (go test -run Truth -measure): SQLite's virtual machine steps, or rows that
# PostgreSQL's plan touches, and (pages looked at, blocks of temporary files); at 1x, 10x and 100x; the median of typical values, and
# the hottest one. The exponent is the worst from 10x to 100x, of steps, rows or pages; from 0.8 on the label is worse.
#
# engine | query | typical | hottest | exponent | label
`

// writeTruth writes the golden file.
func writeTruth(list []Truth) []byte {
	var b bytes.Buffer
	b.WriteString(truthHead)
	for _, t := range list {
		fmt.Fprintf(&b, "%s | %s | %s | %s | %.2f | %s\n", t.Engine, t.Query, works(t.Typical), works(t.Hottest), t.Exponent(), t.Label())
	}
	return b.Bytes()
}

func works(list [3]Work) string {
	var words []string
	for _, w := range list {
		word := strconv.FormatInt(w.Units, 10)
		if w.Pages > 0 || w.Temp > 0 {
			word += "(" + strconv.FormatInt(w.Pages, 10)
			if w.Temp > 0 {
				word += "," + strconv.FormatInt(w.Temp, 10)
			}
			word += ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// readTruth reads what writeTruth wrote. Exponents and labels follow from the works: a file in which they don't was written by hand.
func readTruth(text []byte) ([]Truth, error) {
	var list []Truth
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, " | ")
		if len(fields) != 6 {
			return nil, fmt.Errorf("line %d: %d fields", n, len(fields))
		}
		t := Truth{Engine: fields[0], Query: fields[1]}
		var err error
		if t.Typical, err = readWorks(fields[2]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if t.Hottest, err = readWorks(fields[3]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if e := fmt.Sprintf("%.2f", t.Exponent()); e != fields[4] || t.Label() != fields[5] {
			return nil, fmt.Errorf("line %d: the works give %s, %s; the line says %s, %s", n, e, t.Label(), fields[4], fields[5])
		}
		list = append(list, t)
	}
	return list, lines.Err()
}

func readWorks(text string) (list [3]Work, err error) {
	words := strings.Fields(text)
	if len(words) != len(list) {
		return list, fmt.Errorf("%q: not three works", text)
	}
	for i, word := range words {
		units, rest, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
		if list[i].Units, err = strconv.ParseInt(units, 10, 64); err != nil {
			return list, err
		}
		if rest == "" {
			continue
		}
		pages, temp, spilled := strings.Cut(rest, ",")
		if list[i].Pages, err = strconv.ParseInt(pages, 10, 64); err != nil {
			return list, err
		}
		if spilled {
			if list[i].Temp, err = strconv.ParseInt(temp, 10, 64); err != nil {
				return list, err
			}
		}
	}
	return list, nil
}

// Count asks a query with some typical values and with the hottest, and gives the median of the former's works, and the latter's.
func (w *World) Count(m *Meter, q Query, typical int) (median, hottest Work, err error) {
	var all []Work
	draw, failed := w.Typical(q, 1)
	if len(places.FindAllString(q.Path+q.Body, -1)) == 0 {
		typical = 1
	}
	one := func(draw Draw, failed func() error) (Work, error) {
		r, err := q.Request(draw)
		if err == nil {
			err = failed()
		}
		if err != nil {
			return Work{}, err
		}
		return m.Ask(r)
	}
	for range typical + 1 { // the first prepares its statements, reads the schema, and fills caches
		work, err := one(draw, failed)
		if err != nil {
			return Work{}, Work{}, fmt.Errorf("%s at %dx: %w", q.Name, w.Scale, err)
		}
		all = append(all, work)
	}
	all = all[1:]
	slices.SortFunc(all, func(a, b Work) int { return int(a.Units - b.Units) })
	median = all[len(all)/2]
	if !q.Hot(values[w.Name]) {
		return median, median, nil
	}
	hottest, err = one(w.Hottest(q, 1))
	return median, hottest, err
}
