package rehearse

import "github.com/pintail-dev/pintail/internal/shape"

// A want is what an argument shall be like.
type want struct {
	stratum string
	place   float64 // 0 ≤ place < 1: which of the values that do
	example *ExampleValue
	sketch  *Argument
}

// matches is how many of production's rows the example's comparison holds for; -1 where that isn't known.
func (w want) matches() int64 {
	if w.example == nil || w.example.Matches == nil {
		return -1
	}
	return *w.example.Matches
}

// number is what an argument that is a number was in production.
func (w want) number(otherwise int64) int64 {
	switch {
	case w.sketch != nil && w.sketch.Sizes != nil && w.stratum == shape.Hottest:
		return w.sketch.Sizes.Max
	case w.sketch != nil && w.sketch.Sizes != nil && w.stratum == shape.P95:
		return w.sketch.Sizes.P95
	case w.sketch != nil && w.sketch.Sizes != nil: // and not that of the example, which is in the middle by how often it is asked for
		return w.sketch.Sizes.P50
	case w.example != nil && w.example.Size > 0:
		return w.example.Size
	}
	return otherwise
}

// defaultPage is the limit of a shape of which no limit was seen.
const defaultPage = 20
