package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/demo"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/project"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func demoCommand(c console, f *flags) *cobra.Command {
	dir, orders := "toast-shop", demo.Orders
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make the avocado toast shop, a project to look at, and serve it",
		Long: `Make the avocado toast shop in a folder: a schema, a SQLite database of 50,000 orders, a page. Then serve it, open to this
machine only. A second start finds it made, with everything that was changed in it since.`,
		Example: "  pintail demo\n  pintail demo --dir /tmp/shop --listen 127.0.0.1:9000",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.schema != "" || f.database != "" {
				return usage("the demo has a schema and a database of its own: leave --schema and --database out, or use `pintail serve`")
			}
			if orders < 1 || orders > ordersMax {
				return usage("--orders %d: a shop has 1 to %s orders", orders, grouped(ordersMax))
			}
			shop := shop{dir: dir, orders: orders}
			begun, err := shop.begun()
			if err != nil {
				return err
			}
			if begun {
				f.config = filepath.Join(dir, project.Config)
			}
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			// Nothing of the environment leads the demo to another schema or database.
			conf.Schema, conf.Public = shop.schema(), ""
			conf.Database, conf.Open, conf.Origins = "sqlite:"+shop.database(), true, nil
			conf.Stories = demoStories()
			l, err := listen(conf, true, true)
			if err != nil {
				return err
			}
			s, err := shop.make(cmd.Context(), c, conf)
			if err != nil {
				return errors.Join(err, l.close())
			}
			return served{console: c, conf: conf, schema: s, listeners: l, tell: tellDemo}.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&dir, "dir", dir, "the `folder` to make it in")
	cmd.Flags().IntVar(&orders, "orders", orders, "the `number` of orders that it has when it is made")
	f.addListen(cmd.Flags())
	return cmd
}

// ordersMax is how many orders a demo may have: some 1.5 GB.
const ordersMax = 5_000_000

// A shop is the demo on disk.
type shop struct {
	dir    string
	orders int // of one that isn't made yet
}

func (s shop) schema() string   { return filepath.Join(s.dir, "schema.graphql") }
func (s shop) database() string { return filepath.Join(s.dir, "data", "pintail.db") }

// begun says whether the folder is a shop already. A folder with something else in it is refused.
func (s shop) begun() (bool, error) {
	switch err := project.Empty(s.dir); {
	case err == nil:
		return false, nil
	case !errors.Is(err, project.ErrNotEmpty):
		return false, fmt.Errorf("look into %s: %w", s.dir, err)
	}
	for _, name := range []string{project.Config, "schema.graphql"} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err != nil {
			return false, usage("%s is not empty and no demo: it has no %s. Choose another folder with --dir", s.dir, name)
		}
	}
	return true, nil
}

// make makes what isn't there yet and gives the schema.
func (s shop) make(ctx context.Context, c console, conf *config) (*schema.Schema, error) {
	began := time.Now()
	for _, from := range []fs.FS{demo.Files, project.Common()} {
		if _, err := project.Write(s.dir, from); err != nil {
			return nil, fmt.Errorf("make %s: %w", s.dir, err)
		}
	}
	if err := writeConfig(filepath.Join(s.dir, project.Config)); err != nil {
		return nil, fmt.Errorf("make %s: %w", s.dir, err)
	}
	parsed, err := schema.Load(s.schema())
	if err != nil {
		return nil, err
	}
	p := painter(c.err)
	if _, err := os.Stat(s.database()); err == nil {
		c.say("%s", p.dim("Found "+s.dir+" as you left it."))
		done, err := bring(ctx, c, conf, parsed) // the schema file may have changed since
		tellSteps(c, done)
		c.say("")
		return parsed, err
	}
	rows, err := s.fill(ctx, c, parsed)
	if err != nil {
		return nil, fmt.Errorf("make the shop's database: %w", err)
	}
	c.say("%s %s", p.bold("Made "+s.dir), p.dim("in "+time.Since(began).Round(100*time.Millisecond).String()))
	for _, line := range [][2]string{
		{"schema.graphql", counted(len(parsed.Tables), "table", "tables")},
		{"queries/", "named queries, in SQL"},
		{"public/", "the shop's page"},
		{"data/pintail.db", "SQLite: " + grouped(int64(rows)) + " rows, of them " + grouped(int64(s.orders)) + " orders"},
	} {
		c.say("  %-16s %s", line[0], p.dim(line[1]))
	}
	c.say("")
	return parsed, nil
}

