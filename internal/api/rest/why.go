package rest

import "github.com/pintail-dev/pintail/fault"

// whyKind names the grammar that a text should have followed.
type whyKind uint8

const (
	whySelect whyKind = iota
	whyFilter
	whyOrder
	whyTreePath
	whyLogicPath
	whyColumns
	whyConflict
)

// why says what is wrong with a text that a scanner refused.
func (p *reader) why(kind whyKind, text string) *fault.Fault {
	g := grammar{argsAllowed: p.argsAllowed}
	switch kind {
	case whySelect:
		return refusal("select parameter", text, g.forest(), text)
	case whyFilter:
		return refusal("filter", text, g.filter(), text)
	case whyOrder:
		return refusal("order", text, g.order(), text)
	case whyTreePath:
		return refusal("tree path", text, g.treePath(), text)
	case whyLogicPath:
		return refusal("logic path", text, g.logicPath(), text)
	case whyColumns:
		return refusal("columns parameter", text, g.columns(), text)
	default:
		return refusal("on_conflict parameter", text, g.columns(), text)
	}
}

// whyLogic says what is wrong with a logic tree: of value, as the client wrote it, which was read with its operator before it.
func (p *reader) whyLogic(value, whole string) *fault.Fault {
	g := grammar{argsAllowed: p.argsAllowed}
	return refusal("logic tree", value, g.logicTree(), whole)
}

func refusal(what, named string, g rule, text string) *fault.Fault {
	f := fault.New(fault.BadQueryString, "")
	place, details := explain(g, text)
	f.Message = `"failed to parse ` + what + " (" + named + `)" ` + place
	f.Details = details
	return f
}
