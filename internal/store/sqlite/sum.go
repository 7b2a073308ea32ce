package sqlite

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A totalAggregate adds up with PostgreSQL's types: bigint adds up to numeric, floats in the order of the rows. Its first
// arguments say what and of which type.
type totalAggregate struct {
	c      *conn
	spec   *litesql.Total
	sum    *value.Sum
	spread *value.Moments
	once   bool // each value counts once; they come in order
	last   any  // the value before
}

// specify reads what the first arguments say: a pointer, or for pt_once, whose arguments go through the sorter, two numbers.
func (a *totalAggregate) specify(v []sqlite3.Value) (*litesql.Total, bool) {
	if !a.once {
		spec, ok := v[0].Pointer().(*litesql.Total)
		return spec, ok
	}
	fn := v[0].Int()
	if fn < 0 || fn >= len(litesql.Totals) {
		return nil, false
	}
	return &litesql.Total{Fn: litesql.Totals[fn], Type: schema.Type{Base: schema.Base(v[1].Int())}}, true
}

// Step adds a value; null counts for nothing.
func (a *totalAggregate) Step(x sqlite3.Context, v ...sqlite3.Value) {
	if a.spec == nil {
		spec, ok := a.specify(v)
		if !ok {
			x.ResultError(errPointer)
			return
		}
		var err error
		if spec.Fn == query.Sum || spec.Fn == query.Avg {
			a.sum, err = value.NewSum(spec.Type)
		} else {
			a.spread, err = value.NewMoments(spec.Type)
		}
		if err != nil {
			a.c.raise(x, err)
			return
		}
		a.spec = spec
	}
	at := v[len(v)-1]
	if at.Type() == sqlite3.NULL {
		return
	}
	n, ok := load(at, a.spec.Type, a.spec.Storage)
	if !ok {
		return
	}
	if a.once {
		if a.last != nil && value.Compare(a.spec.Type, a.last, n) == 0 {
			return
		}
		a.last = n
	}
	if a.sum != nil {
		a.sum.Add(n)
	} else {
		a.spread.Add(n)
	}
}

// Value gives what the values add up to; null of no value.
func (a *totalAggregate) Value(x sqlite3.Context) {
	if a.spec == nil {
		return
	}
	var v any
	var err error
	switch a.spec.Fn {
	case query.Sum:
		v, err = a.sum.Sum()
	case query.Avg:
		v, err = a.sum.Avg()
	default:
		v, err = a.spread.Value(a.spec.Fn)
	}
	if err != nil {
		a.c.raise(x, err)
		return
	}
	result(x, stored(v, schema.Type{}, schema.OwnStorage))
}

// ptKey makes one key of several values: that of another row is the same where each of its values is equal.
func (c *conn) ptKey(x sqlite3.Context, v ...sqlite3.Value) {
	spec, ok := v[0].Pointer().(*litesql.Tuple)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	key := make([]byte, 0, 64)
	for i := range spec.Of {
		f := &spec.Of[i]
		n, ok := load(v[i+1], f.Type, f.Storage)
		if !ok {
			n = v[i+1].Text()
			key = value.AppendKey(key, schema.Type{Base: schema.Text, Name: "text"}, n)
			continue
		}
		key = value.AppendKey(key, f.Type, n)
	}
	x.ResultBlob(key)
}
