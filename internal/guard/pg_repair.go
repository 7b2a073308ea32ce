package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/internal/migrate"
)

const (
	// repairer is what the server's views call the connection that repairs.
	repairer = "pintail guard repair"

	// repairLock is the advisory lock of whoever repairs: the one after that of migrations.
	repairLock = "31640399370479981"

	// lockTries is how often a step that needs a lock for a moment is tried before the repair steps back; the pauses between grow from
	// lockPause by doubling, up to half of each by chance.
	lockTries = 6
	lockPause = 100 * time.Millisecond

	// stepsMax bounds how often a repair looks what there is to be done next.
	stepsMax = 8
)

// A pgRepair is one repair under way.
type pgRepair struct {
	p    *Postgres
	conn *pgx.Conn
	d    *pgDeclared
	made *migrate.PostgresIndex // nil where only a table is meant
	want string                 // its definition; empty where nobody could find it out
	on   pgRelation             // the table
	tell func(Progress)
}

// Repair brings an index in order. It never waits for the lock that keeps repairers apart: a session that waits holds a snapshot,
// which CREATE INDEX CONCURRENTLY in the one that has the lock would wait for in turn.
func (p *Postgres) Repair(ctx context.Context, r Repair) error {
	d, err := p.learn(ctx, r.Schema)
	if err != nil {
		return err
	}
	work := &pgRepair{p: p, d: d, made: d.find(r.Drift.Index.ID), on: d.relation(r.Drift.Index.Table), tell: r.Progress}
	if work.tell == nil {
		work.tell = func(Progress) {}
	}
	for i := range d.indexes {
		if d.made[i] == work.made {
			work.want = d.indexes[i].Definition
		}
	}
	if work.conn, err = p.dial(ctx, repairer); err != nil {
		return fmt.Errorf("the guard can't reach the database: %w", err)
	}
	defer closeSoon(work.conn)
	if err := work.session(ctx); err != nil {
		return err
	}
	unlock, err := work.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	defer p.doubt()
	if r.Alive != nil {
		defer beat(ctx, r.Alive)()
	}
	switch {
	case r.Drift.Kind == Statistics, r.Drift.Kind == Unused:
		return work.analyze(ctx)
	case r.Drift.Index.Leftover:
		return work.dropLeftovers(ctx)
	case r.Drift.Index.Refers != "":
		if f := d.findForeign(r.Drift.Index.ID); f != nil {
			return work.refer(ctx, f)
		}
		return fmt.Errorf("the schema file declares no %s", r.Drift.Index.ID)
	case work.made == nil:
		return fmt.Errorf("the schema file declares no index %s", r.Drift.Index.ID)
	case r.Drift.Kind == Corrupt:
		return work.rebuild(ctx)
	}
	return work.bring(ctx)
}

// beat calls alive now and then until stop is called, which waits for the last call.
func beat(ctx context.Context, alive func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(watchPause / 2)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				limited, done := context.WithTimeout(context.WithoutCancel(ctx), recordTime) // to be cut off would cost the connection that looks
				alive(limited)
				done()
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	conn.Close(ctx)
}

// giveBack gives a session's locks back at once: when its connection ends the server does so too, but a moment later, and the next repair
// would find the last one in its way.
func giveBack(conn *pgx.Conn) {
	if conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock_all()") // where it fails, the connection's end does it
}

// session makes the settings of the connection. Behind PgBouncer in transaction mode they would be lost, or meet somebody else: there
// the role's own hold, and each short step sets its own.
func (w *pgRepair) session(ctx context.Context) error {
	if w.p.config.Pooled {
		return nil
	}
	_, err := w.conn.Exec(ctx, `SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', $1, false),
		set_config('idle_in_transaction_session_timeout', '0', false), set_config('search_path', $2, false)`,
		fmt.Sprint(w.p.config.BuildTime.Milliseconds()), pathText(w.p.config.SearchPath))
	return err
}

