package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite docs/config.md, docs/commands.md and the scripts' expectations")

// TestConfigPage and TestCommandsPage hold the reference to the program: `go test ./cmd/pintail -run Page -update` writes both.
func TestConfigPage(t *testing.T) { holdPage(t, "../../docs/config.md", configPage()) }

func TestCommandsPage(t *testing.T) { holdPage(t, "../../docs/commands.md", commandsPage()) }

func holdPage(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the program says; run: go test ./cmd/pintail -run Page -update", path)
	}
}

func configPage() string {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Written by go test ./cmd/pintail -run Page -update from the program's own keys. -->

With nothing configured, everything runs. What is set counts in this order: flags, environment, file, defaults.

The file is ` + "`pintail.yaml`" + ` in the folder where Pintail starts, or what ` + "`--config` or `PINTAIL_CONFIG`" + ` names. Its keys are nested
(` + "`rest:` and, below it, `max_rows: 100`) or dotted (`rest.max_rows: 100`)" + `. Relative paths in it start in the file's own folder. An
unknown key is an error. Lists are YAML lists or commas; times are written like ` + "`500ms`, `5s`, `2m`" + `.

Secrets belong into the environment. A password in a flag is refused, because every user of a machine can read the flags of its
programs.

| key | environment | default | what |
|---|---|---|---|
`)
	for _, k := range (&config{}).keys() {
		env := ""
		for i, name := range k.envs() {
			if i > 0 {
				env += " or "
			}
			env += "`" + name + "`"
		}
		def := ""
		if k.def != "" {
			def = "`" + k.def + "`"
		}
		most := ""
		if k.most() > 0 {
			most = "; at most " + k.mostText()
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s%s |\n", k.name, env, def, k.doc, most)
	}
	b.WriteString(`
Flags of every verb: ` + "`--config`, `--schema`, `--database` (`database.url`)" + `, of those that listen ` + "`--listen` and `--admin` (`admin.listen`)" + `.
[commands.md](commands.md) has them all. ` + "`NO_COLOR`" + ` set to anything turns colours off.
`)
	return b.String()
}

func commandsPage() string {
	var b strings.Builder
	b.WriteString(`# Commands

<!-- Written by go test ./cmd/pintail -run Page -update from the program's own help. -->

Results go to standard output, everything else to standard error. ` + "`--json`" + ` prints data as JSON, on every verb that prints data: one indented
document, or where more comes as it happens (` + "`top`, `story`" + `) an object a line. Long work shows a bar with rate and time left on
a terminal, and a line every ten seconds elsewhere.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it failed; the last line says what, why and what to do. ` + "`rehearse --max-class`" + `: a query is worse than that, or unknown |
| 2 | the command line, the configuration or the schema file is wrong: nothing was begun |
| 3 | a check found something: ` + "`schema check`, `doctor`, `serve` on a database that isn't in step, rejected rows of `import`, the comparison of `copy`, a `story` that ended otherwise than it should" + ` |
| 141 | nobody reads the output any more, as in ` + "`pintail story outage \\| head -1`" + `: what was begun is ended and cleaned up, and nothing more is said |

Flags of every verb:

`)
	root := command(console{})
	b.WriteString(flagTable(root.PersistentFlags()))
	for _, g := range root.Groups() {
		for _, cmd := range root.Commands() {
			if cmd.GroupID == g.ID {
				describe(&b, cmd)
			}
		}
	}
	b.WriteString("\n## pintail completion\n\nPrint a script that completes verbs, flags and error codes in `bash`, `zsh`, `fish` or `powershell`;\n`pintail completion bash --help` says where to put it.\n")
	return b.String()
}

func describe(b *strings.Builder, cmd *cobra.Command) {
	if !cmd.HasSubCommands() {
		fmt.Fprintf(b, "\n## %s\n\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
		text := cmd.Long
		if text == "" {
			text = cmd.Short + "."
		}
		b.WriteString(text + "\n")
		if cmd.Example != "" {
			fmt.Fprintf(b, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
		}
		if flags := flagTable(cmd.LocalNonPersistentFlags()); flags != "" {
			b.WriteString("\n" + flags)
		}
		return
	}
	for _, sub := range cmd.Commands() {
		describe(b, sub)
	}
}

// flagTable lists flags; it is empty where there are none.
func flagTable(set *pflag.FlagSet) string {
	var b strings.Builder
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		name, text := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if name != "" {
			flag += " " + strings.ToUpper(name)
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", flag, strings.ReplaceAll(text, "|", `\|`))
	})
	if b.Len() == 0 {
		return ""
	}
	return "| flag | |\n|---|---|\n" + b.String()
}
