package plan

import (
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// About says what is known of a plan's shape before it runs; q is the query that the plan was made of.
func About(p *Plan, q query.Query) shape.About {
	// A template may be over its limits, where the query is a very long one: it is counted, and nobody can replay it.
	template, _ := query.Encode(q)
	kinds := make([]shape.Kind, len(p.Params))
	for i := range p.Params {
		kinds[i] = kindOf[p.Params[i].Use]
	}
	return shape.About{Label: Label(p), Query: template, Kinds: kinds, Opaque: p.Facts.Opaque}
}

var kindOf = [...]shape.Kind{Unused: shape.Unused, Literal: shape.Literal, Items: shape.Items, Array: shape.Literal, Pattern: shape.Pattern,
	Number: shape.Number, Key: shape.Key, Rows: shape.Data, Body: shape.Data, Places: shape.Data}
