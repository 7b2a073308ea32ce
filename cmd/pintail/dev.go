package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/project"
	"github.com/pintail-dev/pintail/schema"
)

// watchEvery is how often dev looks at the files: a change counts after two looks, so in under a second.
const watchEvery = 300 * time.Millisecond

func devCommand(c console, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve open to this machine, and follow the schema file as it changes",
		Long: `Serve open to this machine only, and look at the schema file and queries/ all the time: when they change, the database is
brought to the file and the API with it, without dropping a request.

A file with mistakes changes nothing: the mistakes are shown and the old schema stays. Neither does a change that would destroy
data: what would be lost is shown, and ` + "`pintail schema apply --allow-destructive`" + ` does it.`,
		Example: "  pintail dev\n  pintail dev --listen 127.0.0.1:9000",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			conf.Open = true
			watcher := project.NewWatcher(watched(conf)...)
			s, err := loadSchema(conf)
			if err != nil {
				return err
			}
			l, err := listen(conf, true, true)
			if err != nil {
				return err
			}
			done, err := bring(cmd.Context(), c, conf, s)
			if err != nil {
				return errors.Join(err, l.close())
			}
			tellSteps(c, done)
			d := &dev{console: c, conf: conf, watcher: watcher}
			return served{console: c, conf: conf, schema: s, listeners: l, tell: tellDev, beside: d.follow}.run(cmd.Context())
		},
	}
	f.addListen(cmd.Flags())
	return cmd
}

func tellDev(s served) {
	tellStart(s)
	s.say("Save %s to change the database and the API.", s.conf.schemaPath())
}

// watched are the files and folders that make a schema, and the migrations that bring a database to it.
func watched(conf *config) []string {
	path := conf.schemaPath()
	return []string{path, filepath.Join(filepath.Dir(path), "queries"), conf.migrationsDir()}
}

// dev follows the files of a project.
type dev struct {
	console
	conf    *config
	watcher *project.Watcher
}

// follow looks for changes until ctx ends.
func (d *dev) follow(ctx context.Context, app *pintail.App) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if d.watcher.Changed() {
				d.change(ctx, app)
			}
		}
	}
}

// change brings database and API to the files. Where that fails, everything stays as it is and the reason is said.
func (d *dev) change(ctx context.Context, app *pintail.App) {
	p := painter(d.err)
	d.say("%s %s changed", p.dim(time.Now().Format("15:04:05")), d.conf.schemaPath())
	s, err := loadSchema(d.conf)
	var done []string
	if err == nil && s.Version != app.Schema().Version {
		done, err = bring(ctx, d.console, d.conf, s)
	}
	if err != nil {
		tellError(d.console, err)
		d.say("%s", p.yellow("The schema from before is still served."))
		return
	}
	if s.Version == app.Schema().Version {
		d.say("  nothing to do: the schema means the same")
		return
	}
	app.Reload(s)
	tellSteps(d.console, done)
	d.say("  %s", p.green("serving "+counted(len(s.Tables), "table", "tables")))
}

// bring brings a database to the schema and destroys nothing. It gives what was done, a phrase each.
func bring(ctx context.Context, c console, conf *config, s *schema.Schema) ([]string, error) {
	done, err := apply(ctx, c, conf, s, applyOptions{})
	if err != nil || done.direct || !done.ahead {
		return done.steps, err
	}
	problems, err := inStep(ctx, conf, s)
	if err != nil || len(problems) == 0 {
		return done.steps, err
	}
	text := fmt.Sprintf("%s says more than %s does, and this project's database goes by its migrations:", conf.schemaPath(), conf.migrationsDir())
	for _, problem := range problems[:min(len(problems), problemsMax)] {
		text += "\n  " + harmless(problem.String())
	}
	return done.steps, fmt.Errorf("%s\nWrite the migration: pintail schema diff --name WHAT", text)
}

func tellSteps(c console, steps []string) {
	p := painter(c.err)
	for _, step := range steps {
		c.say("  %s %s", p.green("✓"), harmless(step))
	}
}