// lock keeps other repairers away, and migrations, which take theirs alone. The locks are the session's, so that they last until the
// server itself is done with a build whose process was killed. Behind PgBouncer in transaction mode a session is nobody's: they are
// a transaction's there, on a connection beside. It is asked by the simple protocol: the extended one's last portal would stay open, and
// with it a snapshot, which every build waits for.
func (w *pgRepair) lock(ctx context.Context) (unlock func(), err error) {
	conn, word := w.conn, ""
	unlock = func() { giveBack(w.conn) }
	if w.p.config.Pooled {
		if conn, err = w.p.dial(ctx, "pintail guard lock"); err != nil {
			return nil, fmt.Errorf("the guard can't reach the database: %w", err)
		}
		unlock = func() { closeSoon(conn) }
		if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
			unlock()
			return nil, err
		}
		if _, err := conn.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			unlock()
			return nil, err
		}
		word = "xact_"
	}
	for _, try := range []struct{ sql, key, who string }{
		{"SELECT pg_try_advisory_" + word + "lock($1::int8)", repairLock, "another process repairs"},
		{"SELECT pg_try_advisory_" + word + "lock_shared($1::int8)", migrate.LockKey, "`pintail schema apply` is at work"},
	} {
		var got bool
		err := conn.QueryRow(ctx, try.sql, pgx.QueryExecModeSimpleProtocol, try.key).Scan(&got)
		if err == nil && !got {
			err = &RetryError{Block: try.who, Err: errors.New("the lock is taken")}
		}
		if err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// bring looks what there is and does the next step, until the index is there as declared.
func (w *pgRepair) bring(ctx context.Context) error {
	for range stepsMax {
		state, err := w.look(ctx)
		if err != nil {
			return err
		}
		var step func(context.Context) error
		switch {
		case state.building:
			step = w.await
		case len(state.leftovers) > 0:
			step = func(ctx context.Context) error { return w.drop(ctx, state.leftovers) }
		case state.is == nil:
			step = w.create
		case !w.as(state.is) && state.is.Constraint != "" && !w.late(state.is):
			return fmt.Errorf("the constraint %s of %s is another one than the schema file declares: %s; it takes a person to drop it",
				w.made.Name, w.made.Table.Name, state.is.Definition)
		case !w.as(state.is):
			step = w.setAside
		case !state.is.whole():
			step = w.rebuild
		case w.made.Key != nil && state.is.Constraint == "":
			step = func(ctx context.Context) error { return w.adopt(ctx, state.asideKey) }
		case state.asideKey != "":
			step = func(ctx context.Context) error {
				return w.short(ctx, "ALTER TABLE "+w.table()+" DROP CONSTRAINT "+migrate.Quoted("", state.asideKey), w.table())
			}
		case state.aside != "":
			step = func(ctx context.Context) error { return w.drop(ctx, []string{state.aside}) }
		default:
			return nil
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return &RetryError{Err: fmt.Errorf("after %d steps it is still not as declared", stepsMax)}
}

// as says whether an index is as declared. One that is no key yet is made one later.
func (w *pgRepair) as(is *pgIndex) bool {
	return is.Unique == w.made.Unique && serves(is.Definition, w.want) && (is.Constraint == "" || is.Deferrable == w.deferrable())
}

func (w *pgRepair) deferrable() bool {
	return w.made.Key != nil && (w.made.Key.Deferrable || w.made.Key.Deferred)
}

// late says whether the only thing wrong with a key is that it is deferrable. Nothing can stand on that: neither a foreign key nor an upsert
// goes by such a one. It keeps the rows apart until another one is built, which then takes its place.
func (w *pgRepair) late(is *pgIndex) bool {
	return is.Unique == w.made.Unique && serves(is.Definition, w.want) && is.Deferrable && !w.deferrable()
}

// A pgState is what there is of an index.
type pgState struct {
	is        *pgIndex // of its name, on its table; nil where there is none
	aside     string   // quoted name of one that was set aside
	asideKey  string   // of the constraint that it carries; empty for none
	leftovers []string // quoted names of what failed REINDEXes of it left
	building  bool     // somebody builds or rebuilds an index of the table
}

// table is the table as definitions want it.
func (w *pgRepair) table() string { return migrate.Quoted(w.on.schema, w.on.name) }

func (w *pgRepair) quotedIndex() string { return migrate.Quoted(w.made.Schema, w.made.Name) }

// look reads what there is now.
func (w *pgRepair) look(ctx context.Context) (s pgState, err error) {
	err = within(ctx, w.conn, catalogLimit, func(tx pgx.Tx) error {
		all, err := readIndexes(ctx, tx, []string{w.on.schema})
		if err != nil {
			return err
		}
		for _, x := range all {
			switch {
			case x.Table != w.on.name:
			case x.Name == w.made.Name:
				s.is = x
			case x.Name == asideName(w.made.Name):
				s.aside, s.asideKey = migrate.Quoted(x.Schema, x.Name), x.Constraint
			case x.leftover() && leftoverOf(x.Name, w.made.Name):
				s.leftovers = append(s.leftovers, migrate.Quoted(x.Schema, x.Name))
			}
		}
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = to_regclass($1))`,
			w.table()).Scan(&s.building)
	})
	return s, err
}

// leftoverOf says whether a name is what REINDEX CONCURRENTLY makes of an index's: cut to 63 bytes (ChooseRelationName).
func leftoverOf(name, index string) bool {
	base := leftover.ReplaceAllString(name, "")
	return base != name && (base == index || len(name) >= 63 && strings.HasPrefix(index, base))
}

// asideName is what an index is called that has the name of a declared one, until that is built.
func asideName(name string) string {
	return strings.TrimSuffix(shorten(name, 63-len("_aside")), "…") + "_aside"
}

// create builds the index. Where it is unique, rows that stand in its way are looked for first: the build would read the whole table,
// fail, and leave an invalid index.
func (w *pgRepair) create(ctx context.Context) error {
	if err := w.unique(ctx); err != nil {
		return err
	}
	return w.build(ctx, w.made.Create("", true))
}

// rebuild builds anew what is there, in place: an index that is dead (a DROP INDEX CONCURRENTLY that was cut short), invalid (a failed
// build) or damaged.
func (w *pgRepair) rebuild(ctx context.Context) error {
	if err := w.unique(ctx); err != nil {
		return err
	}
	return w.build(ctx, "REINDEX INDEX CONCURRENTLY "+w.quotedIndex())
}

// unique looks for rows that a unique index would refuse.
func (w *pgRepair) unique(ctx context.Context) error {
	if !w.made.Unique || len(w.made.Columns) == 0 {
		return nil
	}
	w.tell(Progress{Phase: "checking for duplicates", Done: -1})
	var found []Duplicate
	err := within(ctx, w.conn, 0, func(tx pgx.Tx) (err error) {
		found, err = duplicates(ctx, tx, w.made, DuplicatesMax)
		return err
	})
	if err == nil && len(found) > 0 {
		err = &DuplicatesError{Found: found}
	}
	return err
}

// build runs a statement that builds CONCURRENTLY, and tells how far it is.
func (w *pgRepair) build(ctx context.Context, sql string) error {
	stop := w.watch(ctx)
	_, err := w.conn.Exec(ctx, sql)
	block := stop()
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return w.freshen(ctx)
	case !errors.As(err, &pg):
		return fmt.Errorf("build %s: %w", w.made.Name, err)
	case pg.Code == "23505": // entered since the look for duplicates, or nothing could be looked for
		return &DuplicatesError{Found: []Duplicate{{Key: shorten(strings.TrimSuffix(strings.TrimPrefix(pg.Detail, "Key "), " is duplicated."), 200), Rows: 2}}}
	case pg.Code == "55P03" || pg.Code == "40P01" || strings.HasPrefix(pg.Code, "53"):
		return &RetryError{Block: block, Err: err}
	case pg.Code == "0A000":
		return fmt.Errorf("%s is partitioned, and on the whole of such a table nothing is built CONCURRENTLY; it takes a person: CREATE INDEX … ON ONLY, one of each partition, "+
			"and ALTER INDEX … ATTACH PARTITION: %w", w.on.name, err)
	case pg.Code == "42501":
		return w.forbidden(err)
	case pg.Code == "57014" && w.p.config.Pooled:
		return fmt.Errorf("build %s: the role's own statement_timeout ended it, and behind PgBouncer in transaction mode the guard can't lift it "+
			"(ALTER ROLE … SET statement_timeout = 0 for the role that serves, which sets its own): %w", w.made.Name, err)
	}
	return fmt.Errorf("build %s: %w", w.made.Name, err)
}

// forbidden words that the role may not change the table's indexes.
func (w *pgRepair) forbidden(err error) error {
	return fmt.Errorf("the role that serves may not change the indexes and keys of %s; make it a member of the role that owns the table: %w", w.on.name, err)
}

// freshen gathers the statistics that an index over expressions has of its own.
func (w *pgRepair) freshen(ctx context.Context) error {
	if len(w.made.Columns) > 0 {
		return nil
	}
	return w.analyze(ctx)
}

// setAside renames an index, and the key that it carries, that has the declared one's name. It goes on being used until the declared one is there, and is then dropped.
func (w *pgRepair) setAside(ctx context.Context) error {
	return w.short(ctx, "ALTER INDEX "+w.quotedIndex()+" RENAME TO "+migrate.Quoted("", asideName(w.made.Name)), w.table())
}

// adopt makes the finished index its key's constraint, in the place of one that was set aside.
func (w *pgRepair) adopt(ctx context.Context, instead string) error {
	return w.short(ctx, w.made.Adopt(instead), w.table())
}

// short runs a statement that needs some tables' locks for a moment only. It doesn't wait long for them, since whoever comes after would wait
// behind it, but steps back and tries again.
func (w *pgRepair) short(ctx context.Context, sql string, tables ...string) error {
	pause := min(lockPause, w.p.config.LockTime)
	for try := 1; ; try++ {
		err := func() error {
			tx, err := w.conn.Begin(ctx)
			if err != nil {
				return err
			}
			defer rollback(ctx, tx)
			if _, err := tx.Exec(ctx, "SELECT set_config('lock_timeout', $1, true)", fmt.Sprint(w.p.config.LockTime.Milliseconds())); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
			return tx.Commit(ctx)
		}()
		switch sqlState(err) {
		case "55P03", "40P01":
		case "42501":
			return w.forbidden(err)
		default:
			return err
		}
		if try == lockTries {
			who := ""
			for _, t := range tables {
				who = cmp.Or(who, w.p.holder(ctx, t))
			}
			return &RetryError{Block: who, Err: err}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause *= 2
	}
}

// drop drops indexes without keeping anyone waiting.
func (w *pgRepair) drop(ctx context.Context, quoted []string) error {
	for _, name := range quoted {
		stop := w.watch(ctx)
		_, err := w.conn.Exec(ctx, "DROP INDEX CONCURRENTLY "+name)
		block := stop()
		switch sqlState(err) {
		case "42704": // somebody else was faster
			continue
		case "55P03", "40P01":
			return &RetryError{Block: block, Err: err}
		case "42501":
			return w.forbidden(err)
		}
		if err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return nil
}

// dropLeftovers drops what failed REINDEXes left on a table, unless one is under way.
func (w *pgRepair) dropLeftovers(ctx context.Context) error {
	var names []string
	building := false
	err := within(ctx, w.conn, catalogLimit, func(tx pgx.Tx) error {
		all, err := readIndexes(ctx, tx, []string{w.on.schema})
		for _, x := range all {
			if x.Table == w.on.name {
				building = building || x.Building
				if x.leftover() {
					names = append(names, migrate.Quoted(x.Schema, x.Name))
				}
			}
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case building:
		return &RetryError{Block: "an index of " + w.on.name + " is being built", Err: errors.New("what looks left over may be in use")}
	}
	slices.Sort(names)
	return w.drop(ctx, names)
}

// analyze gives the planner its statistics of a table back.
func (w *pgRepair) analyze(ctx context.Context) error {
	w.tell(Progress{Phase: "gathering statistics", Done: -1})
	if _, err := w.conn.Exec(ctx, "ANALYZE "+w.table()); err != nil {
		if sqlState(err) == "55P03" {
			return &RetryError{Block: w.p.holder(ctx, w.table()), Err: err}
		}
		return fmt.Errorf("gather statistics of %s: %w", w.on.name, err)
	}
	return nil
}

// await waits until nobody builds an index of the table any more.
func (w *pgRepair) await(ctx context.Context) error {
	stop := w.watch(ctx)
	defer stop()
	for {
		s, err := w.look(ctx)
		if err != nil || !s.building {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchPause):
		}
	}
}

// watch tells how far a build on the table is, by a connection of its own, until the function that it gives is called. That gives who was
// last in the way. What is being asked then is not cancelled, but waited for.
func (w *pgRepair) watch(ctx context.Context) (stop func() (block string)) {
	done := make(chan struct{})
	var block string
	var wg sync.WaitGroup
	wg.Go(func() {
		ctx := context.WithoutCancel(ctx)
		conn, err := w.p.dial(ctx, "pintail guard")
		if err != nil {
			return // the build goes on; it is only not told how far
		}
		defer closeSoon(conn)
		began := time.Now()
		for {
			if now, err := w.progress(ctx, conn, began); err == nil {
				if now.Block != "" {
					block = now.Block
				}
				w.tell(now)
			} else if conn.IsClosed() {
				return
			}
			select {
			case <-done:
				return
			case <-time.After(watchPause):
			}
		}
	})
	return func() string {
		close(done)
		wg.Wait()
		return block
	}
}

// progress asks how far it is.
func (w *pgRepair) progress(ctx context.Context, conn *pgx.Conn, began time.Time) (Progress, error) {
	ctx, cancel := context.WithTimeout(ctx, catalogLimit)
	defer cancel()
	return readProgress(ctx, conn, w.table(), began)
}
