package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/schema"
)

func serveCommand(c console, f *flags) *cobra.Command {
	var open bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the schema file's tables over REST and GraphQL",
		Long: `Serve the schema file's tables over REST and GraphQL, and the files of public/ at /.

It changes nothing in the database, and refuses one in which answers would be wrong: ` + "`pintail schema apply`" + ` brings a database
to the schema file first. Stopped by Ctrl-C or SIGTERM, it finishes the requests that are under way.`,
		Example: `  PINTAIL_ADMIN_SECRET=… pintail serve
  pintail serve --open
  pintail serve --open --schema schema.graphql --database postgres://me@localhost/shop --listen 127.0.0.1:9000`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			conf.Open = open
			if !open && conf.AdminSecret == "" {
				return usage("nobody could use this server: set PINTAIL_ADMIN_SECRET, or add --open on a machine of your own")
			}
			s, err := loadSchema(conf)
			if err != nil {
				return err
			}
			l, err := listen(conf, open, false)
			if err != nil {
				return err
			}
			if err := noDatabase(conf); err != nil {
				return errors.Join(err, l.close())
			}
			if err := checkInStep(cmd.Context(), c, conf, s); err != nil {
				return errors.Join(err, l.close())
			}
			return served{console: c, conf: conf, schema: s, listeners: l, tell: tellStart}.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&open, "open", false, "make every caller on this machine an admin")
	f.addListen(cmd.Flags())
	return cmd
}

// served is what a verb serves, and how.
type served struct {
	console
	conf   *config
	schema *schema.Schema
	listeners
	tell   func(served)                        // says where it is, before the first request
	beside func(context.Context, *pintail.App) // where not nil: runs at the same time, until its context ends
}

func (s served) base() string { return "http://" + s.public.Addr().String() }

// run serves until ctx ends.
func (s served) run(ctx context.Context) error {
	log, stop := newLog(s.conf, s.err)
	defer stop()
	s.conf.Log = log
	s.conf.Parsed = s.schema
	s.conf.Version = version
	if os.Getenv("GOGC") == "" {
		// A small heap is collected often: at 100 %, collecting takes a twentieth of the work of a keyed read.
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// But not where large answers are under way: from here on it is collected as often as it takes.
		debug.SetMemoryLimit(int64(max(2, runtime.GOMAXPROCS(0)))*64<<20 + s.conf.cacheBytes())
	}
	app, err := pintail.New(ctx, s.conf.Config)
	if err != nil {
		return errors.Join(err, s.close())
	}
	s.logStart(log)
	s.tell(s)
	done := make(chan struct{})
	around, cancel := context.WithCancel(ctx)
	go func() {
		defer close(done)
		if s.beside != nil {
			s.beside(around, app)
		}
	}()
	err = app.RunOn(ctx, s.public, s.admin)
	cancel()
	<-done
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// people says whether what a verb says goes to people rather than into a log.
func (s served) people() bool {
	return s.conf.LogFormat == "text" || s.conf.LogFormat == "" && terminal(s.err)
}

// logStart says what is served as a line of the log. For people tellStart says it.
func (s served) logStart(log *slog.Logger) {
	if s.people() {
		return
	}
	attrs := []any{"listen", s.base(), "rest", s.base() + "/rest/v1", "graphql", s.base() + node.GraphQLPath, "schema", s.conf.schemaPath(), "tables", len(s.schema.Tables),
		"database", shown(s.conf.database()), "open", s.conf.Open}
	if s.admin != nil {
		attrs = append(attrs, "admin", "http://"+s.admin.Addr().String())
	}
	log.Info("serving", attrs...)
}

// tellStart says what is served and where.
func tellStart(s served) {
	if !s.people() {
		return
	}
	p := painter(s.err)
	line := func(name, what, more string) { s.say("  %s %s%s", p.dim(fmt.Sprintf("%-9s", name)), what, p.dim(more)) }
	s.say("%s", p.bold("Pintail serves "+inventory(s.schema)+" of "+s.conf.schemaPath()))
	line("REST", s.base()+"/rest/v1", "")
	line("GraphQL", s.base()+node.GraphQLPath, "")
	line("OpenAPI", s.base()+"/openapi.json", "")
	if dir := publicDir(s.conf); dir != "" {
		line("page", s.base()+"/", "  from "+dir)
	}
	if s.admin != nil {
		line("console", "http://"+s.admin.Addr().String()+"/", "  with /state /livez /readyz /metrics")
	}
	line("database", shown(s.conf.database()), "")
	if s.conf.Open {
		line("access", p.yellow("open"), ": every caller on this machine is an admin")
	} else {
		line("access", "with the admin secret, sent as apikey", "")
	}
	if s.schema.HasPolicies() {
		line("policies", p.yellow("not enforced yet"), ": the file's @allow is served to the admin only")
	}
	s.say("  %s\n", p.dim("Ctrl-C stops it."))
}

// publicDir is the folder of static files; empty where there is none.
func publicDir(conf *config) string {
	dir := conf.Public
	if dir == "" {
		dir = filepath.Join(filepath.Dir(conf.schemaPath()), "public")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}

// sqliteFile is the path of a SQLite database; empty for PostgreSQL.
func sqliteFile(address string) string {
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return ""
	}
	return path
}

// noDatabase says how to make a SQLite file that isn't there; nil where it is.
func noDatabase(conf *config) error {
	engine, err := engineOf(conf.database())
	if err != nil || engine != migrate.SQLite {
		return err
	}
	path := sqliteFile(conf.database())
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return usage("there is no database %s yet: `pintail schema apply` makes it from the schema file, `pintail dev` makes it and serves", path)
}

// tellMistakes shows what is wrong in a schema file.
func tellMistakes(c console, mistakes schema.Mistakes) {
	p := painter(c.err)
	for _, m := range mistakes {
		head, rest, _ := strings.Cut(m.String(), "\n")
		c.say("%s\n%s\n", p.bold(head), carets(p, rest))
	}
	c.say("%s", p.red(counted(len(mistakes), "mistake", "mistakes")+" in the schema file"))
}

// carets paints the line of carets.
func carets(p paint, text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) > 1 {
		lines[1] = p.red(lines[1])
	}
	return strings.Join(lines, "\n")
}

// plainly leaves readable what neither a URL nor a shell's single quotes take for anything else.
var plainly = strings.NewReplacer("%2C", ",", "%28", "(", "%29", ")", "%3A", ":")

// curl writes a command that a person can paste.
func curl(base, path string, query ...[2]string) string {
	var q []string
	for _, kv := range query {
		q = append(q, kv[0]+"="+plainly.Replace(url.QueryEscape(kv[1])))
	}
	if len(q) > 0 {
		path += "?" + strings.Join(q, "&")
	}
	return "curl '" + base + path + "'"
}
