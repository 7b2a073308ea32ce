package query

// Walk calls visit with each node of q that holds something of its own: every Query, Select, Item and Expr, from the outside in.
func Walk(q Query, visit func(node any)) {
	w := walker{visit}
	w.query(q)
}

type walker struct{ visit func(any) }

func (w walker) query(q Query) {
	if s, ok := q.(*Select); ok {
		w.sel(s)
		return
	}
	w.visit(q)
	switch q := q.(type) {
	case *Insert:
		if q.Conflict != nil {
			w.expr(q.Conflict.Where)
		}
		w.expr(q.Put)
		for i := range q.Nested {
			w.query(q.Nested[i].Insert)
		}
		w.sel(q.Returning)
	case *Update:
		w.expr(q.Where)
		w.sel(q.Returning)
	case *Delete:
		w.expr(q.Where)
		w.sel(q.Returning)
	case *Call:
		w.sel(q.Result)
	case *Sequence:
		for _, of := range q.Of {
			w.query(of)
		}
	}
}

func (w walker) sel(s *Select) {
	if s == nil {
		return
	}
	w.visit(s)
	w.items(s.Items)
	w.expr(s.Where)
	w.expr(s.Having)
}

func (w walker) items(items []Item) {
	for _, item := range items {
		w.visit(item)
		switch item := item.(type) {
		case *Embed:
			w.sel(item.Select)
		case *Nest:
			w.items(item.Items)
		case *Nodes:
			w.items(item.Items)
		}
	}
}

func (w walker) expr(e Expr) {
	if e == nil {
		return
	}
	w.visit(e)
	switch e := e.(type) {
	case *And:
		for _, x := range e.Of {
			w.expr(x)
		}
	case *Or:
		for _, x := range e.Of {
			w.expr(x)
		}
	case *Not:
		w.expr(e.Of)
	case *Exists:
		w.expr(e.Where)
	case *Measure:
		w.expr(e.Where)
	}
}
