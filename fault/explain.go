package fault

import "slices"

// An Explanation is what `pintail explain CODE` and docs/errors.md say about a code.
type Explanation struct {
	Code   Code
	Status int    // HTTP status; 0 where the SQLSTATE class decides
	Title  string // what it is, a short phrase
	Why    string // when it happens
	Do     string // what to do about it
}

// Explain gives the explanation of a code, and false for one that is not in Explanations.
func Explain(c Code) (Explanation, bool) {
	i := slices.IndexFunc(explanations, func(e Explanation) bool { return e.Code == c })
	if i < 0 {
		return Explanation{}, false
	}
	return explanations[i], true
}

// Explanations gives all codes that Pintail raises, in the order of docs/errors.md.
func Explanations() []Explanation { return slices.Clone(explanations) }

// The statuses are PostgREST's (src/library/PostgREST/Error.hs) for its codes and for SQLSTATEs.
var explanations = []Explanation{
	{Code: ConnectionFailed, Status: 503, Title: "the database can't be reached"},
	{Code: PoolTimeout, Status: 504, Title: "no free connection in time"},
}
