package value

import (
	"math"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Plus is a + b of canonical numbers of a column's type, as PostgreSQL has it and as the column then holds it. Neither is null.
func Plus(t schema.Type, a, b any) (any, error) {
	t = t.Underlying()
	switch x := a.(type) {
	case int64:
		y := b.(int64)
		sum := x + y
		if (y > 0) != (sum > x) && y != 0 {
			return nil, fault.Newf(fault.OutOfRange, "%s out of range", typeName(t))
		}
		return castInt(t, sum)
	case float64:
		y := b.(float64)
		sum := x + y
		if t.Base == schema.Float4 {
			sum = float64(float32(sum))
		}
		if math.IsInf(sum, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			return nil, fault.New(fault.OutOfRange, "value out of range: overflow")
		}
		return sum, nil
	case string:
		var sum numericSum
		sum.addText(x)
		sum.addText(b.(string))
		return applyNumeric(sum.String(), t.Modifier)
	}
	panic("value: not a number")
}
