package fault

import "slices"

// An Explanation is what `pintail explain CODE` and docs/errors.md say about a code.
type Explanation struct {
	Code   Code
	Status int    // HTTP status
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

var explanations = slices.Concat(ofRequests, ofSchemas, ofPintail, ofValues, ofDatabases)
