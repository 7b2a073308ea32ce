package value

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Cast converts a canonical value as v::type does in PostgreSQL, in a session's time zone (nil for UTC). Where there is no
// such cast the fault is CheckCast's.
func Cast(from, to schema.Type, v any, zone *time.Location) (any, error) {
	if err := CheckCast(from, to); err != nil {
		return nil, err
	}
	if v == nil {
		return nil, nil
	}
	return cast(from, to, v, zone)
}

// CheckCast is nil where PostgreSQL has an explicit cast, else 42846.
func CheckCast(from, to schema.Type) error {
	if castable(from, to) {
		return nil
	}
	if to.Base == schema.Unknown { // no type of the schema's, nor of those that SQLite plays
		return fault.Newf("42704", "type \"%s\" does not exist", castName(to)).WithStatus(400)
	}
	return fault.Newf(fault.CannotCoerce, "cannot cast type %s to %s", castName(from), castName(to))
}

// castName is the type as messages about casts name it.
func castName(t schema.Type) string {
	name := typeName(t)
	if t.Array {
		name += "[]"
	}
	return name
}

// casts lists what each kind of value can become, besides itself and text.
var casts = map[schema.Base][]schema.Base{
	schema.Bool:        {schema.Int4},
	schema.Int2:        {schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric},
	schema.Int4:        {schema.Bool, schema.Int2, schema.Int8, schema.Float4, schema.Float8, schema.Numeric},
	schema.Int8:        {schema.Int2, schema.Int4, schema.Float4, schema.Float8, schema.Numeric},
	schema.Float4:      {schema.Int2, schema.Int4, schema.Int8, schema.Float8, schema.Numeric},
	schema.Float8:      {schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Numeric},
	schema.Numeric:     {schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8},
	schema.Date:        {schema.Timestamp, schema.TimestampTZ},
	schema.Time:        {schema.TimeTZ, schema.Interval},
	schema.TimeTZ:      {schema.Time},
	schema.Timestamp:   {schema.Date, schema.Time, schema.TimestampTZ},
	schema.TimestampTZ: {schema.Date, schema.Time, schema.TimeTZ, schema.Timestamp},
	schema.Interval:    {schema.Time},
	schema.JSON:        {schema.JSONB},
	schema.JSONB:       {schema.JSON, schema.Bool, schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric},
}

func castable(from, to schema.Type) bool {
	if to.Base == schema.Unknown || to.Base == schema.CompositeBase || from.Base == schema.Unknown || from.Base == schema.CompositeBase {
		return !from.Array && from.Base == schema.Text && to.Base != schema.Unknown || !to.Array && to.Base == schema.Text || from.String() == to.String()
	}
	if from.Array && to.Array {
		return castable(element(from), element(to))
	}
	if !from.Array && from.Base == schema.Text || !to.Array && to.Base == schema.Text {
		return true
	}
	if from.Array != to.Array {
		return false
	}
	if from.Base == to.Base {
		return from.Base != schema.EnumBase || from.Name == to.Name && from.Schema == to.Schema
	}
	return slices.Contains(casts[from.Base], to.Base)
}

