package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A finding is one line of the doctor's: what was looked at, how it is, and what to do where it isn't well.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warn, fail
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

const (
	stateOK   = "ok"
	stateWarn = "warn"
	stateFail = "fail"
)

// A doctor gathers findings.
type doctor struct {
	conf     *config
	findings []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: stateOK, Found: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(check, do, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: stateWarn, Found: fmt.Sprintf(format, args...), Do: do})
}

func (d *doctor) fail(check, do, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: stateFail, Found: fmt.Sprintf(format, args...), Do: do})
}

func doctorCommand(c console, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is well: files, database, settings, addresses",
		Long: `Look whether everything that ` + "`serve`" + ` needs is well, and say what to do where it isn't. It changes nothing.

Exit code 3 says that something fails; a warning alone doesn't.`,
		Example: "  pintail doctor\n  pintail doctor --json --database postgres://me@localhost/shop",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Minute)
			defer cancel()
			d := &doctor{conf: conf}
			d.look(ctx)
			if err := d.print(c, f.json); err != nil {
				return err
			}
			if d.count(stateFail) > 0 {
				return found()
			}
			return nil
		},
	}
	f.addListen(cmd.Flags())
	return cmd
}

// look looks at everything in the order in which serve needs it.
func (d *doctor) look(ctx context.Context) {
	s := d.lookAtSchema()
	engine, err := engineOf(d.conf.database())
	reached := false
	switch {
	case err != nil:
		d.fail("database", "write sqlite:PATH or postgres://…", "%v", err)
	case engine == migrate.SQLite:
		reached = d.lookAtSQLite(sqliteFile(d.conf.database()))
	default:
		reached = d.lookAtPostgres(ctx, d.conf.database())
	}
	if s != nil && reached {
		d.lookInStep(ctx, s)
	}
	d.lookAtListener("listen", "--listen", or(d.conf.Listen, defaultListen))
	if d.conf.Admin != "off" {
		d.lookAtListener("admin address", "--admin", or(d.conf.Admin, defaultAdmin))
	}
	d.lookAtAccess()
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (d *doctor) lookAtSchema() *schema.Schema {
	path := d.conf.schemaPath()
	s, err := schema.Load(path)
	var mistakes schema.Mistakes
	switch {
	case errors.As(err, &mistakes):
		m := mistakes[0]
		d.fail("schema file", "`pintail schema check` shows all of them", "%s; the first: %s:%d:%d: %s",
			counted(len(mistakes), "mistake", "mistakes"), m.File, m.Line, m.Column, m.Message)
	case errors.Is(err, fs.ErrNotExist):
		d.fail("schema file", "begin one with `pintail new DIR`, or write it from a database with `pintail schema import`", "there is no %s", path)
	case err != nil:
		d.fail("schema file", "make it readable for this user", "%v", err)
	default:
		d.ok("schema file", "%s: %s, %s", path, counted(len(s.Tables), "table", "tables"), counted(len(s.Functions), "function", "functions"))
		if s.HasPolicies() {
			d.warn("policies", "nothing: this is to know", "the file has @allow, which is not enforced yet: only the admin is served")
		}
		return s
	}
	return nil
}

func (d *doctor) lookInStep(ctx context.Context, s *schema.Schema) {
	wrong, err := inStep(ctx, d.conf, s)
	switch {
	case err != nil:
		d.fail("in step", "look at the reason", "the database can't be compared with the schema file: %v", err)
	case len(wrong) == 0:
		d.ok("in step", "everything that the schema file declares is there")
	default:
		for _, w := range wrong[:min(len(wrong), problemsMax)] {
			d.fail("in step", "`pintail schema apply` brings the database to the file; `--dry-run` shows how", "%s", w)
		}
	}
}

func (d *doctor) lookAtListener(check, flag, address string) {
	if err := checkAddress(flag, address); err != nil {
		d.fail(check, "write HOST:PORT, such as 127.0.0.1:8080", "%v", err)
		return
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		d.warn(check, "nothing, if it is Pintail that runs there; else choose another with "+flag+" "+freeAddress(address), "%s can't be opened now: %v", address, err)
		return
	}
	l.Close()
	d.ok(check, "%s is free", address)
}

func (d *doctor) lookAtAccess() {
	switch n := len(d.conf.AdminSecret); {
	case n == 0:
		d.warn("admin secret", "set PINTAIL_ADMIN_SECRET, for example to what `openssl rand -hex 24` prints", "it is not set: `serve` wants --open then, which listens to this machine only")
	case n < pintail.AdminSecretLeast:
		d.warn("admin secret", "take a longer one, for example what `openssl rand -hex 24` prints", "it has %s, and can be guessed", counted(n, "letter", "letters"))
	default:
		d.ok("admin secret", "it is set")
	}
	if info, err := os.Stat("pintail.yaml"); err == nil && info.Mode().Perm()&0o004 != 0 && d.secretInFile() {
		d.warn("pintail.yaml", "chmod 600 pintail.yaml, or move the secret into the environment", "it holds a secret and every user of this machine may read it")
	}
}

// secretInFile says whether the configuration file itself holds a secret.
func (d *doctor) secretInFile() bool {
	alone := &config{}
	return alone.file("pintail.yaml", false) == nil && (alone.AdminSecret != "" || hasPassword(alone.Database))
}

func (d *doctor) count(state string) int {
	n := 0
	for _, f := range d.findings {
		if f.State == state {
			n++
		}
	}
	return n
}

func (d *doctor) print(c console, asJSON bool) error {
	if asJSON {
		return c.print(map[string]any{"findings": slices.Clip(d.findings), "warnings": d.count(stateWarn), "failures": d.count(stateFail)})
	}
	p := painter(c.out)
	var b strings.Builder
	mark := map[string]string{stateOK: p.green("ok  "), stateWarn: p.yellow("warn"), stateFail: p.red("fail")}
	for _, f := range d.findings {
		fmt.Fprintf(&b, "%s  %-16s %s\n", mark[f.State], f.Check, beside(f.Found))
		if f.Do != "" {
			fmt.Fprintf(&b, "%24s%s\n", "", p.dim("→ "+beside(f.Do)))
		}
	}
	said := p.green("All is well.")
	switch w, f := d.count(stateWarn), d.count(stateFail); {
	case f > 0:
		said = p.red(counted(f, "check fails", "checks fail")) + ", " + counted(w, "warning", "warnings") + "."
	case w > 0:
		said = "Nothing fails, " + p.yellow(counted(w, "warning", "warnings")) + "."
	}
	return c.put(b.String() + "\n" + said + "\n")
}

// beside keeps the further lines of a finding to its column, so that none looks like a finding of its own.
func beside(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+strings.Repeat(" ", 24))
}
