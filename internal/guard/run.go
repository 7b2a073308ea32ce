package guard

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run watches until ctx ends. It gives no error of the database's: these are logged, and looked at again. What is refused then stays refused:
// requests that are still answered while the program stops rely on the index no less.
func (g *Guard) Run(ctx context.Context) error {
	g.ran.Store(true)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { g.watch(ctx); return nil })
	group.Go(func() error { g.weigh(ctx); return nil })
	group.Go(func() error { g.mend(ctx); return nil })
	group.Go(func() error { g.inspect(ctx); return nil })
	return group.Wait()
}

// watch looks every second.
func (g *Guard) watch(ctx context.Context) {
	tick := time.NewTicker(g.config.Every)
	defer tick.Stop()
	failing := false
	for {
		g.seconds.Store(g.since(time.Now()))
		err := g.look(ctx, false)
		if err != nil && !failing && ctx.Err() == nil {
			g.config.Log.Warn("guard: the catalog can't be read; nothing is noticed until it can", "error", err)
		}
		if err == nil && failing {
			g.config.Log.Info("guard: the catalog can be read again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.woken:
		}
	}
}

// weigh makes contracts while all is well, and judges the shapes in use while it isn't. It does so beside watch, which must not wait for
// EXPLAINs.
func (g *Guard) weigh(ctx context.Context) {
	tick := time.NewTicker(g.config.Every)
	defer tick.Stop()
	for {
		g.judgeAll(ctx)
		g.renew(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.changed:
		}
	}
}

// judgeAll judges every shape that was in use within the hour, so that what runs is cancelled and people see what is refused.
func (g *Guard) judgeAll(ctx context.Context) {
	sit := g.now.Load()
	if sit == nil || !g.acts() || !sit.loses() {
		return
	}
	since := g.since(time.Now().Add(-time.Hour))
	g.entries.Range(func(_, v any) bool {
		e := v.(*entry)
		if p := e.plan.Load(); p != nil && e.used.Load() >= since {
			g.judged(ctx, sit, e, p, nil)
		}
		return ctx.Err() == nil && g.now.Load() == sit
	})
}
