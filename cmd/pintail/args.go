package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// exactly is what a verb with arguments of these names takes.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing: %s", names[len(args)], cmd.UseLine())
		case len(args) > len(names):
			return fmt.Errorf("%q is too much: %s", args[len(names)], cmd.UseLine())
		}
		return nil
	}
}

// aVerb is what a verb takes that has verbs of its own, and none of these was named.
func aVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("`%s` has no verbs of its own: %q is too much", cmd.CommandPath(), args[0])
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("there is no `%s %s`%s", cmd.CommandPath(), args[0], meant(args[0], names))
}

// strict lets cobra's own verbs refuse what they don't know, as ours do.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				of, rest, _ := root.Find(args) // an error is that there are words left
				return aVerb(of, rest)
			}
		case "completion":
			cmd.Args, cmd.RunE = aVerb, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}
