package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A pg makes shadows on PostgreSQL: on the server of the database a database each, or where the role may not make any, a schema each in
// the same database. Both bear the prefix, and a comment that says what they are.
type pg struct {
	dsn    string
	schema *schema.Schema // with production's indexes
	limit  time.Duration
	admin  *pgx.Conn
	run    uint32 // tells the names of this rehearsal from another one's
	made   int
	within bool   // schemas instead of databases
	locale string // of the database, for CREATE DATABASE
}

const (
	// pgPrefix begins the names of databases and schemas that a rehearsal makes; its own number follows, in eight hex digits.
	pgPrefix = "pintail_rehearse_"
	// pgMark is their comment.
	pgMark = "The shadow of a rehearsal by Pintail: rows that are made up. It is dropped when that ends, or by the next one."
	// pgSession begins the name of a rehearsal's sessions; its number follows.
	pgSession = "pintail rehearse "
)

func newPG(ctx context.Context, dsn string, s *schema.Schema, limit time.Duration) (*pg, error) {
	e := &pg{dsn: dsn, schema: s, limit: limit, run: rand.Uint32()}
	admin, err := e.connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	e.admin = admin
	var collate, kind, provider string
	err = admin.QueryRow(ctx, "SELECT datcollate, datctype, datlocprovider::text FROM pg_database WHERE datname = current_database()").Scan(&collate, &kind, &provider)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at the database: %w", err), admin.Close(ctx))
	}
	if provider == "c" {
		e.locale = " ENCODING 'UTF8' LC_COLLATE " + stringLiteral(collate) + " LC_CTYPE " + stringLiteral(kind)
	}
	e.sweep(ctx)
	return e, nil
}

// connect opens a connection on which nothing is prepared, and which says whose it is.
func (e *pg) connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database's address: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["application_name"] = fmt.Sprintf("%s%08x", pgSession, e.run)
	config.RuntimeParams["statement_timeout"] = "0"
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect for the shadow: %w", err)
	}
	return c, nil
}

// stringLiteral is a text for the few statements that take no parameters.
func stringLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (e *pg) close(ctx context.Context) error { return e.admin.Close(ctx) }

// doTime bounds a statement that makes or drops a database or schema.
const doTime = time.Minute

// do runs a statement that makes or drops something, to its end even where the rehearsal is interrupted: a connection that was broken off
// in the middle of it could take nothing away any more, and the server might finish it all the same.
func (e *pg) do(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doTime)
	defer cancel()
	if e.admin.IsClosed() { // it idles for long, and a pooler may have closed it
		again, err := e.connect(ctx, e.dsn)
		if err != nil {
			return err
		}
		e.admin = again
	}
	_, err := e.admin.Exec(ctx, sql)
	return err
}

func (e *pg) make(ctx context.Context, w *world, tell func(rows int64)) (database, error) {
	e.made++
	d := &pgShadow{engine: e, name: fmt.Sprintf("%s%08x_%d", pgPrefix, e.run, e.made), schema: e.schema, lost: map[schema.Name]float64{}}
	if err := e.begin(ctx, d); err != nil {
		return nil, errors.Join(err, d.drop(context.WithoutCancel(ctx)))
	}
	if err := d.fill(ctx, w, tell); err != nil {
		return nil, errors.Join(err, d.drop(context.WithoutCancel(ctx)))
	}
	return d, nil
}

// begin makes the empty database or schema.
func (e *pg) begin(ctx context.Context, d *pgShadow) (err error) {
	d.dsn = e.dsn
	if !e.within {
		d.made = true // or perhaps, where it fails
		err = e.do(ctx, "CREATE DATABASE "+quoted(d.name)+" TEMPLATE template0"+e.locale)
		if err != nil && !denied(err) {
			return fmt.Errorf("make a database for the shadow: %w", err)
		}
		e.within = err != nil
		d.made = err == nil
	}
	if e.within {
		if err := d.enter(e.schema); err != nil {
			return err
		}
		if err := e.do(ctx, "CREATE SCHEMA "+quoted(d.name)); err != nil {
			return fmt.Errorf("make a schema for the shadow: %w\nA rehearsal needs a role that may make a database (ALTER ROLE … CREATEDB), or at least a schema in this one (GRANT CREATE ON DATABASE …)", err)
		}
		d.made = true
		if err := e.do(ctx, "COMMENT ON SCHEMA "+quoted(d.name)+" IS "+stringLiteral(pgMark)); err != nil {
			return fmt.Errorf("mark the shadow's schema: %w", err)
		}
	} else if err := e.do(ctx, "COMMENT ON DATABASE "+quoted(d.name)+" IS "+stringLiteral(pgMark)); err != nil {
		return fmt.Errorf("mark the shadow's database: %w", err)
	} else if d.dsn, err = toDatabase(e.dsn, d.name); err != nil {
		return err
	}
	if d.conn, err = e.connect(ctx, d.dsn); err != nil {
		return err
	}
	d.store, err = postgres.Open(postgres.Config{DSN: d.dsn, Default: d.schema.Default, SearchPath: searchPath(d.schema), ConnsMax: 1,
		StatementTimeout: e.limit, BodyBytesMax: measuredBytes})
	return err
}

