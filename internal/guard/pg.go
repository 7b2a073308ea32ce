package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/schema"
)

// PostgresConfig says which database, and how the guard goes about it.
type PostgresConfig struct {
	DSN    string
	Pooled bool // PgBouncer in transaction mode stands before it

	Default    string   // as postgres.Config has them
	SearchPath []string // as postgres.Config has them
	ConnsMax   int      // that requests may use; for Capacity

	LockTime  time.Duration // that a step of a repair waits for its lock before it steps back; default 1 s
	FullTime  time.Duration // the whole catalog is read again after it although nothing seems to have changed; default 30 s
	BuildTime time.Duration // that a build waits for transactions that began before it, before it steps back; default 10 min
}

func (c PostgresConfig) withDefaults() PostgresConfig {
	if c.LockTime == 0 {
		c.LockTime = time.Second
	}
	if c.BuildTime == 0 {
		c.BuildTime = 10 * time.Minute
	}
	if c.FullTime == 0 {
		c.FullTime = 30 * time.Second
	}
	if c.ConnsMax == 0 {
		c.ConnsMax = postgres.DefaultConns()
	}
	return c
}

// Postgres is the guard's half that knows PostgreSQL 15 and later.
//
// It looks at the catalog by a connection of its own, explains plans by a second one, and repairs by a third that it opens when it
// is needed: all of them work while every connection that serves requests is busy.
type Postgres struct {
	config  PostgresConfig
	explain *postgres.Store
	records *pgRecords

	mu      sync.Mutex // of the connection that looks, and of what it saw
	conn    *pgx.Conn
	last    *Catalog
	seen    string    // what watchSQL said then
	full    time.Time // when the whole catalog was read
	of      *schema.Schema
	applied *migrate.AppliedSchema
	live    []*pgIndex
	parts   map[pgRelation]pgRelation
	known   *pgCode // nil until somebody asked

	declared map[*schema.Schema]*pgDeclared
}

var _ Engine = (*Postgres)(nil)

// explainTime bounds the planning of one statement.
const explainTime = 2 * time.Second

// NewPostgres makes the engine; it doesn't connect yet.
func NewPostgres(c PostgresConfig) (*Postgres, error) {
	c = c.withDefaults()
	explain, err := postgres.Open(postgres.Config{
		DSN: c.DSN, Default: c.Default, SearchPath: c.SearchPath, Pooled: c.Pooled, ConnsMax: 2, StatementTimeout: explainTime,
		Application: "pintail guard",
	})
	if err != nil {
		return nil, err
	}
	p := &Postgres{config: c, explain: explain, declared: map[*schema.Schema]*pgDeclared{}}
	p.records = &pgRecords{p: p, memory: newMemory()}
	return p, nil
}

// Capacity is how many statements the store runs at once.
func (p *Postgres) Capacity() int { return p.config.ConnsMax }

// Close gives the connections back.
func (p *Postgres) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	return p.explain.Close()
}

// drop closes the connection that looks.
func (p *Postgres) drop() {
	if p.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.conn.Close(ctx)
	p.conn = nil
}

// look runs f on the connection that looks, in a transaction that is rolled back. A connection that broke is made anew at the next look.
func (p *Postgres) look(ctx context.Context, limit time.Duration, f func(pgx.Tx) error) error {
	if err := p.reach(ctx); err != nil {
		return err
	}
	err := within(ctx, p.conn, limit, f)
	p.settle(err)
	return err
}

// doubt has the next look read the whole catalog: a repair changes what the cheap one doesn't see.
func (p *Postgres) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = time.Time{}
}

// reach sees to it that there is a connection.
func (p *Postgres) reach(ctx context.Context) error {
	if p.conn != nil && !p.conn.IsClosed() {
		return nil
	}
	conn, err := p.dial(ctx, "pintail guard")
	if err != nil {
		return fmt.Errorf("the guard can't reach the database: %w", err)
	}
	p.conn = conn
	return nil
}

