package story

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const evil = `<script>alert(1)</script>"' onload=x & {{.}}`

// evilEvents say in every field what would be markup if anybody took it for that.
func evilEvents() []Event {
	return []Event{
		{Story: evil, Kind: KindBegan, Text: evil, Title: evil, Charts: []Chart{
			{Title: evil, Unit: evil, Lines: []Line{{Key: evil, Label: evil, Tone: evil}}}, {Title: "log", Log: true, Lines: []Line{{"y", "y", "good"}}}}},
		{Story: evil, Kind: KindStep, At: 1, Who: evil, Mark: evil, Text: evil},
		{Story: evil, Kind: KindSample, At: 1, Values: map[string]float64{evil: 3, "y": 0.2}},
		{Story: evil, Kind: KindSample, At: 2, Values: map[string]float64{evil: 4}},
		{Story: evil, Kind: KindSample, At: 3, Values: map[string]float64{evil: 0, "y": 4000}},
		{Story: evil, Kind: KindFigure, Text: evil, Figure: &Figure{Name: evil, Label: evil, Unit: evil, Want: evil}},
		{Story: evil, Kind: KindVerdict, Text: evil, Result: evil},
	}
}

func TestReportEscapes(t *testing.T) {
	for name, make := range map[string]func([]Event) ([]byte, error){"report": Report, "plot": Plot} {
		text, err := make(evilEvents())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("<script")) || regexp.MustCompile(`class="[^"]*(script|onload)`).Match(text) {
			t.Errorf("the %s takes text for markup:\n%s", name, text)
		}
		if m := regexp.MustCompile(`(?i)(href=|src=|url\(|@import)[^\n]*`).Find(text); m != nil {
			t.Errorf("the %s refers to something: %s", name, m)
		}
		if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
			t.Errorf("the %s has numbers that are none", name)
		}
	}
}

// TestPlotIsXML reads the plot as strictly as a browser reads an SVG file.
func TestPlotIsXML(t *testing.T) {
	text, err := Plot(evilEvents())
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportOfNothing(t *testing.T) {
	for _, make := range []func([]Event) ([]byte, error){Report, Plot} {
		if _, err := make(nil); err == nil {
			t.Error("a report of nothing")
		}
	}
	text, err := Report([]Event{{Kind: KindBegan, Title: "x"}, {Kind: KindError, Text: "the disk is full"}})
	if err != nil || !bytes.Contains(text, []byte("told to its end.</strong> the disk is full")) {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestEventsAreDocumented holds the page to the events' JSON form.
func TestEventsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/stories/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []any{Event{}, Chart{}, Line{}, Figure{}} {
		typ := reflect.TypeOf(of)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if !bytes.Contains(page, []byte("`"+name+"`")) {
				t.Errorf("docs/stories/README.md says nothing of %s's `%s`", typ.Name(), name)
			}
		}
	}
	for _, name := range Names() {
		if !bytes.Contains(page, []byte("("+name+".md)")) {
			t.Errorf("docs/stories/README.md has no link to %s.md", name)
		}
		for _, file := range []string{name + ".md", name + ".svg", name + "-unprotected.svg"} {
			if _, err := os.Stat("../../docs/stories/" + file); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{{0, "", "0"}, {1234567, "", "1,234,567"}, {-1234, "", "-1,234"}, {12.345, "ms", "12.3 ms"}, {1.5, "s", "1.5 s"}, {99.96, "%", "100 %"}, {0.126, "ms", "0.13 ms"}, {4, "ms", "4 ms"}, {1200.4, "ms", "1,200 ms"}} {
		if got := amount(c.v, c.unit); got != c.want {
			t.Errorf("%v %s: %s, want %s", c.v, c.unit, got, c.want)
		}
	}
}

func TestResult(t *testing.T) {
	met, missed := Figure{OK: true}, Figure{}
	ground := Figure{Ground: true}
	for _, c := range []struct {
		figures     []Figure
		unprotected bool
		result      string
		passed      bool
	}{
		{[]Figure{met, met}, false, Survived, true},
		{[]Figure{met, met}, true, Survived, false},
		{[]Figure{met, missed}, false, Died, false},
		{[]Figure{missed, met}, true, Died, true},
		{[]Figure{missed, ground}, true, Unclear, false},
		{[]Figure{ground, missed}, true, Unclear, false},
		{[]Figure{ground}, false, Unclear, false},
	} {
		r := testRun()
		r.Unprotected, r.figures = c.unprotected, c.figures
		if got := r.result(); got.Result != c.result || got.Passed != c.passed {
			t.Errorf("%+v: %s %v, want %s %v", c.figures, got.Result, got.Passed, c.result, c.passed)
		}
	}
}
