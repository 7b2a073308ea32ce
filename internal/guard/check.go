package guard

import (
	"context"
	"errors"
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

// A damaged index.
type damaged struct {
	what     string // in the engine's own words
	recorded bool   // there is an incident of it, by which other processes know, or which told this one
}

// Record writes down what an integrity check of this process found, so that a running server stops using it.
func (g *Guard) Record(ctx context.Context) error {
	g.mending.Lock()
	defer g.mending.Unlock()
	sit := g.now.Load()
	if sit == nil {
		return nil
	}
	var errs []error
	records := g.config.Engine.Records()
	before := g.before(ctx, records)
	for i := range sit.drift {
		if d := &sit.drift[i]; d.Kind == Corrupt {
			errs = append(errs, g.open(ctx, records, d, before))
		}
	}
	return errors.Join(errs...)
}

// adopt takes over what other processes know of damage, from their records, and forgets what one of them has repaired.
func (g *Guard) adopt(open map[string]*Incident) {
	g.damageMu.Lock()
	defer g.damageMu.Unlock()
	changed := false
	for subject, i := range open {
		if i.Kind == Corrupt && g.damage[subject] == nil {
			g.damage[subject] = &damaged{what: i.What, recorded: true}
			changed = true
		}
	}
	for subject, d := range g.damage {
		if d.recorded && open[subject] == nil {
			delete(g.damage, subject)
			changed = true
		}
	}
	if changed {
		g.dirty.Store(true)
		g.wake()
	}
}

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
	cured := false
	for id, d := range g.damage {
		if c.Error == "" && ctx.Err() == nil && o.Full && len(o.Tables) == 0 && found[id] == "" && !d.recorded { // what is on record is for its repair to end
			delete(g.damage, id)
			cured = true
		}
	}
	for id, what := range found {
		if g.damage[id] == nil {
			g.damage[id] = &damaged{what: what}
		}
	}
	g.damageMu.Unlock()
	if len(found) > 0 || cured {
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
