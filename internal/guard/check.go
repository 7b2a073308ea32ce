package guard

import (
	"context"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

const (
	// checkEvery is how often the quick integrity check runs by itself.
	checkEvery = time.Hour

	// suspectPause is the least time between two checks that errors of statements bring about.
	suspectPause = time.Minute

	// damageMax bounds what is told of one check.
	damageMax = 100
)

// inspect checks the database's integrity: quickly every hour, and wholly when a statement's error tells of damage.
func (g *Guard) inspect(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	var last time.Time
	for {
		o := CheckOptions{}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.suspects:
			if time.Since(last) < suspectPause {
				continue
			}
			o.Full = true
			g.config.Log.Error("guard: a statement met damage in the database; every table and index is checked now")
		}
		last = time.Now()
		g.Check(ctx, o)
	}
}

// suspect asks for a full check soon.
func (g *Guard) suspect() {
	select {
	case g.suspects <- struct{}{}:
	default:
	}
}

// Check checks the database's integrity. A damaged index is shed and rebuilt like a lost one; a damaged table is told of.
func (g *Guard) Check(ctx context.Context, o CheckOptions) Checked {
	s := g.schema.Load()
	c := Checked{Began: time.Now(), Full: o.Full, Tables: len(o.Tables)}
	if c.Tables == 0 {
		c.Tables = plainTables(s)
	}
	found := map[string]string{}
	err := g.config.Engine.Check(ctx, s, o, func(d Damage) {
		if len(c.Found) < damageMax {
			c.Found = append(c.Found, d)
		}
		if d.Index == "" {
			g.config.Log.Error("guard: a table is damaged; stop writing to it and restore a backup", "table", d.Table.String(), "what", d.What, "check", d.Checks)
			return
		}
		g.config.Log.Error("guard: an index is damaged", "index", d.Index, "table", d.Table.String(), "what", d.What, "check", d.Checks)
		if found[d.Index] == "" {
			found[d.Index] = d.What
		}
	})
	if err != nil && ctx.Err() == nil {
		c.Error = err.Error()
		g.config.Log.Warn("guard: the integrity check didn't get to its end", "error", err)
	}
	c.Took = time.Since(c.Began)
	g.damageMu.Lock()
	g.checked = &c
	for id, what := range found {
		g.damage[id] = what
	}
	g.damageMu.Unlock()
	if len(found) > 0 {
		g.dirty.Store(true)
		g.wake()
	}
	return c
}

func plainTables(s *schema.Schema) (n int) {
	for _, t := range s.Tables {
		if t.View == nil {
			n++
		}
	}
	return n
}
