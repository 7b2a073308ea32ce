//go:build unix

package value

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// castInputs are values of each type to convert to every other.
var castInputs = map[string][]string{
	"boolean": {"t", "f"}, "smallint": {"0", "1", "-32768", "42"}, "integer": {"0", "1", "2147483647", "-40000"},
	"bigint":           {"0", "7", "9223372036854775807", "-9223372036854775808"},
	"real":             {"0", "1.5", "2.5", "-2.5", "1e20", "NaN", "Infinity", "123456.789", "32767.5", "1e-40"},
	"double precision": {"0", "0.5", "1.5", "-0.5", "1e300", "1e-300", "NaN", "-Infinity", "123456789.123456789", "9223372036854775807", "0.1", "1e15", "100"},
	"numeric":          {"0", "0.5", "1.5", "-1.5", "2.4999", "1e30", "NaN", "Infinity", "-Infinity", "32767.5", "2147483647.4", "9223372036854775807.5", "1e-300", "1e400", "1.10"},
	"text":             {"", "1", "abc", "true", " 42 ", "2020-01-02", "1.5", "{1,2}", "open", "1 day", "04:05:06", `{"b":1,"a":2}`, "ab  ", "日本語", "2020-01-02 03:04:05+02", `\xdead`, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	"character(5)":     {"ab", "1", "true"}, "character varying(5)": {"ab ", "12345"}, "name": {"abc"}, "uuid": {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	"date": {"2020-02-29", "infinity", "-infinity", "0001-01-01", "9999-12-31"}, "time without time zone": {"04:05:06.789", "24:00:00", "00:00:00"},
	"time with time zone":         {"04:05:06.789+02", "23:59:59-08"},
	"timestamp without time zone": {"2020-02-29 13:14:15.123456", "infinity", "1969-12-31 23:59:59.999999", "2020-03-08 02:30:00"},
	"timestamp with time zone":    {"2020-02-29 13:14:15.123456+00", "-infinity", "1969-12-31 23:59:59.999999Z", "2020-07-01 03:00:00Z"},
	"interval":                    {"1 day 02:03:04.5", "-1 day -02:00:00", "25 hours", "1 mon", "-00:00:01"},
	"json":                        {`{"b" : 1, "a":2}`, "1", `"x"`, "null", "true", "[1]"},
	"jsonb":                       {`{"b": 1}`, "1", "1.5", "-2.5", "99999999999", `"x"`, "null", "true", "[1]", "1e400"},
	"bytea":                       {`\xdead`, ""}, "order_status": {"open", "Served up"}, "integer[]": {"{1,2,NULL}", "{}", "{{1,2},{3,4}}"}, "text[]": {`{a,"b c",NULL}`, "{1,2}", "{}"}, "numeric[]": {"{1.5,2.5}"},
}

// castTargets are the types to convert to, modifiers among them.
var castTargets = []string{"boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(5,1)", "text", "character varying(3)", "character(3)", "name", "citext", "uuid", "date",
	"time without time zone", "time(1) without time zone", "time with time zone", "timestamp without time zone", "timestamp(0) without time zone", "timestamp with time zone", "timestamp(2) with time zone", "interval", "interval(0)",
	"json", "jsonb", "bytea", "order_status", "integer[]", "text[]", "numeric(3,1)[]", "character varying(2)[]"}

// TestCastAsPostgreSQL holds Cast against :: for every pair of types, in two time zones.
func TestCastAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	o.exec(t, tries)
	for _, zoneName := range []string{"UTC", "America/New_York"} {
		o.exec(t, "SET timezone = '"+zoneName+"'")
		zone, _ := ZoneNamed(zoneName)
		for _, from := range sortedKeys(castInputs) {
			for _, to := range castTargets {
				ft, tt := typ(from), typ(to)
				if tt.Base == schema.TimeTZ && (ft.Base == schema.Time || ft.Base == schema.Text) {
					continue // depends on today's offset
				}
				query := fmt.Sprintf("SELECT c::text, to_json(c)::text FROM (SELECT ($1::text::%s)::%s AS c) x", sqlName(ft), sqlName(tt))
				for i, theirs := range o.askAll(t, query, castInputs[from]) {
					v, err := ParseIn(ft, castInputs[from][i], zone)
					if err != nil {
						t.Fatalf("%s of %q: %v", from, castInputs[from][i], err)
					}
					v, err = Cast(ft, tt, v, zone)
					mine := ours(tt, v, err)
					if err == nil && v != nil {
						mine.text = string(AppendText(nil, tt, v, zone))
						mine.json = string(AppendJSON(nil, tt, v, zone))
					}
					if tt.Name == "character" || tt.Base == schema.Bool {
						mine.text, theirs.text = mine.json, theirs.json
					}
					if mine != theirs && !known(tt, theirs, mine) {
						t.Errorf("%s %q::%s in %s:\n  Pintail    %v\n  PostgreSQL %v", from, castInputs[from][i], to, zoneName, mine, theirs)
					}
				}
			}
		}
	}
}

// A type that nobody declared is no type to cast to, text's free ways notwithstanding; a column's own is.
func TestCastToUnknownType(t *testing.T) {
	inet, text := schema.Type{Name: "inet"}, schema.Type{Base: schema.Text, Name: "text"}
	for _, c := range []struct {
		from, to schema.Type
		want     string
	}{
		{text, inet, `type "inet" does not exist`}, {schema.Type{Base: schema.Int8, Name: "bigint"}, inet, `type "inet" does not exist`},
		{inet, text, ""}, {inet, inet, ""},
	} {
		got := ""
		if err := CheckCast(c.from, c.to); err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
