package query

import "encoding/binary"

// Args are a query's values, in the order in which Parameterize meets them.
type Args []Value

// Parameterize takes the values out of q. It appends to buf q's shape (every name length-prefixed, so that two different
// queries never share one), numbers every Value and path Step of q by its place in the returned Args, and returns both.
// Belonging to the values: literals, limits and offsets, the whole of an in list, the keys of a JSON path, the rows of an
// insert. Belonging to the shape: structure, names, operators, the claims that are asked for, whether a value is null.
// A Value in Args keeps the Arg that it came with: a dialect may tell by it where the value is from.
func Parameterize(q Query, buf []byte) (shape []byte, args Args) {
	w := shaper{buf: buf, args: make(Args, 0, 2)}
	w.query(q)
	return w.buf, w.args
}

type shaper struct {
	buf  []byte
	args Args
}

func (w *shaper) query(q Query) {
	switch q := q.(type) {
	case *Select:
		w.tag('S')
		w.sel(q)
	case *Insert:
		w.tag('I')
		w.name(q.Into)
		w.strs(q.Columns)
		w.value(&q.Rows)
		w.flag(q.Default)
		w.conflict(q.Conflict)
		w.expr(q.Put)
		w.int(len(q.Nested))
		for i := range q.Nested {
			n := &q.Nested[i]
			w.str(n.Relation)
			w.str(n.Hint)
			w.query(n.Insert)
			w.value(&n.Parents)
		}
		w.sel(q.Returning)
		w.end(q.End)
	case *Update:
		w.tag('U')
		w.name(q.Table)
		w.strs(q.Columns)
		w.value(&q.Row)
		w.flag(q.Default)
		w.int(len(q.Alter))
		for i := range q.Alter {
			w.str(q.Alter[i].Column)
			w.str(string(q.Alter[i].How))
			w.value(&q.Alter[i].Value)
		}
		w.expr(q.Where)
		w.sel(q.Returning)
		w.end(q.End)
	case *Delete:
		w.tag('D')
		w.name(q.From)
		w.expr(q.Where)
		w.sel(q.Returning)
		w.end(q.End)
	case *Call:
		w.tag('C')
		w.name(q.Function)
		w.arguments(q.Args)
		w.flag(q.Body != nil)
		if q.Body != nil {
			w.value(q.Body)
		}
		w.str(q.BodyType)
		w.flag(q.Array)
		w.flag(q.ReadOnly)
		w.flag(q.Columns != nil)
		w.strs(q.Columns)
		w.sel(q.Result)
		w.end(q.End)
	case *Sequence:
		w.tag('Q')
		w.int(len(q.Of))
		for _, of := range q.Of {
			w.query(of)
		}
		w.flag(q.Rollback)
	default:
		panic("query: unknown kind of query")
	}
}

func (w *shaper) sel(s *Select) {
	if s == nil {
		w.tag('0')
		return
	}
	w.tag('1')
	w.name(s.From)
	w.items(s.Items)
	w.expr(s.Where)
	w.fields(s.Distinct)
	w.fields(s.Group)
	w.expr(s.Having)
	w.int(len(s.Order))
	for i := range s.Order {
		o := &s.Order[i]
		w.str(o.Relation)
		w.int(len(o.Via))
		for _, hop := range o.Via {
			w.str(hop.Relation)
			w.str(hop.Hint)
		}
		w.field(&o.Field)
		w.str(string(o.Aggregate))
		w.str(string(o.Direction))
		w.str(string(o.Nulls))
	}
	w.flag(s.Page.Limit != nil)
	if s.Page.Limit != nil {
		w.value(s.Page.Limit)
	}
	w.flag(s.Page.Offset != nil)
	if s.Page.Offset != nil {
		w.value(s.Page.Offset)
	}
	w.str(string(s.Count))
	w.flag(s.Form.StripNulls)
	w.flag(s.Form.CSV)
	w.flag(s.Form.GeoJSON)
	w.flag(s.Form.Omit)
	w.str(s.Form.Media)
	w.flag(s.Summary)
}

