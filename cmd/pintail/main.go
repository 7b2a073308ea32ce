// Command pintail turns a schema file, or a database that is already there, into a REST API. `pintail help` lists the verbs.
//
// Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 it failed; 2 the command line or
// the configuration is wrong; 3 a check found something (schema check, doctor, copy's comparison).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker in releases.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// run is the whole program but the process: tests call it.
func run(ctx context.Context, args []string, c console) int {
	root := command(c)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{code: 1, err: err}
	}
	if e.err != nil {
		fmt.Fprintf(c.err, "pintail: %v\n", e.err)
	}
	return e.code
}

// An exitError carries the process's exit code.
type exitError struct {
	code int
	err  error // nil where everything is said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of the command line or the configuration.
func usage(format string, args ...any) error {
	return &exitError{code: 2, err: fmt.Errorf(format, args...)}
}

// found says that a check found something; it was printed already.
func found() error { return &exitError{code: 3} }

func command(c console) *cobra.Command {
	root := &cobra.Command{
		Use:           "pintail",
		Short:         "One schema file, or the database you have, as a REST API in one binary",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w\nSee `%s --help`", err, cmd.CommandPath())
	})
	f := &flags{}
	f.add(root.PersistentFlags())
	root.AddCommand(serveCommand(c, f), versionCommand(c), explainCommand(c))
	return root
}

func versionCommand(c console) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.out, "pintail", version)
			return err
		},
	}
}
