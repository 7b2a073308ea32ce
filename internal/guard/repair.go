package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A work is an open incident as this process sees it.
type work struct {
	incident Incident
	progress Progress
	mine     bool // this process repairs it now

	// Of the last repair by this process, where it failed:
	failedOn string    // the catalog's Version after it; empty where none failed
	retryAt  time.Time // the soonest that another catalog makes it worth trying again
	forgiven int       // tries that don't count for the pause any more, since they met another catalog
}

// freed says whether the catalog has changed since a repair failed, so that what was in its way may be gone.
func (w *work) freed(version string) bool {
	return (w.incident.State == Waiting || w.incident.State == Blocked) && w.failedOn != "" && w.failedOn != version
}

// dueAt is when a work is to be repaired, as the catalog is now.
func (w *work) dueAt(version string) time.Time {
	if w.freed(version) && w.retryAt.Before(w.incident.NotBefore) {
		return w.retryAt
	}
	return w.incident.NotBefore
}

const (
	// retryFirst and retryMost bound the pause after a repair that failed, which doubles each time as long as the catalog stays the same.
	retryFirst = 2 * time.Second
	retryMost  = time.Minute

	// dropsWithin is the time in which DropsMax losses stop the repairs.
	dropsWithin = time.Hour

	// calmRead is how often the records of others are read while nothing is lost.
	calmRead = 5 * time.Second

	// incidentsRead is how many records of what has ended are looked at.
	incidentsRead = 50
)

// mend keeps the records and repairs, one thing after the other, until ctx ends.
func (g *Guard) mend(ctx context.Context) {
	failing := false
	for {
		if g.now.Load() != nil {
			g.mending.Lock()
			err := g.once(ctx, false)
			g.mending.Unlock()
			if err != nil && !failing && ctx.Err() == nil { // told once, not every second that a database is away
				g.config.Log.Warn("guard: the record of incidents can't be kept", "where", g.config.Engine.Records().Where(), "error", err)
			}
			failing = err != nil
		}
		select {
		case <-ctx.Done():
			g.payLast(ctx)
			return
		case <-time.After(g.pause()):
		case <-g.lossy:
		}
	}
}

// payLast writes down what this process refused and hasn't said yet.
func (g *Guard) payLast(ctx context.Context) {
	g.mending.Lock()
	defer g.mending.Unlock()
	if g.now.Load() == nil || !g.owes() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer cancel()
	if err := g.pay(ctx, g.config.Engine.Records(), true); err != nil {
		g.config.Log.Warn("guard: what was refused last can't be written down", "error", err)
	}
}

// pause is how long to wait until something may be due.
func (g *Guard) pause() time.Duration {
	pause, version := g.config.Every, ""
	if sit := g.now.Load(); sit != nil {
		version = sit.catalog.Version
	}
	g.workMu.Lock()
	defer g.workMu.Unlock()
	for _, w := range g.work {
		if left := time.Until(w.dueAt(version)); left > 0 {
			pause = min(pause, left+time.Millisecond)
		}
	}
	return pause
}

// RepairNow looks, and repairs what it finds at once, also what the loop has stopped repairing. It gives what is not in order after it.
func (g *Guard) RepairNow(ctx context.Context) ([]Drift, error) {
	g.mending.Lock()
	defer g.mending.Unlock()
	if err := g.look(ctx, true); err != nil {
		return nil, err
	}
	if err := g.read(ctx, g.config.Engine.Records(), g.now.Load()); err != nil { // which may tell of damage
		return nil, err
	}
	if err := g.look(ctx, true); err != nil {
		return nil, err
	}
	if err := g.once(ctx, true); err != nil {
		return nil, err
	}
	if err := g.look(ctx, true); err != nil {
		return nil, err
	}
	err := g.once(ctx, false)
	return slices.DeleteFunc(slices.Clone(g.now.Load().drift), func(d Drift) bool { return !d.Kind.lost() && d.Kind != TableGone }), err
}

