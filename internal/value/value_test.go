package value

import (
	"strconv"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

var (
	textType  = schema.Type{Base: schema.Text, Name: "text"}
	stampType = schema.Type{Base: schema.TimestampTZ, Name: "timestamp with time zone"}
)

func TestWritersAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	berlin, ok := ZoneNamed("europe/berlin")
	if !ok {
		t.Fatal("no Europe/Berlin")
	}
	jsonText, raw := "a \"quoted\" string\nwith é", []byte("bytes of a column")
	for name, write := range map[string]func(){
		"string":       func() { AppendJSONString(buf, jsonText) },
		"bytes":        func() { AppendJSONString(buf, raw) },
		"float":        func() { AppendJSONFloat(buf, 1234.5678, 64) },
		"float 1e23":   func() { AppendJSONFloat(buf, 1e23, 64) },
		"numeric":      func() { AppendJSONNumeric(buf, "1234.50") },
		"timestamptz":  func() { AppendJSONTimestampTZ(buf, "2020-01-02T03:04:05.123456+00:00", nil) },
		"in zone":      func() { AppendJSONTimestampTZ(buf, "2020-01-02T03:04:05.123456+00:00", berlin) },
		"bytea":        func() { AppendJSONBytes(buf, raw) },
		"text of time": func() { AppendTextTimestampTZ(buf, "2020-01-02T03:04:05.123456+00:00", nil) },
		"comparison":   func() { CompareNumeric("1234.50", "-1234.5") },
		"sum":          func() { var s numericSum; s.addText("1234.50"); s.addText("-0.125") },
	} {
		if n := testing.AllocsPerRun(100, write); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestOperandIsNotCut(t *testing.T) {
	for _, c := range []struct {
		typ  schema.Type
		s    string
		want any
	}{
		{schema.Type{Base: schema.Numeric, Name: "numeric", Modifier: "(10,2)"}, "1.005", "1.005"},
		{schema.Type{Base: schema.Text, Name: "character varying", Modifier: "(2)"}, "abc", "abc"},
		{schema.Type{Base: schema.Text, Name: "character", Modifier: "(4)"}, "ab", "ab  "},
		{schema.Type{Base: schema.Text, Name: "character", Modifier: "(2)"}, "abc", "abc"},
		{schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone", Modifier: "(0)"}, "2020-01-02 03:04:05.6", "2020-01-02T03:04:05.6"},
	} {
		if v, err := ParseOperand(c.typ, c.s, nil); err != nil || v != c.want {
			t.Errorf("%v %q: %q, %v; want %q", c.typ, c.s, v, err, c.want)
		}
	}
}

func TestRelativeDates(t *testing.T) {
	now := time.Now().UTC()
	for word, days := range map[string]int{"today": 0, "tomorrow": 1, "yesterday": -1} {
		v, err := Parse(schema.Type{Base: schema.Date, Name: "date"}, word)
		if want := now.AddDate(0, 0, days).Format("2006-01-02"); err != nil || v != want {
			if late := time.Now().UTC().AddDate(0, 0, days).Format("2006-01-02"); v != late { // midnight may have passed
				t.Errorf("%s is %v, %v; want %s", word, v, err, want)
			}
		}
	}
	v, err := Parse(stampType, "now")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, v.(string))
	if err != nil || at.Sub(now) > time.Minute || at.Sub(now) < -time.Second {
		t.Errorf("now is %v", v)
	}
}

func TestSessionZone(t *testing.T) {
	zone, _ := ZoneNamed("America/New_York")
	for s, want := range map[string]string{
		"2020-07-01 12:00":        "2020-07-01T16:00:00+00:00",
		"2020-01-01":              "2020-01-01T05:00:00+00:00",
		"2020-07-01 12:00 UTC":    "2020-07-01T12:00:00+00:00",
		"2020-03-08 02:30":        "2020-03-08T07:30:00+00:00", // doesn't exist there
		"2020-11-01 01:30":        "2020-11-01T06:30:00+00:00", // exists twice
		"2020-07-01T12:00:00.5Z":  "2020-07-01T12:00:00.5+00:00",
		"Wed Jul 1 12:00:00 2020": "2020-07-01T16:00:00+00:00",
	} {
		if v, err := ParseIn(stampType, s, zone); err != nil || v != want {
			t.Errorf("%q is %v, %v; want %s", s, v, err, want)
		}
	}
	if got := string(AppendJSON(nil, stampType, "2020-07-01T16:00:00.25+00:00", zone)); got != `"2020-07-01T12:00:00.25-04:00"` {
		t.Errorf("got  %s\nwant %s", got, `"2020-07-01T12:00:00.25-04:00"`)
	}
}

func TestNullByte(t *testing.T) {
	for s, want := range map[string]string{
		"a\x00b":    `22021: invalid byte sequence for encoding "UTF8": 0x00`,
		"a\xffb":    `22021: invalid byte sequence for encoding "UTF8": 0xff`,
		"a\xc3(":    `22021: invalid byte sequence for encoding "UTF8": 0xc3 0x28`,
		"\xe2\x82x": `22021: invalid byte sequence for encoding "UTF8": 0xe2 0x82 0x78`,
	} {
		if _, err := Parse(textType, s); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", s, err, want)
		}
	}
}

func BenchmarkAppendJSONString(b *testing.B) {
	buf := make([]byte, 0, 256)
	s := []byte("a name of ordinary length, without anything special")
	for b.Loop() {
		AppendJSONString(buf, s)
	}
}

func BenchmarkAppendJSONFloat(b *testing.B) {
	buf := make([]byte, 0, 64)
	for b.Loop() {
		AppendJSONFloat(buf, 1234.5678, 64)
	}
}

func BenchmarkAppendJSONTimestampTZ(b *testing.B) {
	buf := make([]byte, 0, 64)
	zone, _ := ZoneNamed("Europe/Berlin")
	b.Run("UTC", func(b *testing.B) {
		for b.Loop() {
			AppendJSONTimestampTZ(buf, "2020-01-02T03:04:05.123456+00:00", nil)
		}
	})
	b.Run("zone", func(b *testing.B) {
		for b.Loop() {
			AppendJSONTimestampTZ(buf, "2020-01-02T03:04:05.123456+00:00", zone)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		typ schema.Type
		s   string
	}{
		{schema.Type{Base: schema.Int8}, "1234567"}, {schema.Type{Base: schema.Numeric, Modifier: "(10,2)"}, "1234.50"}, {schema.Type{Base: schema.UUID}, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{stampType, "2020-01-02T03:04:05.123Z"}, {stampType, "Jan 8 1999 04:05:06 PST"}, {schema.Type{Base: schema.JSONB}, `{"name": "x", "tags": [1, 2, 3], "a": {"b": null}}`},
	} {
		b.Run(strconv.Itoa(int(c.typ.Base))+" "+c.s[:6], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.typ, c.s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompareNumeric(b *testing.B) {
	for b.Loop() {
		CompareNumeric("12345.67", "12345.678")
	}
}
