package litesql

import (
	"fmt"
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// aggregated gives PostgreSQL's aggregates with its result types (manual, 9.21): of one value, cast before where asked, of several
// columns together, or of the rows themselves.
func (c *compiler) aggregated(fn query.Aggregate, distinct bool, values []plan.Operand, cast *schema.Type) (string, Form) {
	counted := Form{Kind: Int, Type: int8Type}
	switch {
	case len(values) == 0, len(values) > 1 && !distinct: // of several together, every row has some
		return "count(*)", counted
	case len(values) > 1:
		t := &Tuple{}
		args := ""
		for i := range values {
			c.equals(values[i].Type)
			t.Of = append(t.Of, outForm(&values[i]))
			args += ", " + c.operand(&values[i])
		}
		return "count(DISTINCT pt_key(" + c.spec(t) + args + "))", counted
	}
	sql, f := c.cast(c.operand(&values[0]), outForm(&values[0]), cast)
	if fn == query.Count && !distinct {
		return "count(" + sql + ")", counted
	}
	return c.aggregate(fn, distinct, expression{sql: sql, typ: f.Type, storage: f.Storage, json: cast == nil && len(values[0].Path) > 0}, f)
}

// equals refuses to tell apart values of a type that has no equality.
func (c *compiler) equals(t schema.Type) {
	if t.Kind() == schema.JSON {
		c.fail(fault.Newf(fault.UndefinedFunction, "could not identify an equality operator for type %s", t).WithStatus(404))
	}
}

func (c *compiler) aggregate(fn query.Aggregate, distinct bool, e expression, f Form) (string, Form) {
	sql, b := e.sql, f.Type.Kind()
	once := ""
	if distinct {
		c.equals(f.Type)
		once = "DISTINCT "
	}
	if f.Kind == Foreign && fn != query.Count {
		sql = "pt_own(" + c.spec(&Own{Type: f.Type, Storage: f.Storage}) + ", " + sql + ")"
		f = formOf(f.Type, schema.OwnStorage)
	}
	switch fn {
	case query.Count:
		x := c.compared(e, false)
		return "count(DISTINCT " + x.sql + x.collate + ")", Form{Kind: Int, Type: int8Type}
	case query.BoolAnd, query.BoolOr:
		if b != schema.Bool || f.Type.Array {
			break
		}
		return map[query.Aggregate]string{query.BoolAnd: "min(", query.BoolOr: "max("}[fn] + sql + ")", Form{Kind: Bool, Type: f.Type}
	case query.Sum, query.Avg, query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp:
		t, err := value.AggregateType(fn, f.Type)
		if err != nil {
			return c.fail(err), f
		}
		if fn == query.Sum && (b == schema.Int2 || b == schema.Int4) {
			return "sum(" + once + sql + ")", Form{Kind: Int, Type: int8Type}
		}
		name := "pt_spread"
		if fn == query.Sum || fn == query.Avg {
			name = "pt_" + string(fn)
		}
		if distinct {
			return c.once(fn, sql, f), formOf(t, schema.OwnStorage)
		}
		args := c.spec(&Total{Fn: fn, Type: f.Type, Storage: f.Storage}) + ", " + sql
		return name + "(" + args + ")", formOf(t, schema.OwnStorage)
	case query.Min, query.Max:
		name := string(fn)
		switch b {
		case schema.Numeric:
			if f.Kind == Numeric {
				sql += " COLLATE pt_numeric"
			}
			return name + "(" + sql + ")", f
		case schema.TimeTZ:
			return name + "(" + sql + " COLLATE pt_timetz)", f
		case schema.Interval:
			return name + "(" + sql + " COLLATE pt_interval)", f
		case schema.EnumBase:
			if f.Type.Enum == nil {
				break
			}
			return "pt_label(" + c.spec(f.Type.Enum) + ", " + name + "(pt_rank(" + c.spec(f.Type.Enum) + ", " + sql + ")))", f
		default:
			if f.Type.Array {
				sql += " COLLATE pt_array"
			}
			return name + "(" + sql + ")", f
		}
	}
	return c.fail(notYet(fmt.Sprintf("%s of type %s", fn, f.Type))), f
}

// Totals are the aggregates that pt_once knows, by their places.
var Totals = [...]query.Aggregate{
	query.Sum, query.Avg, query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp,
}

// once adds up each value once, in their order, as PostgreSQL does. SQLite's sorter carries no pointers, so that what the values are is
// said by numbers.
func (c *compiler) once(fn query.Aggregate, sql string, f Form) string {
	if f.Storage != schema.OwnStorage {
		sql = "pt_own(" + c.spec(&Own{Type: f.Type, Storage: f.Storage}) + ", " + sql + ")"
	}
	x := c.compared(expression{sql: sql, typ: f.Type}, true)
	return "pt_once(" + itoa(slices.Index(Totals[:], fn)) + ", " + itoa(int(f.Type.Kind())) + ", " + sql + " ORDER BY " + x.sql + x.collate + ")"
}