// once brings the records up to date with what is there, and repairs what is due.
func (g *Guard) once(ctx context.Context, now bool) error {
	records := g.config.Engine.Records()
	sit := g.now.Load()
	if sit == nil || !g.acts() && !now {
		return nil
	}
	if !sit.amiss() && !g.working() && !g.owes() {
		if time.Since(g.readAt) < calmRead {
			return nil
		}
		return g.read(ctx, records, sit)
	}
	var errs []error
	before := g.before(ctx, records)
	for i := range sit.drift {
		if d := &sit.drift[i]; d.Kind.lost() && !sit.catalog.Busy {
			errs = append(errs, g.open(ctx, records, d, before))
		}
	}
	for _, d := range g.due(sit, now) {
		errs = append(errs, g.repair(ctx, records, d))
	}
	errs = append(errs, g.read(ctx, records, g.now.Load()))
	return errors.Join(errs...)
}

func (g *Guard) working() bool {
	g.workMu.Lock()
	defer g.workMu.Unlock()
	return len(g.work) > 0
}

// before gives all records, read once where somebody wants them. Losses of one index are counted among the many of others.
func (g *Guard) before(ctx context.Context, records Records) func() []Incident {
	return sync.OnceValue(func() []Incident {
		list, err := records.List(ctx, recordsMax)
		if err != nil {
			g.config.Log.Warn("guard: earlier incidents can't be read", "where", records.Where(), "error", err)
		}
		return list
	})
}

// open makes the record of a loss, or takes note of the one that another process made.
func (g *Guard) open(ctx context.Context, records Records, d *Drift, before func() []Incident) error {
	g.workMu.Lock()
	w := g.work[d.Index.ID]
	g.workMu.Unlock()
	if w != nil {
		return nil
	}
	now := time.Now()
	i := Incident{
		ID: now.UTC().Format("20060102T150405.000") + fmt.Sprintf("-%04x", rand.IntN(1<<16)), Subject: d.Index.ID, Kind: d.Kind, Table: d.Index.Table.String(), Name: d.Index.Name,
		Unique: d.Index.Unique, What: d.Details, State: Open, Began: g.now.Load().since, Noticed: g.config.Name, Who: cmp.Or(g.config.Engine.Who(ctx, *d), "unknown"),
	}
	i.Drops = 1
	for _, b := range before() {
		if b.Subject == i.Subject && b.Ended.After(now.Add(-dropsWithin)) && now.Sub(b.Began) < dropsWithin {
			i.Drops++
		}
	}
	switch {
	case !d.Rebuilds:
	case i.Drops >= DropsMax:
		i.State = Stopped
	case g.config.HoldBack > 0:
		i.State, i.NotBefore, i.Why = Held, now.Add(g.config.HoldBack), fmt.Sprintf("the rebuild is held back for %s on request", g.config.HoldBack)
	}
	kept, err := records.Open(ctx, i)
	if err != nil { // it is repaired all the same
		kept = i
	}
	if kept.State.Ended() { // another process was faster from beginning to end; what is lost at the next look was lost again
		g.afresh.Store(true)
		g.dirty.Store(true)
		g.wake()
		return nil
	}
	g.workMu.Lock()
	g.work[d.Index.ID] = &work{incident: kept}
	g.workMu.Unlock()
	g.damageMu.Lock()
	if x := g.damage[d.Index.ID]; x != nil && err == nil {
		x.recorded = true
	}
	g.damageMu.Unlock()
	if kept.ID == i.ID {
		g.config.Log.Error("guard: incident "+i.ID+" begins", "what", i.What, "who", i.Who, "state", string(i.State), "losses_in_an_hour", i.Drops)
		if i.State == Stopped {
			g.config.Log.Error("guard: "+i.Name+" was lost "+fmt.Sprint(i.Drops)+" times within an hour; it is not repaired any more, since somebody drops it again and again. Find out who, then run `pintail guard repair`", "table", i.Table)
		}
		if g.config.Told != nil {
			g.config.Told(ctx, i)
		}
	}
	return err
}

