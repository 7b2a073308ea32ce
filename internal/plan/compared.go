package plan

import "github.com/pintail-dev/pintail/query"

// A Compared is an argument that a plan holds a column against.
type Compared struct {
	Left Operand
	Op   query.Op
	Any  query.Quantifier
}

// Comparisons gives what each argument is held against, by its place: nil where it is no comparison's, or an aggregate's.
func Comparisons(p *Plan) []*Compared {
	list := make([]*Compared, len(p.Params))
	Walk(p, func(node any) {
		if e, ok := node.(*Compare); ok && e.Op != query.Is && e.Other == nil && e.Arg >= 0 && e.Arg < len(list) {
			list[e.Arg] = &Compared{Left: e.Left, Op: e.Op, Any: e.Any}
		}
	})
	return list
}