// measuredBytes is the longest answer that is measured.
const measuredBytes = 128 << 20

func searchPath(s *schema.Schema) []string {
	path := slices.Concat([]string{cmp.Or(s.Default, "public")}, s.Exposed, s.SearchPath)
	var out []string
	for _, name := range path {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// denied says whether the role may not do it.
func denied(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42501"
}

// toDatabase is the same server's address with another database.
func toDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the database's address can't be read")
	}
	u.Path = "/" + name
	q := u.Query()
	q.Del("dbname")
	q.Del("database")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// A pgShadow is one shadow on PostgreSQL.
type pgShadow struct {
	engine *pg
	name   string // of the database or schema
	dsn    string
	made   bool
	schema *schema.Schema
	conn   *pgx.Conn
	store  *postgres.Store
	lost   map[schema.Name]float64
}

// enter moves the schema's tables into a PostgreSQL schema of their own. What is the database's own SQL might name what is in production,
// and stays away: functions, views, verbatim indexes and defaults.
func (d *pgShadow) enter(s *schema.Schema) error {
	own, err := shadowSchema(s, nil)
	if err != nil {
		return err
	}
	for _, t := range own.Tables {
		if t.Name.Schema != "" && t.Name.Schema != own.Default {
			return fmt.Errorf("the role may not make a database for the shadow, and a schema won't do, as table %s stands in one of its own: ALTER ROLE … CREATEDB", t.Name)
		}
		t.Indexes = slices.DeleteFunc(t.Indexes, func(x *schema.Index) bool { return x.Postgres != "" })
		t.Checks = slices.DeleteFunc(t.Checks, func(k *schema.Check) bool { return k.Postgres != "" })
		for _, c := range t.Columns {
			if c.Default != nil && c.Default.Postgres != "" {
				c.Default = nil
			}
		}
	}
	own.Tables = slices.DeleteFunc(own.Tables, func(t *schema.Table) bool { return t.View != nil })
	own.Functions, own.Domains = nil, nil
	own.Default, own.Exposed = d.name, []string{d.name}
	own.SearchPath = append([]string{"public"}, own.SearchPath...)
	d.schema = own
	return nil
}

// fill makes the tables, puts the rows in, makes the indexes, and lets PostgreSQL look at it all.
func (d *pgShadow) fill(ctx context.Context, w *world, tell func(rows int64)) error {
	before, after := statements(d.schema, migrate.Postgres)
	for _, sql := range before {
		if d.engine.within && strings.HasPrefix(sql, "CREATE SCHEMA") {
			continue
		}
		if _, err := d.conn.Exec(ctx, sql); err != nil && !strings.HasPrefix(sql, "CREATE OR REPLACE FUNCTION") {
			return fmt.Errorf("make the shadow: %w", err)
		}
	}
	for _, st := range w.tables {
		own, ok := d.schema.TableNamed(st.table.Name)
		if !ok || st.unknown != "" {
			continue
		}
		// Nothing may change the statistics while plans are compared.
		if _, err := d.conn.Exec(ctx, "ALTER TABLE "+d.table(own.Name)+" SET (autovacuum_enabled = false)"); err != nil {
			return fmt.Errorf("make the shadow: %w", err)
		}
		if err := d.load(ctx, st, tell); err != nil {
			return fmt.Errorf("fill %s of the shadow: %w", st.table.Name, noRoom(err))
		}
	}
	for _, sql := range after {
		if _, err := d.conn.Exec(ctx, sql); err != nil {
			if e := noRoom(err); e != err {
				return e
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if strings.HasPrefix(sql, "CREATE INDEX") {
				return fmt.Errorf("make the shadow's indexes: %w", err)
			} // a view, a function or a constraint that made-up rows don't satisfy: it can do without
		}
	}
	if err := d.advance(ctx, w); err != nil {
		return err
	}
	vacuum := "VACUUM (ANALYZE)"
	for i, t := range d.tables() {
		if i > 0 {
			vacuum += ","
		}
		vacuum += " " + d.table(t.Name)
	}
	if _, err := d.conn.Exec(ctx, vacuum); err != nil {
		return fmt.Errorf("analyze the shadow: %w", noRoom(err))
	}
	return nil
}

// advance moves the sequences of columns that number themselves behind the numbers that are there.
func (d *pgShadow) advance(ctx context.Context, w *world) error {
	for _, st := range w.tables {
		for _, c := range st.table.Columns {
			if c.Identity == schema.NoIdentity {
				continue
			}
			const sql = "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)"
			if _, err := d.conn.Exec(ctx, sql, d.table(st.table.Name), c.Name, st.rows+1); err != nil {
				return fmt.Errorf("number the rows of the shadow's %s: %w", st.table.Name, err)
			}
		}
	}
	return nil
}

// tables are those that are no views.
func (d *pgShadow) tables() []*schema.Table {
	return slices.DeleteFunc(slices.Clone(d.schema.Tables), func(t *schema.Table) bool { return t.View != nil })
}

// table is a table's name for SQL.
func (d *pgShadow) table(n schema.Name) string {
	in := cmp.Or(n.Schema, d.schema.Default, "public")
	return quoted(in) + "." + quoted(n.Name)
}

// noRoom says of a full disk what to do.
func noRoom(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "53100" {
		return fmt.Errorf("%w: the server's disk is too small for the shadow; rehearse with fewer rows (--rows)", err)
	}
	return err
}

func (d *pgShadow) refused(t *schema.Table) float64 { return d.lost[t.Name] }

func (d *pgShadow) drop(ctx context.Context) error {
	var errs []error
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close(context.WithoutCancel(ctx)))
	}
	if d.made {
		sql := "DROP DATABASE IF EXISTS " + quoted(d.name) + " WITH (FORCE)"
		if d.engine.within {
			sql = "DROP SCHEMA IF EXISTS " + quoted(d.name) + " CASCADE"
		}
		errs = append(errs, d.engine.do(ctx, sql))
	}
	d.store, d.conn, d.made = nil, nil, false
	return errors.Join(errs...)
}

