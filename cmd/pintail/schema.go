package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/hasura"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

func schemaCommand(c console, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Check, compare, apply, import and export the schema file",
		Args:  aVerb,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(schemaCheck(c, f), schemaDiff(c, f), schemaApply(c, f), schemaImport(c, f), schemaExport(c, f))
	return cmd
}

func schemaCheck(c console, f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Look for mistakes in the schema file and the named queries",
		Long: `Look for mistakes in the schema file and the named queries: where each is, what is wrong, and what to write instead.
It needs no database. Exit code 3 says that there are mistakes.`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			s, err := loadSchema(conf)
			var mistakes schema.Mistakes
			if err != nil && !errors.As(err, &mistakes) {
				return err
			}
			switch {
			case f.json:
				err = c.print(mistakesJSON(mistakes))
			case len(mistakes) > 0:
				tellMistakes(c, mistakes)
				return found()
			default:
				err = c.put(fmt.Sprintf("%s: %s, no mistake\n", conf.schemaPath(), inventory(s)))
			}
			if err == nil && len(mistakes) > 0 {
				return found()
			}
			return err
		},
	}
}

type mistakeJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Length  int    `json:"length"`
	Message string `json:"message"`
	Instead string `json:"instead,omitempty"`
}

func mistakesJSON(mistakes schema.Mistakes) []mistakeJSON {
	out := make([]mistakeJSON, 0, len(mistakes))
	for _, m := range mistakes {
		out = append(out, mistakeJSON{m.File, m.Line, m.Column, m.Length, m.Message, m.Instead})
	}
	return out
}

// inventory counts what a schema has.
func inventory(s *schema.Schema) string {
	tables, views := 0, 0
	for _, t := range s.Tables {
		if t.View != nil {
			views++
		} else {
			tables++
		}
	}
	text := counted(tables, "table", "tables")
	for _, more := range []struct {
		n         int
		one, many string
	}{{views, "view", "views"}, {len(s.Enums), "enum", "enums"}, {len(s.Functions), "function", "functions"}} {
		if more.n > 0 {
			text += ", " + counted(more.n, more.one, more.many)
		}
	}
	return text
}

func schemaImport(c console, f *flags) *cobra.Command {
	var out, metadata, source string
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Write the schema file of a live database",
		Long: `Write the schema file of a live SQLite or PostgreSQL database to standard output, or to a file with --out: names verbatim,
tables, views, keys, constraints, indexes, enums, functions, comments. What the file can't say is reported.

On PostgreSQL the schemas of database.schemas are read (PINTAIL_DATABASE_SCHEMAS, comma-separated; public by default).
A file that is there and differs is kept beside the new one as FILE.old.

With --hasura-metadata, what Hasura v2 tracks of the database is written by its names: types, root fields, columns,
relationships, enum tables, functions, computed fields and permissions. What has no counterpart is reported with its place in
the metadata. PATH is metadata of version 3: the file that the console exports, or the folder that Hasura's CLI keeps.`,
		Example: "  pintail schema import --database sqlite:shop.db --out schema.graphql\n  PINTAIL_DATABASE_SCHEMAS=shop,api pintail schema import --database postgres://me@localhost/shop --out schema.graphql\n  pintail schema import --database postgres://me@localhost/shop --hasura-metadata metadata.json --out schema.graphql",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			from, err := hasuraSource(conf, metadata, source)
			if err != nil {
				return err
			}
			if dir := filepath.Dir(out); out != "" {
				if info, err := os.Stat(dir); err != nil || !info.IsDir() {
					return usage("--out %s: there is no folder %s", out, dir)
				}
			}
			text, s, reports, err := importSchema(cmd.Context(), conf, from)
			if err != nil {
				return err
			}
			if out == "" {
				if err := c.data(text); err != nil {
					return err
				}
			} else if err := writeSchema(c, out, text); err != nil {
				return err
			} else {
				c.say("Wrote %s: %s of %s", out, inventory(s), shown(conf.database()))
			}
			if len(s.Tables) == 0 {
				c.say("%s holds no tables", shown(conf.database()))
			}
			tellReports(c, reports)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the `file` to write (default: standard output)")
	cmd.Flags().StringVar(&metadata, "hasura-metadata", "", "Hasura's metadata, a `path` of a file or folder")
	cmd.Flags().StringVar(&source, "source", "", "the `name` of the metadata's source (default: the only one of PostgreSQL)")
	return cmd
}

