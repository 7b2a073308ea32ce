// Command pintail turns a schema file, or a database that is already there, into REST and GraphQL. `pintail help` lists the verbs,
// docs/commands.md describes each.
//
// Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 it failed, or rehearse found a query worse
// than --max-class; 2 the command line, the configuration or the schema file is wrong; 3 a check found something (schema check,
// doctor, guard, a database that serve finds out of step, rejected rows of import, copy's comparison, a story that ended otherwise than
// it should); 141 nobody reads the output any more.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/schema"
)

// version is set by the linker in releases.
var version = "dev"

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // the terminal was closed, and nohup didn't ask to go on
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	ctx, c := processConsole(ctx)
	// Whoever interrupts twice doesn't want to wait.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], c)
	stop()
	os.Exit(code)
}

// run is the whole program but the process: tests call it.
func run(ctx context.Context, args []string, c console) int {
	root := command(c)
	strict(root)
	began := false
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	root.SetArgs(args)
	done, err := root.ExecuteContextC(ctx)
	if errors.Is(context.Cause(ctx), errUnread) {
		return codeUnread
	}
	if err == nil {
		return 0
	}
	var e *exitError
	var mistakes schema.Mistakes
	switch {
	case errors.As(err, &e):
	case errors.As(err, &mistakes):
		tellMistakes(c, mistakes)
		e = &exitError{code: 2}
	case ctx.Err() != nil:
		e = &exitError{code: 1, err: interrupted(ctx, err)}
	case !began: // cobra's own: an unknown verb, too many arguments
		e = &exitError{code: 2, err: fmt.Errorf("%w\nSee `%s --help`", err, done.CommandPath())}
	default:
		e = &exitError{code: 1, err: err}
	}
	if e.err != nil {
		c.say("%s %s", painter(c.err).red("pintail:"), under(e.err.Error()))
	}
	return e.code
}

// under moves the further lines of an error in, so that what a name brings along looks like no line of its own.
func under(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// interrupted says what was interrupted, without the words in which each part below says that it was.
func interrupted(ctx context.Context, err error) error {
	text := err.Error()
	for _, end := range []string{context.Cause(ctx).Error(), context.Canceled.Error(), "57014: canceling statement due to user request", "sqlite3: interrupted"} {
		text = strings.TrimSuffix(strings.TrimSuffix(text, end), ": ")
	}
	if text == "" {
		return errors.New("interrupted")
	}
	return errors.New("interrupted: " + text)
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

// codeUnread is what a shell calls the end of a program by SIGPIPE, which is what others come to where their output's reader has left.
const codeUnread = 128 + 13

// found says that a check found something; it was printed already.
func found() error { return &exitError{code: 3} }

// Verbs stand in the help in the order in which a newcomer meets them.
const (
	groupStart = "start"
	groupServe = "serve"
	groupData  = "data"
	groupHelp  = "help"
)

func command(c console) *cobra.Command {
	root := &cobra.Command{
		Use:   "pintail",
		Short: "One schema file, or the database you have, as REST and GraphQL in one binary",
		Long: `Pintail turns one schema file, or the PostgreSQL or SQLite database that you already have, into REST and GraphQL.

  pintail demo        a whole shop to look at: schema, 50,000 orders, a page
  pintail new DIR     a project of your own; with --from, of a database that is there
  pintail dev         serve it, and follow the schema file as you change it`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w\nSee `%s --help`", flagError(err), cmd.CommandPath())
	})
	cobra.EnableCommandSorting = false // in the order of a person's work
	f := &flags{}
	f.add(root.PersistentFlags())
	root.AddGroup(&cobra.Group{ID: groupStart, Title: "Begin:"}, &cobra.Group{ID: groupServe, Title: "Serve:"},
		&cobra.Group{ID: groupData, Title: "Schema and data:"}, &cobra.Group{ID: groupHelp, Title: "Help:"})
	root.SetHelpCommandGroupID(groupHelp)
	root.SetCompletionCommandGroupID(groupHelp)
	add := func(group string, verbs ...*cobra.Command) {
		for _, v := range verbs {
			v.GroupID = group
			root.AddCommand(v)
		}
	}
	add(groupStart, demoCommand(c, f), storyCommand(c, f), newCommand(c, f))
	add(groupServe, devCommand(c, f), serveCommand(c, f), topCommand(c, f), guardCommand(c, f), doctorCommand(c, f), rehearseCommand(c, f))
	add(groupData, schemaCommand(c, f), importCommand(c, f), copyCommand(c, f), typesCommand(c, f))
	add(groupHelp, explainCommand(c, f), versionCommand(c, f))
	return root
}

func versionCommand(c console, f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			commit := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						commit = s.Value
					}
				}
			}
			if f.json {
				return c.print(map[string]string{"version": version, "commit": commit, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
			}
			return c.put(fmt.Sprintf("pintail %s %s/%s\n", version, runtime.GOOS, runtime.GOARCH))
		},
	}
}