// due gives what is to be repaired now: unique indexes first, then foreign keys, then what holds the most requests back.
func (g *Guard) due(sit *situation, now bool) []*Drift {
	if sit.catalog.Busy && !now {
		return nil
	}
	held := map[string]int64{}
	for _, s := range g.shedShapes(sit) {
		held[s.Index] += s.Refused
	}
	var out []*Drift
	g.workMu.Lock()
	defer g.workMu.Unlock()
	for i := range sit.drift {
		d := &sit.drift[i]
		w := g.work[d.Index.ID]
		if !d.Kind.lost() || !d.Rebuilds || w == nil {
			continue
		}
		if now || w.incident.State != Stopped && !g.others(&w.incident) && !w.dueAt(sit.catalog.Version).After(time.Now()) {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b *Drift) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(held[b.Index.ID], held[a.Index.ID]))
	})
	return out
}

// urgency orders repairs: unique indexes let rows in that don't belong there, and foreign keys stand on them.
func urgency(d *Drift) int {
	switch {
	case d.Index.Unique:
		return 0
	case d.Index.Refers != "":
		return 1
	}
	return 2
}

// others says whether an incident is another process's to repair: of whoever noticed it first, or repairs it, as long as that one is
// heard of. What it wrote at a moment that is yet to come, by a clock that is wrong or was set back since, isn't believed.
func (g *Guard) others(i *Incident) bool {
	heard := i.Touched
	if i.NotBefore.After(heard) {
		heard = i.NotBefore
	}
	return cmp.Or(i.Repairer, i.Noticed) != g.config.Name && time.Since(heard) < g.config.TakeOver && time.Until(i.Touched) < g.config.TakeOver
}

// repair repairs one thing.
func (g *Guard) repair(ctx context.Context, records Records, d *Drift) error {
	g.workMu.Lock()
	w := g.work[d.Index.ID]
	was, version := w.incident, g.now.Load().catalog.Version
	if w.freed(version) {
		w.forgiven = w.incident.Tries
	}
	w.mine, w.failedOn = true, ""
	w.incident.State, w.incident.Repairer, w.incident.NotBefore, w.incident.Why = Repairing, g.config.Name, time.Time{}, ""
	w.incident.Tries++
	w.progress = Progress{Phase: "waiting for its turn", Done: -1}
	i := w.incident
	g.workMu.Unlock()
	defer func() {
		g.workMu.Lock()
		w.mine = false
		g.workMu.Unlock()
	}()
	saved := g.save(ctx, records, w, i)
	if saved != nil && cmp.Or(was.Repairer, was.Noticed) != g.config.Name { // it isn't gone: it builds, with the lock that a record needs
		g.workMu.Lock()
		w.incident = was
		g.workMu.Unlock()
		return nil
	}
	g.config.Log.Info("guard: repairing "+i.Name, "table", i.Table, "incident", i.ID, "try", i.Tries)
	began := time.Now()
	err := g.config.Engine.Repair(ctx, Repair{Drift: *d, Schema: g.schema.Load(), Alive: g.alive(records, w), Progress: func(p Progress) {
		g.workMu.Lock()
		w.progress = p
		g.workMu.Unlock()
	}})
	took := time.Since(began)
	if err != nil {
		if ctx.Err() != nil {
			return saved
		}
		saved = errors.Join(saved, g.postpone(ctx, records, w, err))
		g.remember(ctx, w, version, took)
		return saved
	}
	return errors.Join(saved, g.verify(ctx, records, w, d, took))
}

