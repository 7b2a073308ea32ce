package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every flag of every verb that takes something other than a text says what, and what was given instead.
func TestFlagsSayWhatTheyTake(t *testing.T) {
	takes := map[string]string{
		"bool": "it is true or false", "int": "it is a whole number", "int64": "it is a whole number", "float64": "it is a number",
		"duration": "it is a duration, such as 500ms, 5s or 2m", "seed": "it is a whole number from 1 on, of at most 64 bits",
	}
	tried := 0
	var verbs func(cmd *cobra.Command)
	verbs = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			verbs(sub)
		}
		if !cmd.Runnable() {
			return
		}
		cmd.InitDefaultHelpFlag()
		each := func(f *pflag.Flag) {
			if f.Value.Type() == "string" || f.Value.Type() == "stringArray" {
				return
			}
			want, ok := takes[f.Value.Type()]
			if !ok {
				t.Errorf("%s --%s: nothing is known of a %s", cmd.CommandPath(), f.Name, f.Value.Type())
				return
			}
			tried++
			var said bytes.Buffer
			args := append(strings.Fields(cmd.CommandPath())[1:], "--"+f.Name+"=may\x1bbe")
			code := run(context.Background(), args, console{in: strings.NewReader(""), out: &said, err: &said})
			if line, _, _ := strings.Cut(said.String(), "\n"); code != 2 || line != "pintail: --"+f.Name+` "may\x1bbe": `+want {
				t.Errorf("%s --%s: %d %s", cmd.CommandPath(), f.Name, code, said.String())
			}
		}
		cmd.LocalFlags().VisitAll(each)
		cmd.InheritedFlags().VisitAll(each)
	}
	verbs(command(console{}))
	if tried < 20 {
		t.Errorf("only %d flags were tried", tried)
	}
	for args, want := range map[string]string{
		"rehearse --rows 99999999999999999999": `--rows "99999999999999999999": it is a whole number, and this one is too large`,
		"rehearse --to 1e999":                  `--to "1e999": it is a number, and this one is too large`,
		"rehearse --rows 1.5":                  `--rows "1.5": it is a whole number`,
		"rehearse --time 5":                    `--time "5": it is a duration`,
		"rehearse --time":                      "flag needs an argument: --time",
		"rehearse --row 5":                     "unknown flag: --row",
		"demo --orders many":                   `--orders "many": it is a whole number`,
	} {
		var said bytes.Buffer
		if code := run(context.Background(), strings.Fields(args), console{in: strings.NewReader(""), out: &said, err: &said}); code != 2 || !strings.Contains(said.String(), want) || strings.Contains(said.String(), "strconv") {
			t.Errorf("%s: %d %s", args, code, said.String())
		}
	}
}
