package guard

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// watchPause lies between two looks at how far a build is.
const watchPause = 500 * time.Millisecond

// progressSQL tells how far the build of an index on a table is, and who is in its way: whom it waits for by its own account, or whoever
// holds the lock that it wants.
const progressSQL = `SELECT coalesce(p.phase, ''), coalesce(p.blocks_done, 0), coalesce(p.blocks_total, 0), coalesce(p.tuples_done, 0),
		coalesce(p.tuples_total, 0), coalesce(nullif(p.current_locker_pid, 0), (pg_blocking_pids(a.pid))[1], -1)
	FROM pg_stat_activity AS a LEFT JOIN pg_stat_progress_create_index AS p ON p.pid = a.pid AND p.relid = to_regclass($1)
	WHERE a.datname = current_database() AND a.state = 'active' AND a.pid <> pg_backend_pid() AND (p.pid IS NOT NULL OR a.application_name = $2)
	ORDER BY p.pid IS NULL LIMIT 1`

// readProgress gives an empty phase where nobody builds.
func readProgress(ctx context.Context, conn *pgx.Conn, table string, began time.Time) (out Progress, err error) {
	var phase string
	var blocks, blocksAll, tuples, tuplesAll int64
	var blocker int32
	err = within(ctx, conn, catalogLimit, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, progressSQL, table, repairer).Scan(&phase, &blocks, &blocksAll, &tuples, &tuplesAll, &blocker)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil && blocker >= 0 {
			out.Block, err = describe(ctx, tx, blocker)
		}
		return err
	})
	out.Phase, out.Done = "building", done(phase, part(blocks, blocksAll), part(tuples, tuplesAll))
	switch {
	case out.Block != "":
		out.Phase = "waiting for transactions that began before"
	case strings.HasPrefix(phase, "building index: "):
		out.Phase = "building: " + strings.TrimPrefix(phase, "building index: ")
	case phase != "":
		out.Phase = phase
	}
	if took := time.Since(began); out.Done > 0.05 && out.Done < 1 {
		out.Left = time.Duration(float64(took) * (1 - out.Done) / out.Done).Round(time.Second)
	}
	return out, err
}

func part(done, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return min(1, float64(done)/float64(all))
}

// done puts the phases of a concurrent build (progress-reporting.html) one after the other: half of it reads and sorts the table, the rest
// loads the index, and validates it against what was written meanwhile. Negative where nothing is known.
func done(phase string, blocks, tuples float64) float64 {
	switch phase {
	case "initializing", "waiting for writers before build":
		return 0
	case "building index: scanning table", "building index":
		return 0.5 * blocks
	case "building index: sorting live tuples":
		return 0.5
	case "building index: loading tuples in tree":
		return 0.5 + 0.2*tuples
	case "waiting for writers before validation":
		return 0.7
	case "index validation: scanning index":
		return 0.7 + 0.1*blocks
	case "index validation: sorting tuples":
		return 0.8
	case "index validation: scanning table":
		return 0.8 + 0.2*blocks
	case "waiting for old snapshots", "waiting for readers before marking dead", "waiting for readers before dropping":
		return 0.99
	}
	return -1
}

// describe says who a session is, in words, without what it asked: that may hold people's data.
func describe(ctx context.Context, tx pgx.Tx, pid int32) (string, error) {
	if pid == 0 { // pg_blocking_pids' word for a prepared transaction
		var gid string
		err := tx.QueryRow(ctx, `SELECT gid FROM pg_prepared_xacts ORDER BY prepared LIMIT 1`).Scan(&gid)
		return "a prepared transaction, " + clean(gid, 100) + ": COMMIT PREPARED or ROLLBACK PREPARED ends it", err
	}
	var user, application, state string
	var client *netip.Addr
	var since *time.Time
	err := tx.QueryRow(ctx, `SELECT coalesce(usename::text, ''), coalesce(application_name, ''), coalesce(state, ''), client_addr, xact_start
		FROM pg_stat_activity WHERE pid = $1`, pid).Scan(&user, &application, &state, &client, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	words := []string{fmt.Sprintf("pid %d", pid)}
	if user != "" {
		words = append(words, clean(user, 63))
	}
	if application != "" {
		words = append(words, clean(application, 63))
	}
	if client != nil {
		words = append(words, "from "+client.String())
	}
	if state != "" {
		words = append(words, state)
	}
	if since != nil {
		words = append(words, "in a transaction since "+since.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	return strings.Join(words, ", "), err
}

// holder says who has a lock on a table; empty where nobody does any more.
func (p *Postgres) holder(ctx context.Context, table string) (who string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// An answer that fails only leaves out who it was.
	_ = p.look(ctx, catalogLimit, func(tx pgx.Tx) error {
		var pid int32
		err := tx.QueryRow(ctx, `SELECT coalesce(l.pid, 0) FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
			WHERE l.locktype = 'relation' AND l.relation = to_regclass($1) AND l.granted AND coalesce(a.application_name, '') NOT LIKE 'pintail guard%'
				AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			ORDER BY a.xact_start NULLS FIRST LIMIT 1`, table).Scan(&pid)
		if err == nil {
			who, err = describe(ctx, tx, pid)
		}
		return err
	})
	return who
}

// clean makes a text of the database's fit for a line: control characters become spaces, and it is cut after max bytes.
func clean(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return shorten(strings.Join(strings.Fields(s), " "), max)
}
