package rehearse

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/schema"
)

func someCapture() *Capture {
	n, x, l := int64(7), 0.25, 1
	return &Capture{
		Format: Format, Engine: "sqlite", Server: "3.54.1", Pintail: "dev", Schema: "0123abcd", Taken: time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC),
		Tables: []Table{
			{Name: "order", Rows: 100, Sampled: 100, Columns: []Column{
				{Name: "id", Distinct: 100, Grows: [3]float64{0.25, 0.5, 1}, Order: 1, Lengths: &Lengths{1, 2, 3, 3}, Spread: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}},
				{Name: "customer,\"id", Nulls: 0.1, Distinct: 10, Common: []float64{0.5, 0.1}, Labels: []float64{0.1, 0.8}, Elements: &Lengths{0, 0, 1, 1}},
			}, FanOuts: []FanOut{
				{Columns: []string{"customer,\"id"}, To: "customer", Parents: 20, Childless: 0.5, Degrees: []Degree{{1, 0.5, 0.1}, {96, 0.5, 0.9}}, Top: []int64{90, 1}, Together: 0.3},
				{Columns: []string{"id"}, To: "customer", Unknown: "it took too long"},
			}},
			{Name: "unread", Guessed: true},
		},
		Shapes: []Shape{{
			ID: "b445c7c3dbef", Role: "admin", Label: "read order where id eq", Query: json.RawMessage(`{"select":{"from":{"name":"order"},"items":[{"output":{"star":true}}],"where":{"compare":{"field":{"column":"id"},"op":"eq","value":"?"}}}}`),
			Calls: 10, Rate: 0.5, Rows: 1, P50: 12, P99: 40,
			Arguments: []Argument{{Kind: "literal", Column: "order.id", Op: "eq", Distinct: 3, Shares: []float64{0.5}, Sizes: &shape.Sizes{P50: 1, P95: 1, Max: 2},
				Examples: []ExampleValue{{Kind: shape.Hottest, Rank: 1, Size: 1, Matches: &n, Position: &x, Label: &l}}}},
		}},
		Notes: []string{"a note"},
	}
}

func TestCaptureComesBackAsItWas(t *testing.T) {
	for name, c := range map[string]*Capture{"whole": someCapture(), "empty": {Format: Format, Engine: "postgres", Server: "15", Pintail: "dev", Schema: "x", Taken: time.Unix(1, 0).UTC()}} {
		text, err := Write(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if len(again.Tables) == 0 {
			again.Tables, again.Shapes = nil, nil
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%s: wrote %+v\nread %+v", name, c, again)
		}
		if twice, err := Write(again); err != nil || !bytes.Equal(twice, text) {
			t.Errorf("%s: written twice it isn't the same: %v\n%s\n%s", name, err, text, twice)
		}
	}
}

func TestCaptureHasALineForEachThing(t *testing.T) {
	text, err := Write(someCapture())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, begins := range []string{`"engine":"sqlite"`, ` {"table":"order"`, `  {"column":"id"`, `  {"column":"customer,\"id"`, `  {"columns":["customer,\"id"]`, ` {"shape":"b445`, `  {"kind":"literal"`, ` "a note"`} {
		n := 0
		for _, line := range lines {
			if strings.HasPrefix(line, begins) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d lines begin with %s:\n%s", n, begins, text)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	whole, err := Write(someCapture())
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string) string {
		if !strings.Contains(string(whole), old) {
			t.Fatalf("%s isn't in the capture", old)
		}
		return strings.Replace(string(whole), old, new, 1)
	}
	for _, c := range []struct{ text, want string }{
		{"", "it is empty"},
		{"type customer @table {", "no JSON (line 1)"},
		{"[]", "some other JSON"},
		{"3", "some other JSON"},
		{`{"tables":[]}`, "some other JSON"},
		{string(whole[:len(whole)/2]), "cut short"},
		{string(whole[:len(whole)-2]), "cut short"},
		{changed(`"pintail_capture":1`, `"pintail_capture":2`), "update this one"},
		{changed(`"pintail_capture":1`, `"pintail_capture":0`), "take it anew"},
		{changed(`"engine":"sqlite"`, `"engine":"oracle"`), "neither sqlite nor postgres"},
		{changed(`"engine":"sqlite"`, `"engine":["sqlite"]`), "engine is a JSON array"},
		{changed(`"server"`, `"sever"`), "unknown field"},
		{changed(`"taken":"2026-11-25T19:00:00Z"`, `"taken":"0001-01-01T00:00:00Z"`), "when it was taken"},
		{changed(`"rows":100`, `"rows":-1`), `table "order": rows is -1, and must lie between 0 and`},
		{changed(`"rows":100`, `"rows":9000000000000000000`), `table "order": rows is 9000000000000000000`},
		{changed(`"table":"unread"`, `"table":"order"`), "stands in it twice"},
		{changed(`"nulls":0.1`, `"nulls":1.5`), `nulls is 1.5, and must lie between 0 and 1`},
		{changed(`"common":[0.5,0.1]`, `"common":[0.9,0.9]`), "add up to 1.8"},
		{changed(`[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9]`, `[0.1]`), "must have 9"},
		{changed(`"most":96`, `"most":1`), "bars don't rise"},
		{changed(`"min":1,"p50":2`, `"min":3,"p50":2`), "lengths don't rise"},
		{changed(`"column":"id"`, `"column":"\u0007"`), "can't be printed"},
		{changed(`"column":"id"`, `"column":"\u009b2J"`), "can't be printed"},
		{changed(`"columns":["id"]`, `"columns":["ghost"]`), `column "ghost", which the table hasn't`},
		{changed(`"value":"?"`, `"value":"1; drop"`), "isn't expected here"},
		{changed(`"op":"eq","value"`, `"op":"pwn","value"`), "no operator"},
		{changed(`"kind":"literal"`, `"kind":"blob"`), `kind "blob" is none`},
		{changed(`"shape":"b445c7c3dbef"`, `"shape":"\"><b>"`), "must be hex digits"},
		{changed(`"rank":1`, `"rank":0`), "rank is 0"},
		{changed(`"a note"`, `"`+strings.Repeat("n", 1001)+`"`), "more than 1000"},
		{strings.Repeat(" ", CaptureBytesMax+1), "more than 8 MiB"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s…: %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := Read(strings.NewReader(string(whole) + strings.Repeat(" ", CaptureBytesMax-len(whole)))); err != nil {
		t.Errorf("at the limit of bytes: %v", err)
	}
}

func TestMissingSaysWhatLeft(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: `type order @table { number: Int! @id  customer: Int }`})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	got := someCapture().Missing(s)
	want := []string{"column order.id", `column order.customer,"id`, "table unread", "shape b445c7c3dbef (read order where id eq)"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzRead holds what comes from elsewhere against what is promised: no panic, and what is taken can be written and read again.
func FuzzRead(f *testing.F) {
	whole, err := Write(someCapture())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"pintail_capture":1,"engine":"postgres","taken":"2026-11-25T19:00:00Z","tables":null,"shapes":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(bytes.NewReader(text))
		if err != nil {
			if msg := err.Error(); len(msg) > 2000 || strings.Contains(msg, "rehearse.") {
				t.Fatalf("an error that nobody can read: %s", msg)
			}
			return
		}
		again, err := Write(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(again)); err != nil {
			t.Fatalf("%v\n%s\n%s", err, text, again)
		}
	})
}
