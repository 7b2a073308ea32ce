package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/fault"
)

func explainCommand(c console, f *flags) *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE",
		Short:   "Say what an error code means and what to do about it",
		Args:    cobra.MaximumNArgs(1),
		Example: "  pintail explain PGRST201\n  pintail explain 23505",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, e := range fault.Explanations() {
				codes = append(codes, string(e.Code)+"\t"+e.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.json {
				return c.print(explained(fault.Explanations()...))
			}
			if len(args) == 0 {
				var b strings.Builder
				for _, e := range fault.Explanations() {
					fmt.Fprintf(&b, "%-9s %d  %s\n", e.Code, e.Code.Status(), e.Title)
				}
				return c.put(b.String())
			}
			e, ok := fault.Explain(fault.Code(strings.ToUpper(args[0])))
			if !ok {
				return usage("Pintail has no explanation of %q; five letters and digits are PostgreSQL's SQLSTATE (its manual, appendix A), and `pintail explain` lists the codes that are explained", args[0])
			}
			if f.json {
				return c.print(explained(e)[0])
			}
			return c.put(fmt.Sprintf("%s: %s (HTTP %d)\n\n%s\n\n%s\n", e.Code, e.Title, e.Code.Status(), wrap(e.Why, 100), wrap(e.Do, 100)))
		},
	}
}

// An explanation is what --json prints of one.
type explanation struct {
	Code   fault.Code `json:"code"`
	Status int        `json:"status"`
	Title  string     `json:"title"`
	Why    string     `json:"why"`
	Do     string     `json:"do"`
}

func explained(list ...fault.Explanation) []explanation {
	out := make([]explanation, len(list))
	for i, e := range list {
		out[i] = explanation{e.Code, e.Code.Status(), e.Title, e.Why, e.Do}
	}
	return out
}

// wrap breaks text into lines of at most so many letters.
func wrap(text string, width int) string { return strings.Join(wrappedTo(text, width), "\n") }