// verify closes the incident of what was built in some time, where it is in order and what stands on it uses it.
func (g *Guard) verify(ctx context.Context, records Records, w *work, d *Drift, took time.Duration) error {
	g.damageMu.Lock()
	delete(g.damage, d.Index.ID)
	g.damageMu.Unlock()
	if d.Kind == Unused {
		g.looking.Lock()
		g.unused[d.Index.ID]++
		g.looking.Unlock()
	}
	if err := g.look(ctx, true); err != nil {
		return g.postpone(ctx, records, w, err)
	}
	if slices.ContainsFunc(g.now.Load().drift, func(x Drift) bool { return x.Kind.lost() && x.Index.ID == d.Index.ID }) {
		return g.postpone(ctx, records, w, errors.New("it was repaired, but isn't in order"))
	}
	g.repaired.Add(1)
	i := g.current(w)
	i.BuildTime = took
	return g.close(ctx, records, w, i, Repaired)
}

// alive gives what writes an incident down anew, so that others hear of whoever repairs it, when they would soon take it for gone.
func (g *Guard) alive(records Records, w *work) func(context.Context) {
	last := time.Now()
	return func(ctx context.Context) {
		if time.Since(last) < g.config.TakeOver/3 {
			return
		}
		last = time.Now()
		_ = g.save(ctx, records, w, g.current(w)) // where it fails, another process may try too, and finds the repair's own lock taken
	}
}

// remember notes on which catalog a repair failed. What the repair itself left there, such as an invalid index, frees nothing: not this
// one and not those that failed before it.
func (g *Guard) remember(ctx context.Context, w *work, before string, took time.Duration) {
	if g.look(ctx, false) != nil { // without knowing, the pause holds
		before = ""
	}
	after := g.now.Load().catalog.Version
	g.workMu.Lock()
	defer g.workMu.Unlock()
	for _, x := range g.work {
		if x.failedOn == before && before != "" {
			x.failedOn = after
		}
	}
	w.failedOn, w.retryAt = after, time.Now().Add(max(retryFirst, took)) // a database in which something changes all the time isn't kept busy
}

// current is a work's incident as it is now.
func (g *Guard) current(w *work) Incident {
	g.workMu.Lock()
	defer g.workMu.Unlock()
	return w.incident
}

// save writes an incident down.
func (g *Guard) save(ctx context.Context, records Records, w *work, i Incident) error {
	i.Touched = time.Now()
	g.workMu.Lock()
	w.incident = i
	g.workMu.Unlock()
	return records.Save(ctx, i)
}

// postpone notes a repair that failed, and when it is tried again.
func (g *Guard) postpone(ctx context.Context, records Records, w *work, err error) error {
	g.failures.Add(1)
	i := g.current(w)
	i.State, i.LastError = Waiting, err.Error()
	g.workMu.Lock()
	tries := i.Tries - w.forgiven
	g.workMu.Unlock()
	pause := min(retryFirst<<min(max(tries-1, 0), 10), retryMost)
	var doubled *DuplicatesError
	var orphaned *OrphansError
	var retry *RetryError
	takesPerson := false
	switch {
	case errors.As(err, &doubled):
		takesPerson = len(i.Duplicates) == 0 // told once
		i.State, i.Duplicates, pause = Blocked, doubled.Found[:min(len(doubled.Found), DuplicatesMax)], 10*time.Second
		g.config.Log.Error("guard: "+i.Name+" can't be built: rows with the same key got in while it was away. They are listed by `pintail guard`; decide which are right and delete the others",
			"table", i.Table, "keys", len(i.Duplicates), "first", i.Duplicates[0].Key)
	case errors.As(err, &orphaned):
		takesPerson = len(i.Orphans) == 0
		i.State, i.Orphans, pause = Blocked, orphaned.Found[:min(len(orphaned.Found), DuplicatesMax)], retryMost
		g.config.Log.Error("guard: "+i.Name+" is there again, but rows that got in while it was away refer to nothing. They are listed by `pintail guard`; decide which are right, and change or delete the others",
			"table", i.Table, "keys", len(i.Orphans), "first", i.Orphans[0].Key)
	case errors.As(err, &retry):
		pause = min(pause, 5*time.Second)
		g.config.Log.Warn("guard: the repair of "+i.Name+" has to wait", "why", err, "again_in", pause)
	default:
		g.config.Log.Error("guard: the repair of "+i.Name+" failed", "error", err, "again_in", pause)
	}
	i.NotBefore = time.Now().Add(pause*3/4 + rand.N(pause/2)) // several processes don't come back all at once
	saved := g.save(ctx, records, w, i)
	if takesPerson && g.config.Told != nil {
		g.config.Told(ctx, i)
	}
	return saved
}

