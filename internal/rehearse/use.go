package rehearse

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A use says what one argument of a plan meets.
type use struct {
	kind   useKind
	alias  int              // occurrence of the table
	column *schema.Column   // that it is compared with; nil for none
	path   bool             // inside the column's JSON
	op     query.Op         // of the comparison
	any    bool             // over a list
	of     *plan.Select     // limit, offset: of these rows
	write  *plan.Write      // rows: that go in there
	arg    *schema.Arg      // of a function
	call   *plan.Invocation // body
}

type useKind uint8

const (
	unused useKind = iota
	compared
	limited
	skipped
	pathKey
	written
	placed
	altered
	called
)

// usesOf says of each of a plan's arguments what it meets.
func usesOf(p *plan.Plan) []use {
	g := &usage{uses: make([]use, len(p.Params))}
	plan.Walk(p, g.node)
	return g.uses
}

type usage struct {
	uses []use
	gone *plan.Write // of a delete, which sets no rows
}

// set keeps the first use of an argument.
func (g *usage) set(arg int, u use) {
	if arg >= 0 && arg < len(g.uses) && g.uses[arg].kind == unused {
		g.uses[arg] = u
	}
}

func (g *usage) node(node any) {
	switch n := node.(type) {
	case *plan.Plan:
		if n.Op == plan.Delete {
			g.gone = n.Write
		}
	case *plan.Write:
		g.write(n)
	case *plan.Nested:
		g.set(n.Parents, use{kind: placed})
	case *plan.Invocation:
		g.call(n)
	case plan.Occurrence:
		if n.Limit != nil {
			g.set(*n.Limit, use{kind: limited, of: n.Select})
		}
		if n.Offset != nil {
			g.set(*n.Offset, use{kind: skipped, of: n.Select})
		}
	case *plan.Operand:
		for _, step := range n.Path {
			g.set(step.Arg, use{kind: pathKey, alias: n.Alias, column: n.Column})
		}
	case *plan.Compare:
		if n.Other == nil && n.Is == "" {
			g.set(n.Arg, use{kind: compared, alias: n.Left.Alias, column: n.Left.Column, path: len(n.Left.Path) > 0, op: n.Op, any: n.Any != query.One})
		}
	case *plan.Measure:
		if n.Is == "" {
			g.set(n.Arg, use{kind: compared, op: n.Op, any: n.Any != query.One})
		}
	}
}

func (g *usage) write(x *plan.Write) {
	if x != g.gone {
		g.set(x.Rows, use{kind: written, write: x})
	}
	for i := range x.Alter {
		g.set(x.Alter[i].Arg, use{kind: altered, column: x.Alter[i].Column})
	}
}

func (g *usage) call(c *plan.Invocation) {
	g.set(c.Body, use{kind: called, call: c})
	for _, a := range c.Args {
		for _, at := range a.Values {
			g.set(at, use{kind: called, call: c, arg: a.Param})
		}
	}
}
