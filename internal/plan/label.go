package plan

import (
	"cmp"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// labelMax is how long a label may be, in bytes; the rest of a longer one is left out and "…" put in its place.
const labelMax = 160

// Label names a plan in one line that a person recognizes, of names alone:
//
//	read order where customer_id eq, sort placed_at desc, with items(toast)
func Label(p *Plan) string {
	var l labeler
	l.plan(p)
	s := l.b.String()
	if len(s) > labelMax {
		s = strings.ToValidUTF8(s[:labelMax-len("…")], "") + "…"
	}
	return s
}

type labeler struct{ b strings.Builder }

func (l *labeler) plan(p *Plan) {
	switch {
	case p.Op == Sequence:
		if len(p.Steps) == 0 {
			l.b.WriteString("nothing")
		}
		for i, step := range p.Steps {
			l.join(i, "; ")
			l.plan(step)
		}
		return
	case p.Write != nil:
		l.b.WriteString([...]string{Insert: "insert into ", Update: "update ", Delete: "delete from "}[p.Op] + p.Write.Table.Name.Name)
		if p.Write.Conflict != nil {
			l.b.WriteString(" or update")
		}
		l.where(p.Write.Where)
		return
	case p.Call != nil:
		l.b.WriteString("call " + p.Call.Function.Name.Name)
		return
	}
	l.b.WriteString("read ")
	l.sel(p.Rows)
}

func (l *labeler) sel(s *Select) {
	if t := s.Source.Table; t != nil {
		l.b.WriteString(t.Name.Name)
	}
	l.where(s.Where)
	l.sort(s.Order)
	if s.Summary || s.Grouped {
		l.b.WriteString(", aggregated")
	}
	if s.Offset != nil {
		l.b.WriteString(", offset")
	}
	if s.Count == query.ExactCount {
		l.b.WriteString(", counted")
	}
	if embeds := embedded(nil, s.Outputs); len(embeds) > 0 {
		l.b.WriteString(", with ")
		l.embeds(embeds)
	}
}

func embedded(list []*Embed, outputs []Output) []*Embed {
	for i := range outputs {
		if e := outputs[i].Embed; e != nil {
			list = append(list, e)
		}
		list = embedded(list, outputs[i].Nest)
	}
	return list
}

func (l *labeler) embeds(list []*Embed) {
	for i, e := range list {
		l.join(i, ", ")
		l.b.WriteString(cmp.Or(e.Relation.Name, e.Relation.To.Name.Name))
		if below := embedded(nil, e.Select.Outputs); len(below) > 0 {
			l.b.WriteByte('(')
			l.embeds(below)
			l.b.WriteByte(')')
		}
	}
}

func (l *labeler) sort(order []Order) {
	for i := range order {
		o := &order[i]
		name := "…"
		switch {
		case o.Value.Column != nil:
			name = o.Value.Column.Name
		case o.Value.Computed != nil:
			name = o.Value.Computed.Name.Name
		}
		if i == 0 {
			l.b.WriteString(", sort ")
		} else {
			l.b.WriteByte(' ')
		}
		l.b.WriteString(name)
		if o.Direction == query.Desc {
			l.b.WriteString(" desc")
		}
	}
}

func (l *labeler) where(e Expr) {
	if e == nil {
		return
	}
	l.b.WriteString(" where ")
	l.expr(e)
}

func (l *labeler) expr(e Expr) {
	switch e := e.(type) {
	case *And:
		l.list(e.Of, " and ")
	case *Or:
		l.list(e.Of, " or ")
	case *Not:
		l.b.WriteString("not ")
		l.expr(e.Of)
	case *Compare:
		l.operand(&e.Left)
		l.b.WriteString(" " + string(e.Op))
		if e.Is != "" {
			l.b.WriteString(" " + e.Is)
		}
	case *Exists:
		l.b.WriteString("any " + cmp.Or(e.Relation.Name, e.Relation.To.Name.Name))
		if e.Select.Where != nil {
			l.b.WriteByte('(')
			l.expr(e.Select.Where)
			l.b.WriteByte(')')
		}
	case *Embedded:
		l.b.WriteString("any " + cmp.Or(e.Embed.Relation.Name, e.Embed.Relation.To.Name.Name))
	case *Measure:
		l.b.WriteString("aggregate")
	case Const:
		if !e {
			l.b.WriteString("never")
		} else {
			l.b.WriteString("always")
		}
	}
}

func (l *labeler) list(of []Expr, between string) {
	for i, e := range of {
		l.join(i, between)
		_, and := e.(*And)
		_, or := e.(*Or)
		if and || or {
			l.b.WriteByte('(')
		}
		l.expr(e)
		if and || or {
			l.b.WriteByte(')')
		}
	}
}

func (l *labeler) operand(o *Operand) {
	switch {
	case o.Column != nil:
		l.b.WriteString(o.Column.Name)
	case o.Computed != nil:
		l.b.WriteString(o.Computed.Name.Name)
	}
	if len(o.Path) > 0 {
		l.b.WriteString("->…")
	}
}

func (l *labeler) join(i int, between string) {
	if i > 0 {
		l.b.WriteString(between)
	}
}
