package rehearse

import (
	"fmt"
	"math"
)

// pattern is one of LIKE that is about as choosy as production's.
func (st *shadowTable) pattern(s *source, want want, guess float64) string {
	if s.none || s.domain.size == 0 {
		return "%x%"
	}
	text, _ := s.domain.at(int64(want.place * float64(min(s.domain.size, max(st.rows, 1))))).(string)
	if text == "" {
		return "%x%"
	}
	share, rows := guess, float64(max(st.tableModel.rows, 1))
	if m := want.matches(); m >= 0 {
		share = float64(m) / rows
	}
	wild := want.sketch == nil || want.sketch.Wild >= 0.5
	// So many letters at the head leave about as many of the values.
	head := s.domain.headLetters()
	letters := head
	for letters > 1 && math.Pow(26, float64(head-letters+1))/float64(min(s.domain.size, max(st.rows, 1))) <= share {
		letters--
	}
	switch {
	case share*rows < 0.75:
		text = absentText(want.place)
	case share*rows <= 2: // somebody looks for one thing, of which there won't be more
		letters = head
	case wild && share > 0.2:
		return "%lorem%"
	}
	// Inside a text the words that fill it may have the letters of a head too: all of it is but one value's.
	if letters < head {
		text = text[:min(letters, len(text))]
	}
	if wild {
		return "%" + text + "%"
	}
	return text + "%"
}

// absentText is a text that no row has.
func absentText(place float64) string { return fmt.Sprintf("absent %.9f", place) }
