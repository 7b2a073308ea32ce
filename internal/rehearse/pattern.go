package rehearse

import (
	"fmt"
	"math"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// pattern is one of LIKE that matches about as large a share of the rows as production's: guess, where nothing is known of this one. Of
// patterns that begin with a wildcard the work is nearly all in looking, whatever matches; of others it's what matches, where an index leads
// to it.
func (st *shadowTable) pattern(s *source, want want, guess float64) string {
	share, rows := guess, float64(max(st.tableModel.rows, 1))
	if m := want.matches(); m >= 0 {
		share = float64(m) / rows
	}
	infix := want.sketch == nil || want.sketch.Wild >= 0.5
	text := absentText(want.place)
	if of, n, ok := s.valueAt(st, want.place); ok && share*rows >= patternRowsLeast {
		piece, has := of.domain.headText(n), s.usual(st)
		if share*rows > oneThing || has > unfaithful*share {
			piece, has = s.fragment(st, of, n, want.place, share, infix)
		}
		// Where even the rarest piece is in far more rows, most who look find nothing.
		if has <= unfaithful*share || (s.key+4).unit(math.Float64bits(want.place)) < share/has {
			text = piece
		}
	}
	if infix {
		return "%" + text + "%"
	}
	return text + "%"
}

const (
	patternRowsLeast = 0.75 // rows that a pattern matches in production, below which it mostly matches none
	oneThing         = 2    // and up to which somebody looks for one thing, of which there won't be more
)

// valueAt is a value of a column at a place among those that rows have, and where its texts come from; false where it has no texts.
func (s *source) valueAt(st *shadowTable, place float64) (of *source, n int64, ok bool) {
	switch {
	case s.link != nil:
		parent := s.link.parent
		return parent.columns[s.at.Position].valueAt(parent, place)
	case s.none || s.domain.size == 0 || s.column.Type.Kind() != schema.Text:
		return nil, 0, false
	}
	return s, int64(place * float64(min(s.domain.size, max(st.rows, 1)))), true
}

// fragmentsOf is of how many rows the texts are looked at to see how many have a fragment, and seenLeast how many of these have to have it for
// that to be taken for their share of all.
const (
	fragmentsOf = 512
	seenLeast   = 8
	fragmentMax = 12 // letters of one from inside a text
)

// fragment is a piece of a text that about a share of the rows have: of a value of of from its head, so that the rows that have it lie together in an
// index, or with infix set from anywhere in a text; and the share of the rows that have it.
func (s *source) fragment(st *shadowTable, of *source, n int64, place, share float64, infix bool) (best string, has float64) {
	texts := s.sampled(st)
	nearest := math.Inf(1)
	try := func(piece string, counted float64) {
		seen := 0
		for _, t := range texts {
			if infix && strings.Contains(t, piece) || !infix && strings.HasPrefix(t, piece) {
				seen++
			}
		}
		if seen >= seenLeast || counted == 0 {
			counted = float64(seen) / fragmentsOf
		}
		if off := math.Abs(math.Log(counted / share)); counted > 0 && off < nearest {
			best, nearest, has = piece, off, counted
		}
	}
	head := of.domain.headText(n)
	for letters := 1; letters <= len(head); letters++ {
		try(head[:letters], s.usual(st)*float64(of.domain.sharing(n, letters)))
	}
	for k := 0; infix && k < min(2, len(texts)); k++ {
		text := []rune(texts[int((place+float64(k)/2)*float64(len(texts)))%len(texts)]) // which a check may list, in any letters
		for letters := 1; letters <= min(fragmentMax, len(text)); letters++ {
			try(string(text[len(text)-letters:]), 0)
			try(string(text[(len(text)-letters)/2:][:letters]), 0)
		}
	}
	return best, has
}

// usual is the share of the rows that have a value that is none of the commonest.
func (s *source) usual(st *shadowTable) float64 {
	if s.unique {
		return 1 / float64(max(st.rows, 1))
	}
	return (1 - s.model.nulls) * (1 - s.common()) / float64(max(s.domain.size-int64(len(s.sums)), 1))
}

// sampled are the texts of some rows from all over the table, of which not all have one.
func (s *source) sampled(st *shadowTable) []string {
	if s.texts == nil {
		s.texts = make([]string, 0, fragmentsOf)
		for k := range int64(fragmentsOf) {
			if text, _ := st.value(s.column.Position, k*st.rows/fragmentsOf).(string); text != "" {
				s.texts = append(s.texts, text)
			}
		}
	}
	return s.texts
}

// absentText is a text that no row has.
func absentText(place float64) string { return fmt.Sprintf("absent %.9f", place) }