// fill makes the database under another name first: a demo that was interrupted begins anew.
func (s shop) fill(ctx context.Context, c console, parsed *schema.Schema) (rows int, err error) {
	data := filepath.Dir(s.database())
	if err := os.MkdirAll(data, 0o700); err != nil {
		return 0, err
	}
	left, err := filepath.Glob(filepath.Join(data, "making-*")) // by one that was killed
	if err != nil {
		return 0, err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return 0, err
		}
	}
	dir, err := os.MkdirTemp(data, "making-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "pintail.db")
	if err := createDatabase(ctx, "sqlite:"+path, parsed); err != nil {
		return 0, err
	}
	if rows, err = seed(ctx, c, path, parsed, s.orders); err != nil {
		return 0, diskFull(path, err)
	}
	return rows, os.Rename(path, s.database())
}

// seedRows is how many rows go into the database at a time.
const seedRows = 2000

// seed writes the shop's rows by the way that a client's would take, in transactions of seedRows.
func seed(ctx context.Context, c console, path string, parsed *schema.Schema, orders int) (total int, err error) {
	app, err := pintail.New(ctx, pintail.Config{Parsed: parsed, Database: "sqlite:" + path, Open: true, AnswerTime: time.Hour, StatementTime: time.Hour})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	tables := demo.Seed(orders)
	for _, t := range tables {
		total += t.Count
	}
	bar := c.progress("making the shop", "rows", int64(total))
	defer bar.end()
	for _, t := range tables {
		if err := fillTable(ctx, app, bar, t); err != nil {
			return 0, fmt.Errorf("fill table %s: %w", t.Name, err)
		}
	}
	return total, nil
}

// fillTable inserts a table's rows, seedRows in a transaction.
func fillTable(ctx context.Context, app *pintail.App, bar *progress, t demo.Table) error {
	table, ok := app.Schema().TableNamed(query.Name{Name: t.Name})
	if !ok {
		return errors.New("the schema file doesn't have it")
	}
	isJSON := make([]bool, len(t.Columns))
	for i, name := range t.Columns {
		column, ok := table.Column(name)
		if !ok {
			return fmt.Errorf("the schema file has no column %s", name)
		}
		isJSON[i] = column.Type.Base == schema.JSON || column.Type.Base == schema.JSONB
	}
	var batch []map[string]any
	insert := func() error {
		body, err := json.Marshal(batch)
		if err != nil {
			return err
		}
		_, err = app.Do(ctx, query.Admin, &query.Insert{Into: table.Name, Columns: t.Columns, Rows: query.Text(string(body))})
		bar.add(int64(len(batch)))
		batch = batch[:0]
		return err
	}
	for row := range t.Rows {
		object := make(map[string]any, len(row))
		for i, v := range row {
			if text, ok := v.(string); ok && isJSON[i] {
				v = json.RawMessage(text)
			}
			object[t.Columns[i]] = v
		}
		if batch = append(batch, object); len(batch) == seedRows {
			if err := insert(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return insert()
}

func writeConfig(path string) error {
	const text = `# The demo's settings; docs/config.md lists all keys. In this folder,
#   pintail serve --open    serves it
#   pintail dev             serves it and follows schema.graphql as you change it

schema: schema.graphql

database:
  url: sqlite:data/pintail.db
`
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// tellDemo gives four commands to try.
func tellDemo(s served) {
	p := painter(s.err)
	base := s.base()
	s.say("%s", p.bold("Look at the shop: "+base+"/"))
	if s.admin != nil {
		s.say("%s", p.bold("And at what the server does: http://"+s.admin.Addr().String()+"/"))
	}
	s.say("\nAnd ask its API, in another terminal:")
	s.say("  %s", curl(base, "/rest/v1/toast", [2]string{"select", "name,price,ingredients(name)"}, [2]string{"order", "price.desc"}, [2]string{"limit", "3"}))
	s.say(`  curl -X PATCH '%s/rest/v1/toast?id=eq.1' -H 'Content-Type: application/json' -d '{"price": 7.77}'`, base)
	s.say(`  curl '%s%s' -H 'Content-Type: application/json' -d '{"query": "{ order(limit: 2, order_by: {placed_at: desc}) { placed_at customer { name } items { quantity toast { name } } } }"}'`, base, node.GraphQLPath)
	s.say("\n%s\n", p.dim("Every caller on this machine is an admin. Ctrl-C stops it; the same command starts it again."))
}