// settle closes a connection that an error left in doubt.
func (p *Postgres) settle(err error) {
	if err != nil && !errors.Is(err, pgx.ErrNoRows) && p.conn != nil && (sqlState(err) == "" || p.conn.PgConn().TxStatus() != 'I') {
		p.drop()
	}
}

// Catalog reads the live indexes. It asks a cheap question first, and reads all only where its answer is another one, or is old.
func (p *Postgres) Catalog(ctx context.Context, s *schema.Schema) (*Catalog, error) {
	declared, err := p.learn(ctx, s)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.reach(ctx); err != nil {
		return nil, err
	}
	var seen, taken string
	var busy bool
	err = p.conn.QueryRow(ctx, watchSQL, migrate.LockKey, declared.schemas, declared.names()).Scan(&seen, &busy, &taken)
	if err == nil && (p.last == nil || p.of != s || p.seen != seen || time.Since(p.full) >= p.config.FullTime) {
		p.last = nil
		err = within(ctx, p.conn, catalogLimit, func(tx pgx.Tx) error {
			if p.last, err = p.readCatalog(ctx, tx, s, declared); err != nil {
				p.last = nil
			}
			return err
		})
		p.seen, p.of, p.full = seen, s, time.Now()
	}
	p.settle(err)
	if err != nil {
		return nil, err
	}
	out := *p.last
	if taken != "" {
		out.Version += " beside " + taken
	}
	if out.Busy = busy; busy {
		out.Version += " busy"
	}
	return &out, nil
}

// readCatalog reads everything.
func (p *Postgres) readCatalog(ctx context.Context, tx pgx.Tx, s *schema.Schema, declared *pgDeclared) (*Catalog, error) {
	all, err := readIndexes(ctx, tx, declared.schemas)
	if err != nil {
		return nil, fmt.Errorf("read the catalog of indexes: %w", err)
	}
	c := &Catalog{Analyzed: map[string]bool{}}
	parts, err := readParts(ctx, tx, declared.schemas)
	if err != nil {
		return nil, fmt.Errorf("read the catalog of partitions: %w", err)
	}
	p.live, p.parts = all, parts
	for _, x := range all {
		if x.Building && !x.whole() && leftover.MatchString(x.Name) {
			continue // what a REINDEX CONCURRENTLY makes that is under way
		}
		if t := declared.tables[pgRelation{x.Schema, x.Table}]; t != nil {
			c.Indexes = append(c.Indexes, declared.index(x, t))
		}
	}
	foreign, err := readForeign(ctx, tx, declared.schemas)
	if err != nil {
		return nil, fmt.Errorf("read the catalog of foreign keys: %w", err)
	}
	c.Indexes = append(c.Indexes, declared.foreignIndexes(foreign)...)
	slices.SortFunc(c.Indexes, func(a, b Index) int { return cmp.Compare(a.ID, b.ID) })
	if err := declared.readTables(ctx, tx, c); err != nil {
		return nil, fmt.Errorf("read the catalog of tables: %w", err)
	}
	if c.Hidden, err = p.readApplied(ctx, tx); err != nil {
		return nil, fmt.Errorf("read what the database was brought to: %w", err)
	}
	if p.applied != nil {
		c.Applied = p.applied.Schema
	}
	c.Version = version(c, p.applied)
	return c, nil
}

// readApplied reads the schema that `apply` brought the database to, where it is another one than before. A role that may not read _pintail's
// tables is as one for whom they aren't there, and hidden says so.
func (p *Postgres) readApplied(ctx context.Context, tx pgx.Tx) (hidden bool, err error) {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer rollback(ctx, inner)
	now, err := migrate.ReadApplied(ctx, inner, p.applied)
	if hidden = sqlState(err) == "42501"; hidden {
		now, err = nil, nil
	}
	if err == nil {
		p.applied = now
	}
	return hidden, err
}

// Damaged says whether PostgreSQL told of a damaged table or index.
func (p *Postgres) Damaged(err error) bool { return isDamage(err) }