func (w *shaper) items(items []Item) {
	w.int(len(items))
	for _, item := range items {
		switch item := item.(type) {
		case *Output:
			w.tag('o')
			w.flag(item.Star)
			w.field(&item.Field)
			w.str(item.Cast)
			w.str(item.Key()) // the key in the answer belongs to the shape, also where it is that of a path
			w.str(string(item.Aggregate))
			w.str(item.AggregateCast)
			w.flag(item.Distinct)
			w.fields(item.More)
			w.arguments(item.Args)
		case *Embed:
			w.tag('e')
			w.str(item.Target)
			w.str(item.Hint)
			w.str(item.Alias)
			w.str(string(item.Join))
			w.flag(item.Spread)
			w.arguments(item.Args)
			w.sel(item.Select)
		case *Nest:
			w.tag('n')
			w.str(item.Key)
			w.items(item.Items)
		case *Literal:
			w.tag('l')
			w.str(item.Key)
			w.str(item.Text)
		case *Nodes:
			w.tag('r')
			w.str(item.Key)
			w.items(item.Items)
		default:
			panic("query: unknown kind of item")
		}
	}
}

func (w *shaper) expr(e Expr) {
	switch e := e.(type) {
	case nil:
		w.tag('-')
	case *And:
		w.tag('&')
		w.exprs(e.Of)
	case *Or:
		w.tag('|')
		w.exprs(e.Of)
	case *Not:
		w.tag('!')
		w.expr(e.Of)
	case Const:
		w.tag('k')
		w.flag(bool(e))
	case *Compare:
		w.tag('c')
		w.field(&e.Field)
		w.str(string(e.Op))
		w.str(string(e.Any))
		w.str(e.Lang)
		w.str(e.Other)
		w.flag(e.AsText)
		if e.Op == Is {
			w.str(e.Value.Text)
		} else if e.Other == "" {
			w.value(&e.Value)
		}
	case *Embedded:
		w.tag('m')
		w.str(e.Name)
		w.flag(e.Null)
	case *Exists:
		w.tag('x')
		w.str(e.Relation)
		w.str(e.Hint)
		w.str(e.Table.Schema)
		w.str(e.Table.Name)
		w.expr(e.Where)
	case *Measure:
		w.tag('a')
		w.str(e.Relation)
		w.str(e.Hint)
		w.expr(e.Where)
		w.str(string(e.Aggregate))
		w.fields(e.Fields)
		w.flag(e.Distinct)
		w.str(string(e.Op))
		w.str(string(e.Any))
		if e.Op == Is {
			w.str(e.Value.Text)
		} else {
			w.value(&e.Value)
		}
	default:
		panic("query: unknown kind of expression")
	}
}

func (w *shaper) exprs(of []Expr) {
	w.int(len(of))
	for _, e := range of {
		w.expr(e)
	}
}

func (w *shaper) conflict(c *Conflict) {
	w.flag(c != nil)
	if c == nil {
		return
	}
	w.strs(c.Columns)
	w.str(c.Constraint)
	w.flag(c.Ignore)
	w.flag(c.Update != nil)
	w.strs(c.Update)
	w.expr(c.Where)
}

func (w *shaper) end(e End) {
	w.flag(e.Rollback)
	w.flag(e.Single)
	w.flag(e.Keys)
	w.flag(e.MaxAffected != nil)
	if e.MaxAffected != nil {
		w.int(int(*e.MaxAffected))
	}
}

func (w *shaper) field(f *Field) {
	w.str(f.Column)
	w.int(len(f.Path))
	for i := range f.Path {
		s := &f.Path[i]
		w.flag(s.Index)
		w.flag(s.Text)
		w.flag(s.Quoted)
		s.Arg = len(w.args)
		w.args = append(w.args, Value{Text: s.Key})
	}
}

func (w *shaper) fields(of []Field) {
	w.int(len(of))
	for i := range of {
		w.field(&of[i])
	}
}

func (w *shaper) arguments(args []Arg) {
	w.int(len(args))
	for i := range args {
		w.str(args[i].Name)
		w.int(args[i].Place)
		w.value(&args[i].Value)
	}
}

func (w *shaper) value(v *Value) {
	w.str(v.Claim)
	w.flag(v.Null)
	w.flag(v.IsList)
	w.args = append(w.args, *v)
	v.Arg = len(w.args) - 1
}

func (w *shaper) name(n Name) {
	w.str(n.Schema)
	w.str(n.Name)
}

func (w *shaper) strs(s []string) {
	w.int(len(s))
	for _, x := range s {
		w.str(x)
	}
}

func (w *shaper) str(s string) {
	w.int(len(s))
	w.buf = append(w.buf, s...)
}

func (w *shaper) int(n int) { w.buf = binary.AppendUvarint(w.buf, uint64(n)) }

func (w *shaper) tag(b byte) { w.buf = append(w.buf, b) }

func (w *shaper) flag(b bool) {
	if b {
		w.buf = append(w.buf, 1)
	} else {
		w.buf = append(w.buf, 0)
	}
}