func (d *pgShadow) index(ctx context.Context, x *schema.Index, drop bool) error {
	if drop {
		_, err := d.conn.Exec(ctx, "DROP INDEX "+d.table(schema.Name{Schema: x.Table.Name.Schema, Name: x.Name}))
		return err
	}
	sql, err := createIndex(x, migrate.Postgres, d.schema.Default)
	if err == nil {
		_, err = d.conn.Exec(ctx, sql)
	}
	return err
}

// measureSettings hold while plans are measured: parallel workers would each count their own, and sort in memory as any other server.
var measureSettings = [][2]string{{"max_parallel_workers_per_gather", "0"}, {"work_mem", "4MB"}, {"jit", "off"}}

func (d *pgShadow) run(ctx context.Context, p *plan.Plan, args query.Args, _ bool) (sample, error) {
	m, err := d.store.Measure(ctx, p, args, measureSettings)
	if err != nil {
		return sample{}, err
	}
	s := sample{rows: m.Result.Rows, took: m.Took}
	if s.rows == 0 {
		s.rows = int(m.Result.Affected)
	}
	var shapes []string
	for i, text := range m.Plans {
		n, triggers, err := readPlan(text)
		if err != nil {
			return sample{}, err
		}
		touched, scanned := n.work()
		if triggers {
			touched += max(0, float64(m.Touched[i])-scanned)
		}
		s.work[units] += touched
		s.work[pages] += n.Hit + n.Read
		s.work[temp] += n.TempRead + n.TempWritten
		s.sort = s.sort || n.sorts()
		shapes = append(shapes, n.shape(0))
	}
	s.plan = strings.Join(shapes, "\n")
	return s, nil
}
