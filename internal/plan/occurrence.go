package plan

import "github.com/pintail-dev/pintail/schema"

// Selects calls visit for every Select of a plan that is no Sequence, with the relation that leads to it: nil for the outermost one.
func (p *Plan) Selects(visit func(s *Select, via *schema.Relation)) {
	g := &gatherer{visit: visit}
	if p.Write != nil {
		g.write(p.Write)
	}
	if p.Rows != nil {
		g.sel(p.Rows, nil)
	}
}
