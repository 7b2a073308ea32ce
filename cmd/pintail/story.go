package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/story"
)

func storyCommand(c console, f *flags) *cobra.Command {
	s := teller{console: c}
	all := append(story.Names(), "all")
	cmd := &cobra.Command{
		Use:   "story " + strings.Join(all, "|"),
		Short: "Let a way in which backends die happen to a copy of the demo, and see what comes of it",
		Long: `Let a way in which backends die happen to a copy of the demo, under load, and see what comes of it.

` + titles() + `
Everything happens in a temporary folder and on free ports of this machine; nothing is left over. Each story takes less than a minute.
With --unprotected it is told once more with the protection off: it must end badly by the same measure, or it proves nothing. ` + "`all`" + `
tells every story both ways, and prints a line for each.

Exit codes: 0 where the shop survived, with --unprotected where it didn't; 3 where it ended otherwise; 1 where the story couldn't be told.
--json prints what happens as it happens, one JSON object a line (docs/stories/README.md).`,
		Example:               "  pintail story outage\n  pintail story outage --unprotected\n  pintail story all --report stories.html",
		Args:                  func(_ *cobra.Command, args []string) error { return knownStory(all, args) },
		ValidArgs:             all,
		DisableFlagsInUseLine: false,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.schema != "" || f.database != "" {
				return usage("a story has a shop of its own: leave --schema and --database out")
			}
			s.json = f.json
			return s.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&s.options.Unprotected, "unprotected", false, "tell it with the protection off")
	seedFlag(cmd.Flags(), &s.options.Seed, "a `number` from which everything is drawn that is left to chance")
	cmd.Flags().StringVar(&s.report, "report", "", "write what happened, with plots, to an HTML `file`")
	cmd.Flags().StringVar(&s.plot, "plot", "", "write the plots alone to an SVG `file`")
	if err := cmd.Flags().MarkHidden("plot"); err != nil {
		panic(err)
	}
	return cmd
}

func titles() string {
	var b strings.Builder
	for _, name := range story.Names() {
		fmt.Fprintf(&b, "  %-8s %s\n", name, story.Title(name))
	}
	return b.String()
}

func knownStory(all, args []string) error {
	switch {
	case len(args) == 0:
		return usage("which story? There are %s", strings.Join(all, ", "))
	case !slices.Contains(all, args[0]):
		return usage("there is no story %q; there are %s", args[0], strings.Join(all, ", "))
	case len(args) > 1:
		return usage("one story at a time: leave %q out, or tell every one with `all`", args[1])
	}
	return nil
}

// A teller tells stories on a console.
type teller struct {
	console
	options      story.Options
	json         bool
	report, plot string

	events []story.Event
	bar    *progress
}

func (t *teller) run(ctx context.Context, name string) error {
	for _, o := range t.outputs() {
		if err := o.check(o.path); err != nil {
			return err
		}
	}
	passed, err := true, error(nil)
	if name == "all" {
		passed, err = t.all(ctx)
	} else {
		passed, err = t.one(ctx, name)
	}
	if err == nil {
		err = t.keep()
	}
	if err == nil && !passed {
		err = found()
	}
	return err
}

// A storyOutput is a file that is made of what happened.
type storyOutput struct {
	output
	path string
	make func([]story.Event) ([]byte, error)
}

// outputs lists the files that were asked for.
func (t *teller) outputs() (list []storyOutput) {
	if t.report != "" {
		list = append(list, storyOutput{reportOutput(), t.report, story.Report})
	}
	if t.plot != "" {
		list = append(list, storyOutput{plotOutput(), t.plot, story.Plot})
	}
	return list
}

// keep writes them.
func (t *teller) keep() error {
	for _, o := range t.outputs() {
		text, err := o.make(t.events)
		if err != nil {
			return fmt.Errorf("make the %s: %w", o.what, err)
		}
		if err := o.write(o.path, text); err != nil {
			return err
		}
		t.say("%s", painter(t.err).dim("Wrote "+o.path))
	}
	return nil
}

// one tells a story at length.
func (t *teller) one(ctx context.Context, name string) (bool, error) {
	tell := t.line
	if t.json {
		tell = t.event
	}
	result, err := story.Run(ctx, name, t.options, func(e story.Event) {
		t.events = append(t.events, e)
		tell(e)
	})
	return result.Passed, err
}

