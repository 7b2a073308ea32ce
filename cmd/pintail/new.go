package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/project"
)

func newCommand(c console, f *flags) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Begin a project: from a small sample, or from a database that is there",
		Long: `Begin a project in a folder of its own: pintail.yaml, schema.graphql, queries/, seed/, public/.

With --from, the schema file is written from a live database, and the project serves that database.
A folder that isn't empty is refused.`,
		Example: "  pintail new shop\n  pintail new shop --from postgres://me@localhost/shop\n  pintail new shop --from sqlite:shop.db",
		Args:    exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			switch err := project.Empty(dir); {
			case errors.Is(err, project.ErrNotEmpty):
				return usage("%s: %w; choose a folder that is empty or isn't there yet", dir, err)
			case err != nil:
				return fmt.Errorf("look into %s: %w", dir, err)
			}
			if source != "" {
				return newFrom(cmd.Context(), c, f, dir, source)
			}
			made, err := project.Write(dir, project.Sample())
			if err != nil {
				return fmt.Errorf("make the project: %w", err)
			}
			p := painter(c.err)
			c.say("%s", p.bold("Made "+dir))
			for _, line := range purposes {
				c.say("  %-16s %s", line[0], p.dim(line[1]))
			}
			c.say("\nNext:\n  cd %s\n  pintail dev                           makes the database, serves it, follows the schema file", quotedPath(dir))
			c.say("and, in another terminal, some rows and a question:")
			c.say("  pintail import list seed/list.csv\n  pintail import task seed/task.csv")
			c.say("  %s", curl("http://127.0.0.1:8080", "/rest/v1/list", [2]string{"select", "name,tasks(title,state)"}))
			return printProject(c, f, dir, made)
		},
	}
	cmd.Flags().StringVar(&source, "from", "", "the database's `address` to begin with: sqlite:PATH or postgres://…")
	return cmd
}

var purposes = [][2]string{
	{"schema.graphql", "the tables, and so the API"},
	{"queries/", "named queries, in SQL"},
	{"seed/", "rows to begin with"},
	{"public/", "the frontend, served at /"},
	{"pintail.yaml", "settings"},
	{".gitignore", "leaves the database out of Git"},
}

// newFrom begins a project whose schema file is a live database's.
func newFrom(ctx context.Context, c console, f *flags, dir, source string) error {
	if err := refusePassword("--from", source); err != nil {
		return err
	}
	engine, err := engineOf(source)
	if err != nil {
		return err
	}
	conf, err := f.load(c)
	if err != nil {
		return err
	}
	conf.Database = source
	text, _, reports, err := importSchema(ctx, conf, nil)
	if err != nil {
		return err
	}
	made, err := project.Write(dir, project.Bare())
	if err != nil {
		return fmt.Errorf("make the project: %w", err)
	}
	address := source
	if engine == migrate.SQLite {
		path, err := filepath.Abs(sqliteFile(source))
		if err != nil {
			return err
		}
		address = "sqlite:" + path
	}
	yaml := filepath.Join(dir, project.Config)
	settings, err := os.ReadFile(yaml)
	if err != nil {
		return err
	}
	settings = []byte(strings.Replace(string(settings), defaultDatabase, address, 1))
	if err := errors.Join(os.WriteFile(yaml, settings, 0o644), os.WriteFile(filepath.Join(dir, "schema.graphql"), []byte(text), 0o644)); err != nil {
		return fmt.Errorf("make the project: %w", err)
	}
	p := painter(c.err)
	c.say("%s", p.bold("Made "+dir+" from "+shown(source)))
	for _, line := range purposes {
		c.say("  %-16s %s", line[0], p.dim(line[1]))
	}
	tellReports(c, reports)
	c.say("\nNext:\n  cd %s\n  pintail serve --open                  serves the database to this machine, and changes nothing in its tables' form", quotedPath(dir))
	return printProject(c, f, dir, append(made, "schema.graphql"))
}

// printProject prints what was made, where a program wants to know.
func printProject(c console, f *flags, dir string, made []string) error {
	if !f.json {
		return nil
	}
	return c.print(map[string]any{"dir": dir, "files": made})
}

// quotedPath is a path as a shell takes it.
func quotedPath(path string) string {
	for _, r := range path {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,@%", r) {
			return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
		}
	}
	return path
}
