package pintail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/schema"
)

// guarded stands a guard around an engine's store, which it closes where that fails. What it watches by is the engine's own; both are nil where the guard is off.
func guarded(c Config, s *schema.Schema, st store.Store, told func(context.Context, guard.Incident)) (store.Store, *guard.Guard, guard.Engine, error) {
	if guard.Mode(c.Guard) == guard.Off {
		return st, nil, nil, nil
	}
	config := guard.Config{Schema: s, Mode: guard.Mode(c.Guard), HoldBack: c.GuardHold, Told: told, Log: c.Log}
	lite, ok := st.(*sqlite.Store)
	if !ok {
		return guardedPostgres(c, s, st, config)
	}
	engine, err := guard.NewLite(guard.LiteConfig{Path: strings.TrimPrefix(c.Database, "sqlite:"), Store: lite})
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("the guard's own connections: %w", err), st.Close())
	}
	config.Engine = engine
	g, err := guard.New(config)
	if err != nil {
		return nil, nil, nil, errors.Join(err, engine.Close(), st.Close())
	}
	guard.WatchLite(lite, g, engine)
	return guard.Wrap(st, g), g, engine, nil
}

// guardedPostgres is guarded on PostgreSQL, where reads and writes take the same connections.
func guardedPostgres(c Config, s *schema.Schema, st store.Store, config guard.Config) (store.Store, *guard.Guard, guard.Engine, error) {
	engine, err := guard.NewPostgres(guard.PostgresConfig{
		DSN: c.Database, Pooled: c.TransactionPooling, Default: s.Default, SearchPath: append(slices.Clone(s.Exposed), s.SearchPath...), ConnsMax: c.ConnectionsMax,
	})
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("the guard's own connections: %w", err), st.Close())
	}
	config.Engine, config.WritesShare = engine, true
	g, err := guard.New(config)
	if err != nil {
		return nil, nil, nil, errors.Join(err, engine.Close(), st.Close())
	}
	return guard.Wrap(st, g), g, engine, nil
}

// RunGuard watches over the database until ctx ends: Run does it by itself, whoever puts Handler under a server of their own calls this
// beside it. Until it runs, the guard neither refuses nor repairs anything; after it, what is lost stays refused, and nothing is repaired.
func (a *App) RunGuard(ctx context.Context) error {
	if a.guard == nil {
		<-ctx.Done()
		return nil
	}
	if a.webhook == nil {
		return a.guard.Run(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.guard.Run(ctx) })
	group.Go(func() error { return a.webhook.Run(ctx) })
	return group.Wait()
}

// Guard is what the guard knows now.
func (a *App) Guard() guard.Status {
	if a.guard == nil {
		return guard.Status{Mode: guard.Off, Why: "guard: off"}
	}
	return a.guard.Status()
}

// tellGuard answers GET /guard.
func (a *App) tellGuard(w http.ResponseWriter, _ *http.Request) {
	text, err := json.MarshalIndent(a.Guard(), "", "  ")
	if err != nil {
		a.log.Error("the guard's status can't be written", "error", err)
		say(w, http.StatusInternalServerError, "the guard's status can't be written; the log says why\n")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	// The client may be gone; there is nobody else to tell.
	_, _ = w.Write(append(text, '\n'))
}
