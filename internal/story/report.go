package story

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
)

//go:embed report.html
var reportHTML string

// Report makes one HTML file of what was told: it refers to nothing else, and has no script.
func Report(events []Event) ([]byte, error) {
	told := tellings(events)
	if len(told) == 0 {
		return nil, errors.New("no story began")
	}
	page, err := template.New("report").Funcs(template.FuncMap{
		"seconds": func(at float64) string { return fmt.Sprintf("%.1f s", at) },
		"who":     func(who string) string { return reportWho[who] },
		"result":  func(result string) string { return reportResult[result] },
	}).Parse(reportHTML)
	if err != nil {
		return nil, err
	}
	var pages []reportPage
	for i, t := range told {
		p := reportPage{Number: i + 1, Began: t.began, Steps: t.steps, Figures: t.figures, Last: t.last, Verdict: t.last.Kind == KindVerdict}
		for n, c := range t.began.Charts {
			var b bytes.Buffer
			t.draw(&b, n)
			p.Plots = append(p.Plots, reportPlot{Title: c.Title, Inner: template.HTML(b.String())})
		}
		pages = append(pages, p)
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Style      template.CSS
		Pages      []reportPage
		Wide, High int
	}{template.CSS(plotStyle), pages, plotWide, plotHigh})
	return out.Bytes(), err
}

type reportPage struct {
	Number  int
	Began   Event
	Steps   []Event
	Figures []Figure
	Last    Event
	Verdict bool // Last is one
	Plots   []reportPlot
}

type reportPlot struct {
	Title string
	Inner template.HTML // what draw has written, which escapes every text
}

var reportWho = map[string]string{
	WhoStory: "", WhoWorld: "it happens", WhoPintail: "Pintail", WhoVisitor: "in the shop",
}

var reportResult = map[string]string{
	Survived: "The shop survived.",
	Died:     "The shop did not survive.",
	Unclear:  "It isn't clear what happened: the story's own conditions weren't met.",
}
