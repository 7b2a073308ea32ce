package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// evil is a label as somebody might make one of a type's name in the schema file.
const evil = `<img src=x onerror=alert(1)> "&' </style><script>alert(2)</script>`

func TestHTML(t *testing.T) {
	list := questions()[4:8]
	c := ask(t, list)
	for i := range c.Shapes {
		c.Shapes[i].Label = evil
		c.Shapes[i].ID = "x\"'><b>" + c.Shapes[i].ID
	}
	c.Notes = []string{evil}
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: c, Rows: RowsLeast})
	if err != nil {
		t.Fatal(err)
	}
	rep.Verdicts[0].Reason, rep.Notes = evil, []string{evil}
	page, err := rep.HTML(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "<img", "<b>x", "onerror=alert(1)>", "http:", "https:", "url("} {
		if bytes.Contains(page, []byte(never)) {
			t.Errorf("the report has %s in it", never)
		}
	}
	if n := bytes.Count(page, []byte("</style>")); n != 1 {
		t.Errorf("the style ends %d times", n)
	}
	if n := bytes.Count(page, []byte(`<svg viewBox="0 0 640 260" role="img"`)); n != len(list) {
		t.Errorf("%d plots of %d queries", n, len(list))
	}
	if !bytes.Contains(page, []byte(`content="default-src &#39;none&#39;`)) && !bytes.Contains(page, []byte(`content="default-src 'none'; style-src 'sha256-`)) {
		t.Error("the report has no strict policy")
	}
	if bad := regexp.MustCompile(`NaN|Inf|[de]="M[^"]*e[-+]`).Find(page); bad != nil {
		t.Errorf("a plot has %s in it", bad)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllSubmatch(page, -1) {
		if ids[string(m[1])] {
			t.Errorf("id %s stands twice", m[1])
		}
		ids[string(m[1])] = true
	}
}

func TestSummary(t *testing.T) {
	rep := &Report{Engine: "sqlite", To: 100}
	for range summaryMost + 5 {
		rep.Verdicts = append(rep.Verdicts, &Verdict{ID: "a", Label: strings.Repeat("x", 1000), Worst: -1, Advice: []Advice{{Table: "order", Type: "order", Line: `@index(columns: ["total"])`}}})
	}
	text, err := rep.Summary(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 1<<20 {
		t.Errorf("the summary has %d bytes", len(text))
	}
	var s Summary
	if err := json.Unmarshal(text, &s); err != nil || len(s.Queries) != summaryMost || s.Left != 5 || s.Classes["unknown"] != summaryMost+5 || s.Queries[0].Advice[0] != `order: @index(columns: ["total"])` {
		t.Errorf("the summary is %.300s, %v", text, err)
	}
}

func TestMilliseconds(t *testing.T) {
	for ms, want := range map[float64]string{0.01: "<0.1 ms", 0.12: "0.1 ms", 4.44: "4.4 ms", 44.4: "44 ms", 444: "440 ms", 4444: "4.4 s", 44_440: "44 s", 120_000: "2.0 min", 7_200_000: "2.0 h"} {
		if got := Milliseconds(ms); got != want {
			t.Errorf("%v is %s, want %s", ms, got, want)
		}
	}
}

func TestMultiplesGoAsFarAsIsForetold(t *testing.T) {
	for to, want := range map[float64]string{2: "[2]", 10: "[10]", 50: "[10 50]", 100: "[10 100]", 100_000: "[10 100000]"} {
		if got := fmt.Sprint((&Report{To: to}).Multiples()); got != want {
			t.Errorf("up to %v it is told at %s, want %s", to, got, want)
		}
	}
}
