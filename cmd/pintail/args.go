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
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("there is no `%s %s`%s", cmd.CommandPath(), args[0], meant(args[0], names))
}
