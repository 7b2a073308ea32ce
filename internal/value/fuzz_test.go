package value

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// fuzzed are the types that the fuzzers try, by number.
var fuzzed = []schema.Type{
	{Base: schema.Bool, Name: "boolean"}, {Base: schema.Int2, Name: "smallint"}, {Base: schema.Int4, Name: "integer"}, {Base: schema.Int8, Name: "bigint"},
	{Base: schema.Float4, Name: "real"}, {Base: schema.Float8, Name: "double precision"}, {Base: schema.Numeric, Name: "numeric"},
	{Base: schema.Numeric, Name: "numeric", Modifier: "(10,2)"}, {Base: schema.Text, Name: "text"}, {Base: schema.Text, Name: "character varying", Modifier: "(3)"},
	{Base: schema.Text, Name: "character", Modifier: "(3)"}, {Base: schema.UUID, Name: "uuid"}, {Base: schema.Date, Name: "date"},
	{Base: schema.Time, Name: "time without time zone"}, {Base: schema.TimeTZ, Name: "time with time zone"},
	{Base: schema.Timestamp, Name: "timestamp without time zone"}, {Base: schema.TimestampTZ, Name: "timestamp with time zone"},
	{Base: schema.Interval, Name: "interval"}, {Base: schema.JSON, Name: "json"}, {Base: schema.JSONB, Name: "jsonb"}, {Base: schema.Bytea, Name: "bytea"},
	{Base: schema.Int4, Name: "integer", Array: true}, {Base: schema.Text, Name: "text", Array: true}, {Base: schema.JSONB, Name: "jsonb", Array: true},
	{Base: schema.EnumBase, Name: "mood", Enum: &schema.Enum{Name: schema.Name{Name: "mood"}, Values: []schema.EnumValue{{Value: "ok"}, {Value: "sad"}}}},
}

// fuzzTexts are where the fuzzers start.
var fuzzTexts = []string{"", "t", "1", "-1.50", "1e5", "NaN", "Infinity", "abc", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "2020-01-02", "2020-01-02 03:04:05.6+02", "Jan 8 1999 PST",
	"04:05:06 America/New_York", "1 year 2 mons 3 days 04:05:06", "P1Y2M3DT4H5M6S", `{"b": [1, 2.50], "a": null}`, `{1,NULL,"a b",{2}}`, `[1:2]={1,2}`, `\xdead`, `a\\b\001`, "ok", "é\x00", "infinity", "J2451187", "{{1},{2}}", "EST5EDT,M3.2.0,M11.1.0"}

// same says whether two canonical values are one, NaN and NaN too.
func same(a, b any) bool {
	x, ok1 := a.(float64)
	y, ok2 := b.(float64)
	return ok1 && ok2 && math.IsNaN(x) && math.IsNaN(y) || reflect.DeepEqual(a, b)
}

// FuzzParse looks for texts that panic, for errors that no client may read, and for values that change when they are
// written and read again.
func FuzzParse(f *testing.F) {
	for i := range fuzzed {
		for _, s := range fuzzTexts {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, s string) {
		typ := fuzzed[int(n)%len(fuzzed)]
		v, err := Parse(typ, s)
		if err != nil {
			if fault.From(err).Code == fault.Internal {
				t.Fatalf("%v of %q: %v", typ, s, err)
			}
			return
		}
		js := AppendJSON(nil, typ, v, nil)
		if !json.Valid(js) {
			t.Fatalf("%v of %q is written as %s", typ, s, js)
		}
		text := string(AppendText(nil, typ, v, nil))
		again, err := Parse(typ, text)
		if typ.Base == schema.Interval && err != nil {
			return // PostgreSQL can't read the longest that it writes, either
		}
		if err != nil || !same(v, again) {
			t.Fatalf("%v of %q: %q is read back as %v, %v; was %v", typ, s, text, again, err, v)
		}
		if Compare(typ, v, again) != 0 {
			t.Fatalf("%v of %q is not equal to itself", typ, s)
		}
		fromJSON, err := FromJSON(typ, "k", js)
		if typ.Base != schema.JSON && (err != nil || !same(v, fromJSON)) {
			t.Fatalf("%v of %q: JSON %s is read back as %v, %v; was %v", typ, s, js, fromJSON, err, v)
		}
	})
}

// FuzzFromJSON looks for JSON that panics, that Go's own reader takes otherwise, or whose jsonb text is not a fixed point.
func FuzzFromJSON(f *testing.F) {
	for i := range fuzzed {
		f.Add(uint8(i), []byte(`[{"a":1,"a":[2,null]},"x\u00e9",1e5,[[]]]`))
		f.Add(uint8(i), []byte(`"2020-01-02"`))
		f.Add(uint8(i), []byte(`"\ud83d\ude00"`))
	}
	f.Fuzz(func(t *testing.T, n uint8, raw []byte) {
		valid := validJSON(string(raw))
		if checkText(string(raw)) == nil && valid != json.Valid(raw) && len(raw) < 5000 {
			t.Fatalf("valid is %t: %q", valid, raw)
		}
		if !valid {
			return
		}
		typ := fuzzed[int(n)%len(fuzzed)]
		if v, err := FromJSON(typ, "k", raw); err == nil {
			AppendJSON(nil, typ, v, nil)
		} else if fault.From(err).Code == fault.Internal {
			t.Fatal(err)
		}
		once, err := AppendJSONB(nil, string(raw))
		if err != nil {
			return
		}
		twice, err := AppendJSONB(nil, string(once))
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q: %q, then %q, %v", raw, once, twice, err)
		}
	})
}

// FuzzCast looks for casts that panic or give what their type is not.
func FuzzCast(f *testing.F) {
	for i := range fuzzed {
		for j := range fuzzed {
			f.Add(uint8(i), uint8(j), fuzzTexts[(i+j)%len(fuzzTexts)])
		}
	}
	f.Fuzz(func(t *testing.T, from, to uint8, s string) {
		a, b := fuzzed[int(from)%len(fuzzed)], fuzzed[int(to)%len(fuzzed)]
		v, err := Parse(a, s)
		if err != nil {
			return
		}
		out, err := Cast(a, b, v, nil)
		if err != nil {
			if fault.From(err).Code == fault.Internal {
				t.Fatal(err)
			}
			return
		}
		if text := string(AppendText(nil, b, out, nil)); out != nil && b.Base != schema.Interval {
			if again, err := Parse(b, text); err != nil || !same(out, again) {
				t.Fatalf("%v %q::%v is %q, which is no such value: %v", a, s, b, text, err)
			}
		}
	})
}