// close ends an incident.
func (g *Guard) close(ctx context.Context, records Records, w *work, i Incident, state State) error {
	v, _ := g.counts.LoadOrStore(i.Subject, &refusals{})
	r := v.(*refusals)
	n, shapes := r.take()
	if kept, err := records.Add(ctx, i.ID, n, shapes); err != nil {
		r.giveBack(n, shapes)
	} else if kept.ID == i.ID { // before anybody is told of it
		i.Shed, i.Shapes = kept.Shed, kept.Shapes
	}
	i.State, i.Ended, i.NotBefore, i.Why, i.LastError = state, time.Now(), time.Time{}, "", ""
	err := g.save(ctx, records, w, i)
	g.workMu.Lock()
	delete(g.work, i.Subject)
	g.workMu.Unlock()
	how := "in order again, and not by this guard"
	if state == Repaired {
		how = "repaired and verified"
	}
	g.config.Log.Info("guard: incident "+i.ID+" is over: "+i.Name+" is "+how, "table", i.Table, "lasted", i.Lasted().Round(time.Millisecond), "build", i.BuildTime.Round(time.Millisecond),
		"refused", i.Shed, "who", i.Who)
	if g.config.Told != nil {
		g.config.Told(ctx, i)
	}
	return err
}

// read reads the records that other processes keep, and closes those of what is in order again.
func (g *Guard) read(ctx context.Context, records Records, sit *situation) error {
	list, err := records.List(ctx, incidentsRead)
	if err != nil {
		return err
	}
	g.readAt = time.Now()
	g.workMu.Lock()
	g.incidents = list
	var over []*work
	lost := func(subject string) bool {
		return slices.ContainsFunc(sit.drift, func(d Drift) bool { return d.Kind.lost() && d.Index.ID == subject })
	}
	open := map[string]*Incident{}
	for _, i := range list {
		if i.State.Ended() {
			continue
		}
		open[i.Subject] = &i
		w := g.work[i.Subject]
		switch {
		case w == nil && lost(i.Subject):
			g.work[i.Subject] = &work{incident: i}
		case w == nil:
			w = &work{incident: i}
			g.work[i.Subject] = w
			fallthrough
		default:
			if !w.mine {
				if i.NotBefore.Equal(w.incident.NotBefore) {
					i.NotBefore = w.incident.NotBefore // this process's own clock doesn't go back
				}
				w.incident = i
			} else {
				w.incident.Shed, w.incident.Shapes = i.Shed, i.Shapes
			}
			there := slices.ContainsFunc(sit.catalog.Indexes, func(x Index) bool { return x.ID == i.Subject })
			told := i.Kind == Corrupt && there // of damage one only hears
			if !lost(i.Subject) && !w.mine && !told && !(i.State == Repairing && g.others(&i)) {
				over = append(over, w)
			}
		}
	}
	for subject, w := range g.work { // closed by another process, or kept nowhere
		if open[subject] == nil && !w.mine && !lost(subject) {
			delete(g.work, subject)
		}
	}
	g.workMu.Unlock()
	errs := []error{g.pay(ctx, records, false)}
	g.adopt(open)
	for _, w := range over {
		state := Gone
		if i := g.current(w); i.State == Repairing && i.Tries > 0 { // whoever built it didn't come to say so
			state = Repaired
		}
		errs = append(errs, g.close(ctx, records, w, g.current(w), state))
	}
	return errors.Join(errs...)
}

// Waits says whether this database is repaired now, so that its lock is worth waiting for.
func (g *Guard) Waits() bool {
	g.workMu.Lock()
	defer g.workMu.Unlock()
	for _, w := range g.work {
		if w.incident.State == Repairing {
			return true
		}
	}
	return false
}