// all tells every story, protected and not, in a line each.
func (t *teller) all(ctx context.Context) (bool, error) {
	if t.options.Unprotected {
		return false, usage("`all` tells every story both ways: leave --unprotected out")
	}
	passed := true
	for _, name := range story.Names() {
		for _, unprotected := range []bool{false, true} {
			o := t.options
			o.Unprotected = unprotected
			var last story.Event
			if !t.json && terminal(t.err) { // elsewhere eight lines are enough
				t.bar = t.progress(name, "%", 100)
			}
			result, err := story.Run(ctx, name, o, func(e story.Event) {
				t.events = append(t.events, e)
				switch {
				case t.json:
					t.event(e)
				case e.Kind == story.KindSample && t.bar != nil:
					t.bar.at("", int64(100*e.Done))
				}
				last = e
			})
			if t.bar != nil {
				t.bar.end()
				t.bar = nil
			}
			if err != nil {
				return false, fmt.Errorf("the story %s: %w", name, err)
			}
			passed = passed && result.Passed
			if !t.json {
				t.inOneLine(result, last.Text)
			}
		}
	}
	return passed, nil
}

func (t *teller) inOneLine(r story.Result, last string) {
	p := painter(t.out)
	how := "protected"
	if r.Unprotected {
		how = "unprotected"
	}
	mark, end := p.green("✓"), r.Result
	if !r.Passed {
		mark, end = p.red("✗"), p.red(r.Result)
	}
	t.printf("%s %-8s %-12s %-9s %4.0f s  %s\n", mark, r.Story, how, end, r.Took.Seconds(), last)
}

// printf tells a person. A reader that has left ends the story (processConsole).
func (t *teller) printf(format string, args ...any) { _ = t.put(fmt.Sprintf(format, args...)) }

// event prints one event as JSON.
func (t *teller) event(e story.Event) {
	_ = t.console.event(e) // as printf
}

// whose says by whom a step is, in at most whoWidth letters.
func whose(who string) string {
	switch who {
	case story.WhoWorld:
		return "it happens"
	case story.WhoPintail:
		return "Pintail"
	case story.WhoVisitor:
		return "in the shop"
	}
	return ""
}

const whoWidth = 11

// line tells an event to a person.
func (t *teller) line(e story.Event) {
	p := painter(t.out)
	if t.bar != nil && e.Kind != story.KindSample {
		t.bar.end()
		t.bar = nil
	}
	switch e.Kind {
	case story.KindBegan:
		how := ""
		if e.Unprotected {
			how = ", unprotected"
		}
		t.printf("%s %s\n\n%s\n\n", p.bold(e.Title), p.dim("(story "+e.Story+how+", seed "+fmt.Sprint(e.Seed)+")"), wrapped(e.Text, "", 0))
	case story.KindStep:
		const before = 8 + 2 + whoWidth + 2
		who, text := fmt.Sprintf("%-*s", whoWidth, whose(e.Who)), wrapped(e.Text, strings.Repeat(" ", before), before)
		switch e.Who {
		case story.WhoWorld:
			who, text = p.yellow(who), p.yellow(text)
		case story.WhoPintail:
			who, text = p.green(who), p.green(text)
		case story.WhoVisitor:
			who, text = p.bold(who), p.bold(text)
		}
		t.printf("%s  %s  %s\n", p.dim(fmt.Sprintf("%6.1f s", e.At)), who, text)
	case story.KindSample:
		if !terminal(t.err) {
			return
		}
		if t.bar == nil {
			t.bar = t.progress("asking and looking", "%", 100)
		}
		t.bar.at("", int64(100*e.Done))
	case story.KindFigure:
		if !slices.ContainsFunc(t.events[:len(t.events)-1], func(e story.Event) bool { return e.Kind == story.KindFigure }) {
			t.printf("\n")
		}
		mark := p.green("✓")
		switch {
		case e.Figure.Want == "":
			mark = " "
		case !e.Figure.OK:
			mark = p.red("✗")
		}
		want := ""
		if e.Figure.Want != "" {
			want = p.dim("  must be " + e.Figure.Want)
		}
		t.printf("  %s %10s  %s%s\n", mark, e.Figure.Measured(), e.Figure.Label, want)
	case story.KindVerdict:
		word := map[string]string{story.Survived: "The shop survived.", story.Died: "The shop did not survive.", story.Unclear: "It isn't clear what happened: the story's own conditions weren't met."}[e.Result]
		paint := p.red
		if e.Passed {
			paint = p.green
		}
		more := ""
		if e.Unprotected && e.Result == story.Died {
			more = " That is what should happen without protection."
		}
		t.printf("\n%s %s\n", paint(p.bold(word)), wrapped(e.Text+more, "", len(word)+1))
	}
}

// lineWidth is how long lines for people get.
const lineWidth = 110

// wrapped breaks a text into lines; all but the first begin with indent, and the first has so many letters before it.
func wrapped(text, indent string, before int) string {
	var b strings.Builder
	at := before
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case at+1+n > lineWidth:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
