package value

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// Compare orders two canonical values of a type as PostgreSQL's ORDER BY does (text by COLLATE "C"): -1, 0 or 1. Null
// is above everything.
func Compare(t schema.Type, a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	switch a := a.(type) {
	case bool:
		b := b.(bool)
		switch {
		case a == b:
			return 0
		case b:
			return -1
		}
		return 1
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return compareFloat(a, b.(float64))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	case []any:
		return compareArray(t, a, b.([]any))
	case string:
		return compareText(t, a, b.(string))
	}
	panic("value: not a canonical value")
}

// compareFloat puts NaN above all numbers, equal to itself.
func compareFloat(a, b float64) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	case math.IsNaN(b):
		return -1
	}
	return cmp.Compare(a, b)
}

// compareArray compares element by element; of two that agree as far as they go, the shorter is less,
// of two that agree wholly the one with fewer dimensions.
func compareArray(t schema.Type, a, b []any) int {
	fa, fb := flat(a), flat(b)
	for i := range min(len(fa), len(fb)) {
		if c := Compare(element(t), fa[i], fb[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(fa), len(fb)); c != 0 {
		return c
	}
	return slices.Compare(dims(a), dims(b))
}

// dims gives how many dimensions an array has, then the length of each.
func dims(a []any) []int {
	out := []int{1, len(a)}
	for len(a) > 0 {
		next, nested := a[0].([]any)
		if !nested {
			break
		}
		a = next
		out[0]++
		out = append(out, len(a))
	}
	return out
}

// flat gives the elements of all dimensions in order.
func flat(a []any) []any {
	if len(a) == 0 {
		return a
	}
	if _, nested := a[0].([]any); !nested {
		return a
	}
	var out []any
	for _, e := range a {
		out = append(out, flat(e.([]any))...)
	}
	return out
}

func compareText(t schema.Type, a, b string) int {
	switch t.Base {
	case schema.Numeric:
		return CompareNumeric(a, b)
	case schema.EnumBase:
		if t.Enum != nil {
			place := func(s string) int {
				return slices.IndexFunc(t.Enum.Values, func(v schema.EnumValue) bool { return v.Value == s })
			}
			return cmp.Compare(place(a), place(b))
		}
	case schema.Interval:
		x, _ := readInterval(a)
		y, _ := readInterval(b)
		return x.compare(y)
	case schema.TimeTZ:
		return compareTimeTZ(a, b)
	case schema.Date, schema.Timestamp, schema.TimestampTZ:
		return compareStamp(a, b)
	case schema.Text:
		switch t.Name {
		case "citext":
			return strings.Compare(strings.ToLower(a), strings.ToLower(b))
		case "character", "char", "bpchar":
			return strings.Compare(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
		}
	}
	return strings.Compare(a, b)
}

// compareStamp orders canonical dates and timestamps, whose texts sort as they do, infinities aside.
func compareStamp(a, b string) int {
	rank := func(s string) int {
		switch s {
		case infinity:
			return 1
		case minusInfinity:
			return -1
		}
		return 0
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// compareTimeTZ orders by the moment in UTC, then by zone, west behind east.
func compareTimeTZ(a, b string) int {
	ma, oa := readTimeTZ(a)
	mb, ob := readTimeTZ(b)
	if c := cmp.Compare(ma-int64(oa)*second, mb-int64(ob)*second); c != 0 {
		return c
	}
	return cmp.Compare(ob, oa)
}

func readTimeTZ(s string) (micros int64, offset int) {
	micros, n, ok := readClock(s)
	if !ok {
		return 0, 0
	}
	offset, _ = readOffset(s[n:])
	return micros, offset
}