// hasuraSource reads the metadata that --hasura-metadata and --source name; nil for none.
func hasuraSource(conf *config, path, source string) (*hasura.Source, error) {
	switch {
	case path == "" && source != "":
		return nil, usage("--source chooses one of the sources of --hasura-metadata, and that isn't given")
	case path == "":
		return nil, nil
	case sqliteFile(conf.database()) != "":
		return nil, usage("--hasura-metadata goes with the PostgreSQL database that Hasura serves: name it with --database postgres://…")
	}
	m, err := hasura.Read(path)
	if err != nil {
		return nil, err
	}
	return m.Choose(source)
}

// writeSchema writes a schema file. One that is there already and says something else is kept as FILE.old.
func writeSchema(c console, path, text string) error {
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !bytes.Equal(old, []byte(text)):
		if err := os.Rename(path, path+".old"); err != nil {
			return err
		}
		c.say("The %s that was there is now %s.old", path, path)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// tellReports says what an import found that the file doesn't hold; what a person must see stands first and in red.
func tellReports(c console, reports []migrate.Report) {
	p := painter(c.err)
	loud := slices.DeleteFunc(slices.Clone(reports), func(r migrate.Report) bool { return !r.Loud })
	for _, r := range loud {
		c.say("\n%s %s: %s", p.red("WARNING"), p.bold(harmless(r.Object)), harmless(r.What))
		c.say("        %s", harmless(r.Why))
	}
	if len(loud) < len(reports) {
		c.say("\nNot in the file (%s):", counted(len(reports)-len(loud), "thing", "things"))
	}
	for _, r := range reports {
		if !r.Loud {
			c.say("  %s: %s %s", harmless(r.Object), harmless(r.What), p.dim("("+harmless(r.Why)+")"))
		}
	}
}

func schemaExport(c console, f *flags) *cobra.Command {
	var engine string
	var types bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the schema as SQL for an engine's own shell, or as GraphQL for clients' tools",
		Long: `Print the statements that make the schema in an empty database. What the engine can't keep is said on standard error.

With --graphql, print the types of the GraphQL API instead, in GraphQL's schema language, for tools that make code of them. It needs no
database, so a column that refers to an enum table is of the table's own type.`,
		Example: "  pintail schema export --engine sqlite | sqlite3 shop.db\n  pintail schema export --engine postgres > schema.sql\n  pintail schema export --graphql > types.graphql",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			conf, s, err := f.project(c)
			if err != nil {
				return err
			}
			if types && engine != "" {
				return usage("--engine is for SQL: leave it out with --graphql")
			}
			if types {
				return exportTypes(c, f, s)
			}
			e := migrate.Engine(engine)
			if engine == "" {
				if e, err = engineOf(conf.database()); err != nil {
					return err
				}
			}
			if e != migrate.SQLite && e != migrate.Postgres {
				return usage("--engine %q: it is sqlite or postgres", engine)
			}
			text, losses := migrate.Export(s, e)
			if f.json {
				err = c.print(map[string]any{"engine": e, "sql": text, "losses": lossTexts(losses)})
			} else {
				err = c.data(text)
			}
			tellLosses(c, e, losses)
			return err
		},
	}
	cmd.Flags().StringVar(&engine, "engine", "", "sqlite or postgres (default: the database's)")
	cmd.Flags().BoolVar(&types, "graphql", false, "print the types of the GraphQL API")
	return cmd
}

// exportTypes prints the GraphQL API's types.
func exportTypes(c console, f *flags, s *schema.Schema) error {
	var text bytes.Buffer
	if err := graphql.NewTypes(s, graphql.TypesOptions{}).WriteSDL(&text); err != nil {
		return err
	}
	if f.json {
		return c.print(map[string]any{"graphql": text.String()})
	}
	return c.data(text.String())
}

func lossTexts(losses []migrate.Loss) []string {
	out := make([]string, 0, len(losses))
	for _, l := range losses {
		out = append(out, l.String())
	}
	return out
}

// tellLosses says what an engine can't keep of the schema.
func tellLosses(c console, e migrate.Engine, losses []migrate.Loss) {
	if len(losses) == 0 {
		return
	}
	p := painter(c.err)
	name := map[migrate.Engine]string{migrate.SQLite: "SQLite", migrate.Postgres: "PostgreSQL"}[e]
	c.say("%s", p.yellow(name+" can't keep:"))
	for _, l := range losses {
		c.say("  %s", harmless(l.String()))
	}
}