// cast converts a value that is not null between types that castable allows.
func cast(from, to schema.Type, v any, zone *time.Location) (any, error) {
	if list, ok := v.([]any); ok && to.Array {
		out := make([]any, len(list))
		for i, e := range list {
			var err error
			switch e.(type) {
			case nil:
			case []any:
				out[i], err = cast(from, to, e, zone)
			default:
				out[i], err = cast(element(from), element(to), e, zone)
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	switch {
	case to.Base == schema.Text && !to.Array:
		return castText(from, to, v, zone)
	case from.Base == schema.Text && !from.Array:
		return ParseIn(to, v.(string), zone)
	case from.Base == schema.JSONB && to.Base != schema.JSON && to.Base != schema.JSONB:
		return castJSONB(to, v.(string))
	}
	switch to.Base {
	case schema.Bool:
		if n, ok := v.(int64); ok {
			return n != 0, nil
		}
		return v, nil
	case schema.Int2, schema.Int4, schema.Int8:
		return castInt(to, v)
	case schema.Float4, schema.Float8:
		return castFloat(from, to, v)
	case schema.Numeric:
		return castNumeric(from, to, v)
	case schema.JSON, schema.JSONB:
		return ParseIn(to, v.(string), zone)
	case schema.Date, schema.Time, schema.TimeTZ, schema.Timestamp, schema.TimestampTZ, schema.Interval:
		return castTime(from, to, v.(string), zone)
	}
	return v, nil
}

func blankPadded(t schema.Type) bool {
	return t.Name == "character" || t.Name == "bpchar" || t.Name == "char"
}

// castText writes any value as text, and cuts it to the length of varchar(n) and char(n), as explicit casts do.
func castText(from, to schema.Type, v any, zone *time.Location) (any, error) {
	var s string
	switch b, isBool := v.(bool); {
	case isBool && to.Name != "name":
		s = strconv.FormatBool(b)
	case from.Base == schema.Text && !from.Array && blankPadded(from) && !blankPadded(to):
		s = strings.TrimRight(v.(string), " ")
	default:
		s = string(AppendText(nil, from, v, zone))
	}
	if n := lengthOf(to); n >= 0 {
		if i := offset(s, n); i >= 0 {
			s = s[:i]
		}
	}
	return parseString(to, s)
}

// lengthOf is the n of varchar(n) and char(n), -1 for none.
func lengthOf(t schema.Type) int {
	switch t.Name {
	case "character varying", "varchar":
		return modifier(t.Modifier)
	case "character", "char":
		return max(modifier(t.Modifier), 1)
	case "bpchar":
		return modifier(t.Modifier)
	}
	return -1
}

// castInt rounds to a whole number: floats half to even, numerics half away from zero.
func castInt(to schema.Type, v any) (any, error) {
	bits := intBits(to.Base)
	tooLarge := fault.Newf(fault.OutOfRange, "%s out of range", typeName(to))
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int64:
		if v<<(64-bits)>>(64-bits) != v {
			return nil, tooLarge
		}
		return v, nil
	case float64:
		f := math.RoundToEven(v)
		if limit := math.Ldexp(1, bits-1); math.IsNaN(f) || f < -limit || f >= limit {
			return nil, tooLarge
		}
		return int64(f), nil
	case string:
		d, ok := parseDecimal(v)
		if !ok {
			what := "infinity"
			if v == "NaN" {
				what = v
			}
			return nil, fault.Newf(notImplemented, "cannot convert %s to %s", what, typeName(to))
		}
		n, err := strconv.ParseInt(d.round(0).String(), 10, bits)
		if err != nil {
			return nil, tooLarge
		}
		return n, nil
	}
	panic("value: not a number")
}

func castFloat(from, to schema.Type, v any) (any, error) {
	switch v := v.(type) {
	case int64:
		if to.Base == schema.Float4 {
			return float64(float32(v)), nil
		}
		return float64(v), nil
	case float64:
		if to.Base == schema.Float8 || from.Base == schema.Float4 {
			return v, nil
		}
		f := float32(v)
		switch {
		case math.IsInf(float64(f), 0) && !math.IsInf(v, 0):
			return nil, fault.New(fault.OutOfRange, "value out of range: overflow")
		case f == 0 && v != 0:
			return nil, fault.New(fault.OutOfRange, "value out of range: underflow")
		}
		return float64(f), nil
	case string:
		return parseFloat(to.Base, v)
	}
	panic("value: not a number")
}

func castNumeric(from, to schema.Type, v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return applyNumeric(strconv.FormatInt(v, 10), to.Modifier)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return applyNumeric(string(AppendFloat(nil, v, 64)), to.Modifier)
		}
		digits := 15 // as many as a float is sure to hold
		if from.Base == schema.Float4 {
			digits = 6
		}
		return parseNumeric(trimDigits(strconv.FormatFloat(v, 'e', digits-1, 64)), to.Modifier)
	case string:
		return applyNumeric(v, to.Modifier)
	}
	panic("value: not a number")
}

// trimDigits takes the zeros at the end off d.ddde+dd, as C's %g does.
func trimDigits(s string) string {
	mantissa, exponent, _ := strings.Cut(s, "e")
	if strings.IndexByte(mantissa, '.') >= 0 {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + "e" + exponent
}

// castJSONB takes a jsonb's one value.
func castJSONB(to schema.Type, s string) (any, error) {
	kind := "numeric"
	switch s[0] {
	case '{':
		kind = "object"
	case '[':
		kind = "array"
	case '"':
		kind = "string"
	case 't', 'f':
		kind = "boolean"
	case 'n':
		kind = "null"
	}
	if to.Base == schema.Bool && kind == "boolean" {
		return s == "true", nil
	}
	if to.Base == schema.Bool || kind != "numeric" {
		return nil, fault.Newf(invalidParameter, "cannot cast jsonb %s to type %s", kind, typeName(to))
	}
	return cast(schema.Type{Base: schema.Numeric}, to, s, nil)
}
