package sqlite

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A sumAggregate is sum or avg with PostgreSQL's types: bigint adds up to numeric, floats in the order of the rows.
// Its first argument says of which type the values are.
type sumAggregate struct {
	c    *conn
	mean bool
	spec *litesql.Own
	sum  *value.Sum
}

// Step adds a value; null counts for nothing.
func (a *sumAggregate) Step(x sqlite3.Context, v ...sqlite3.Value) {
	if a.sum == nil {
		spec, ok := v[0].Pointer().(*litesql.Own)
		if !ok {
			x.ResultError(errPointer)
			return
		}
		sum, err := value.NewSum(spec.Type)
		if err != nil {
			a.c.raise(x, err)
			return
		}
		a.spec, a.sum = spec, sum
	}
	if v[1].Type() == sqlite3.NULL {
		return
	}
	if n, ok := load(v[1], a.spec.Type, a.spec.Storage); ok {
		a.sum.Add(n)
	}
}

// Value gives the sum or the mean; null of no value.
func (a *sumAggregate) Value(x sqlite3.Context) {
	if a.sum == nil {
		return
	}
	total := a.sum.Sum
	if a.mean {
		total = a.sum.Avg
	}
	v, err := total()
	if err != nil {
		a.c.raise(x, err)
		return
	}
	result(x, stored(v, schema.Type{}, schema.OwnStorage))
}
