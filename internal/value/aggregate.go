package value

import (
	"math"
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// AggregateType is the type of what an aggregate makes of values of a type; 42883 where PostgreSQL has no such function.
func AggregateType(a query.Aggregate, t schema.Type) (schema.Type, error) {
	integer := t.Base == schema.Int2 || t.Base == schema.Int4 || t.Base == schema.Int8
	switch {
	case a == query.Count:
		return schema.Type{Base: schema.Int8, Name: "bigint"}, nil
	case t.Array && (a == query.Min || a == query.Max):
		return t, nil
	case t.Array:
	case a == query.Sum && (t.Base == schema.Int2 || t.Base == schema.Int4):
		return schema.Type{Base: schema.Int8, Name: "bigint"}, nil
	case (a == query.Sum || a == query.Avg) && (integer || t.Base == schema.Numeric):
		return schema.Type{Base: schema.Numeric, Name: "numeric"}, nil
	case a == query.Sum && (t.Base == schema.Float4 || t.Base == schema.Float8 || t.Base == schema.Interval),
		a == query.Avg && t.Base == schema.Interval:
		t.Modifier = ""
		return t, nil
	case (a == query.Sum || a == query.Avg) && t.Base == schema.Time: // which PostgreSQL takes for an interval
		return schema.Type{Base: schema.Interval, Name: "interval"}, nil
	case a == query.Avg && (t.Base == schema.Float4 || t.Base == schema.Float8):
		return schema.Type{Base: schema.Float8, Name: "double precision"}, nil
	case a == query.Sum || a == query.Avg:
	case a == query.BoolAnd || a == query.BoolOr:
		if t.Base == schema.Bool {
			return schema.Type{Base: schema.Bool, Name: "boolean"}, nil
		}
	case spreads(a) && (integer || t.Base == schema.Numeric):
		return schema.Type{Base: schema.Numeric, Name: "numeric"}, nil
	case spreads(a):
		if t.Base == schema.Float4 || t.Base == schema.Float8 {
			return schema.Type{Base: schema.Float8, Name: "double precision"}, nil
		}
	case ordered(t):
		if t.Base == schema.Text && !blankPadded(t) && t.Name != "citext" {
			return schema.Type{Base: schema.Text, Name: "text"}, nil
		}
		t.Modifier = ""
		return t, nil
	}
	return schema.Type{}, fault.Newf(fault.UndefinedFunction, "function %s(%s) does not exist", a, castName(t)).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

// spreads says whether an aggregate tells how far values spread.
func spreads(a query.Aggregate) bool {
	switch a {
	case query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp:
		return true
	}
	return false
}

// ordered says whether PostgreSQL has min and max of a type.
func ordered(t schema.Type) bool {
	switch t.Base {
	case schema.Unknown, schema.Bool, schema.UUID, schema.JSON, schema.JSONB, schema.Bytea, schema.CompositeBase:
		return false
	}
	return true
}

// A Sum adds up canonical values of one type as PostgreSQL's sum and avg do. Nulls don't count. The zero Sum is not ready;
// NewSum makes one.
type Sum struct {
	t     schema.Type
	count int64

	numeric  numericSum
	floating float64
	wide     float64 // as floating, but without rounding to float32: avg's
	months   int64
	days     int64
	micros   int64
	err      error
}

// NewSum returns an empty Sum for values of a type, or AggregateType's fault.
func NewSum(t schema.Type) (*Sum, error) {
	if _, err := AggregateType(query.Sum, t); err != nil {
		return nil, err
	}
	return &Sum{t: t}, nil
}

// Add counts a value in.
func (s *Sum) Add(v any) {
	if v == nil {
		return
	}
	s.count++
	switch v := v.(type) {
	case int64:
		s.numeric.add(v, 0)
	case float64:
		s.addFloat(v)
	case string:
		if s.t.Base == schema.Interval || s.t.Base == schema.Time {
			s.addInterval(v)
			return
		}
		s.numeric.addText(v)
	}
}

func (s *Sum) addFloat(f float64) {
	if s.count == 1 {
		s.floating, s.wide = f, f
		return
	}
	s.wide += f
	before := s.floating
	s.floating += f
	if s.t.Base == schema.Float4 {
		s.floating = float64(float32(s.floating))
	}
	if math.IsInf(s.floating, 0) && !math.IsInf(f, 0) && !math.IsInf(before, 0) {
		s.fail("value out of range: overflow")
	}
}

func (s *Sum) fail(message string) {
	if s.err == nil {
		s.err = fault.New(fault.OutOfRange, message)
	}
}

func (s *Sum) addInterval(text string) {
	sp, err := readInterval(text)
	if err != nil {
		s.err = err
		return
	}
	s.months += int64(sp.months)
	s.days += int64(sp.days)
	sum := s.micros + sp.micros
	if (sp.micros > 0) != (sum > s.micros) && sp.micros != 0 {
		s.err = fault.New(fault.DatetimeOverflow, "interval out of range")
	}
	s.micros = sum
}

// Sum is the sum, of the type that AggregateType says; nil without values.
func (s *Sum) Sum() (any, error) {
	if s.count == 0 || s.err != nil {
		return nil, s.err
	}
	switch s.t.Base {
	case schema.Int2, schema.Int4:
		n, err := strconv.ParseInt(s.numeric.String(), 10, 64)
		if err != nil {
			return nil, fault.New(fault.OutOfRange, "bigint out of range")
		}
		return n, nil
	case schema.Float4, schema.Float8:
		return s.floating, nil
	case schema.Interval, schema.Time:
		sp, err := s.span()
		if err != nil {
			return nil, err
		}
		return sp.String(), nil
	}
	return s.numeric.String(), nil
}

// Avg is the average, of the type that AggregateType says; nil without values.
func (s *Sum) Avg() (any, error) {
	if s.count == 0 || s.err != nil {
		return nil, s.err
	}
	switch s.t.Base {
	case schema.Float4, schema.Float8:
		return s.wide / float64(s.count), nil
	case schema.Interval, schema.Time:
		sp, err := s.span()
		if err != nil {
			return nil, err
		}
		return sp.divide(float64(s.count)).String(), nil
	}
	return divide(s.numeric.String(), s.count), nil
}

func (s *Sum) span() (span, error) {
	if s.months != int64(int32(s.months)) || s.days != int64(int32(s.days)) {
		return span{}, fault.New(fault.DatetimeOverflow, "interval out of range")
	}
	return span{int32(s.months), int32(s.days), s.micros}, nil
}

// divide divides as PostgreSQL's interval_div: what is left of months becomes days, what is left of days becomes time.
func (sp span) divide(by float64) span {
	round := func(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }
	out := span{months: int32(float64(sp.months) / by), days: int32(float64(sp.days) / by)}
	restDays := round((float64(sp.months)/by - float64(out.months)) * daysPerMonth)
	restSeconds := round((float64(sp.days)/by - float64(out.days) + restDays - float64(int32(restDays))) * 86400)
	if math.Abs(restSeconds) >= 86400 {
		carry := int32(restSeconds / 86400)
		out.days += carry
		restSeconds -= float64(carry) * 86400
	}
	out.days += int32(restDays)
	out.micros = int64(math.RoundToEven(float64(sp.micros)/by + restSeconds*1e6))
	return out
}
